"""The events of a NetLog in any layout: a line each, all in one line, or indented; cut off, with CRLF, with other keys around.

Chrome writes an event a line. Other tools copy a log in one line, or indented. Here the text is split where one event ends and
the next one begins, whatever is between them, and only events of wanted types are decoded. That is fast, and does not need the
whole file in memory.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator
from contextlib import suppress
from math import isfinite
from typing import Any

import msgspec

from lab.browser.logs.netlog import FORMAT_VERSION
from lab.probe.explain.source import Source
from lab.text import clean, one_line

SPLIT = re.compile(rb'\}\s*,\s*\{(?=\s*"(?:params|phase|source|time|type)"\s*:)')
"""Between two events."""

FIRST = re.compile(rb'"(?:events|logEvents)"\s*:\s*\[\s*\{')
"""Before the first event."""

CONSTANTS = re.compile(rb'"constants"\s*:\s*(?=\{)')
MOST_CONSTANTS = 32 << 20
"""More bytes than any log's constants have; without a bound, a foreign file would fill the memory."""

LONGEST = 8 << 20
"""The longest event in bytes. With raw bytes in the log, one may have a megabyte."""

TEXT = json.JSONDecoder(strict=False)


class Key(msgspec.Struct, frozen=True):
    """The parts of a stream key that separate pools."""

    destination: str = ""
    network_anonymization_key: str = ""
    privacy_mode: str = ""


class Dependency(msgspec.Struct, frozen=True):
    """Another source that an event names."""

    id: int


class Params(msgspec.Struct, frozen=True):
    """The parameters of all events that are read."""

    url: str = ""
    is_preconnect: bool = False
    source_dependency: Dependency | None = None
    group_id: str = ""
    headers: list[str] | dict[str, Any] = []
    proto: str = ""
    negotiated_protocol: str = ""
    net_error: int = 0
    max_concurrent_streams: int | None = None
    stream_id: int = -1
    fin: bool = False
    request_type: str = ""
    load_state: int | None = None
    can_attempt: int = -1
    stream_key: Key | None = None


class Origin(msgspec.Struct, frozen=True):
    """The source of an event."""

    id: int


class Event(msgspec.Struct, frozen=True):
    """One event. `time` is in ms."""

    type: int
    time: float
    source: Origin
    phase: int = 0
    params: Params | None = None


class Times(msgspec.Struct, frozen=True):
    """Of an event, only what the length of a log needs."""

    time: float
    source: Origin


EVENT, TIMES = msgspec.json.Decoder(Event, strict=False), msgspec.json.Decoder(Times, strict=False)


class Constants(msgspec.Struct, frozen=True):
    """What a log says of its own numbers. Each log has its own: they change with the browser's version."""

    types: dict[str, int]
    phases: dict[str, int]
    load_states: dict[str, int]
    browser: str
    offset_ms: float | None
    """Added to an event's time, it gives milliseconds since 1970."""


def constants(source: Source) -> Constants | None:
    """The constants of a NetLog, wherever they stand; None if there are none. Raises UsageError if they can't be used."""
    text = b""
    for piece in source.pieces():
        text += piece
        if found := CONSTANTS.search(text):
            try:
                return known(source, TEXT.raw_decode(text[found.end() :].decode("utf-8", "replace"))[0])
            except json.JSONDecodeError:  # Not all is there yet.
                if len(text) > MOST_CONSTANTS:
                    return None
            except (msgspec.ValidationError, RecursionError, ValueError) as error:
                raise source.unusable("is a NetLog whose constants are damaged") from error
        else:
            text = text[-64:]
    if CONSTANTS.search(text):
        raise source.unusable("is a NetLog that was cut off before its first event")
    return None


def known(source: Source, found: dict[str, Any]) -> Constants | None:
    """Constants from their JSON; None if it is no NetLog's."""
    types, client = found.get("logEventTypes"), found.get("clientInfo")
    version = found.get("logFormatVersion", FORMAT_VERSION)
    if not isinstance(types, dict):
        return None
    if version != FORMAT_VERSION:
        raise source.unusable(
            f"is a NetLog of format {one_line(str(version))[:40]}, and only format {FORMAT_VERSION} is known here"
        )
    client = client if isinstance(client, dict) else {}
    return msgspec.convert(
        {
            "types": types,
            "phases": found.get("logEventPhase", {"PHASE_BEGIN": 1, "PHASE_END": 2, "PHASE_NONE": 0}),
            "load_states": found.get("loadState", {}),
            "browser": clean(f"{client.get('name', '')} {client.get('version', '')}".strip()),
            "offset_ms": found.get("timeTickOffset"),
        },
        Constants,
        strict=False,
    )


class Events:
    """The wanted events of a log. After a reading: `unreadable` events, the moments of the `first` and the `last` event, and
    whether the log was `closed`. Where the last event can't be read, the latest wanted one stands for it."""

    def __init__(self, source: Source, wanted: Collection[int], also: bytes = b"") -> None:
        """`wanted`: numbers of types. `also`: a pattern that makes other events wanted."""
        numbers = b"|".join(str(number).encode() for number in sorted(wanted, key=str, reverse=True))
        self._wanted = re.compile(rb'"type"\s*:\s*(?:' + numbers + rb")\b(?!\s*\})" + (rb"|" + also if also else b"")).search
        self._source = source
        self.unreadable = 0
        self.first: float | None = None
        self.last: float | None = None
        self._latest: float | None = None
        self.closed = False

    def __iter__(self) -> Iterator[Event]:
        last = b""
        for last in self._texts():
            if self.first is None:
                self.first = self._moment(last)
            if self._wanted(last) and (event := self._event(last)) is not None:
                self._latest = max(event.time, event.time if self._latest is None else self._latest)
                yield event
        self.last = max((at for at in (self._moment(last), self._latest) if at is not None), default=None)

    def _texts(self) -> Iterator[bytes]:
        """Each event's text, without the braces around it."""
        rest, begun = b"", False
        for piece in self._source.pieces():
            *whole, rest = SPLIT.split(rest + piece)
            for text in whole:
                if begun:
                    yield text
                elif found := FIRST.search(text):
                    begun = True
                    yield text[found.end() :]
            if len(rest) > LONGEST:
                self.unreadable += begun
                rest = rest[-LONGEST // 8 :]
        if not begun:
            found = FIRST.search(rest)
            rest = rest[found.end() :] if found else b""
        text, self.closed = before_end(rest)
        if text is not None:
            yield text

    def _event(self, text: bytes) -> Event | None:
        with suppress(msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            event = EVENT.decode(b"{" + text + b"}")
            if isfinite(event.time):
                return event
        self.unreadable += b'"source"' in text
        return None

    def _moment(self, text: bytes) -> float | None:
        with suppress(msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            time = TIMES.decode(b"{" + text + b"}").time
            return time if isfinite(time) else None
        return None


def before_end(text: bytes) -> tuple[bytes | None, bool]:
    """The last event without what follows it, and whether the list of events was closed after it. None: it was cut off."""
    whole = "{" + text.decode("utf-8", "replace")
    try:
        _, length = TEXT.raw_decode(whole)
    except (json.JSONDecodeError, RecursionError):
        return None, False
    return whole[1 : length - 1].encode(), whole[length:].lstrip().startswith("]")
