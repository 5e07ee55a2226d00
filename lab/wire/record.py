"""Builds the record of one exchange while its parts come."""

from __future__ import annotations

import asyncio
import time
import zlib
from collections.abc import Callable

from lab.errors import UsageError
from lab.model.wire import EVENT_STREAM, KEPT, EventsSeen, Exchange, Read
from lab.text import one_line
from lab.wire.address import Address, parse, shown
from lab.wire.events import EventCounter, decoder

MOST_READS = 1000
MOST_BODY = 4 * 2**20
MOST_FIELD = 300
"""How much is watched of an answer without end, and recorded of a field."""


class Recorder:
    """What has been seen of one exchange so far. Moments are given in s of the monotonic clock.

    `listener` is called with the data of each event. `headed` is set when the header is complete, `first_id` and `second_id`
    when so many events with an id have come."""

    def __init__(self, address: Address, protocol: str, coding: str, listener: Callable[[bytes], None] | None = None) -> None:
        self.address = address
        self.protocol = protocol
        self.coding = coding
        self.status: int | None = None
        self.http = ""
        self.fields: dict[str, str] = {}
        self.location: str | None = None
        self.cookies: list[str] = []
        self.settings: dict[str, int] = {}
        self.counter: EventCounter | None = None
        self.error: str | None = None
        self.cut: str | None = None
        self.size = 0
        self.head_ms: float | None = None
        self.connected_ms: float | None = None
        self.ended_ms: float | None = None
        self.reads: list[Read] = []
        self.headed = asyncio.Event()
        self.first_id = asyncio.Event()
        self.second_id = asyncio.Event()
        self._listener = listener
        self._decode = decoder("")
        self._began = time.monotonic()

    def ms(self, at: float | None = None) -> float:
        """A moment as ms since the exchange began; without one, now."""
        return round(((time.monotonic() if at is None else at) - self._began) * 1000, 1)

    def connected(self) -> None:
        self.connected_ms = self.ms()

    def head(self, at: float, status: int, http: str, fields: list[tuple[str, str]]) -> None:
        """The header is complete."""
        self.status, self.http, self.head_ms = status, http, self.ms(at)
        for name, value in fields:
            if name == "set-cookie":
                self.cookies.append(value)
            elif name in KEPT:
                self.fields[name] = f"{self.fields[name]}, {value}" if name in self.fields else value
        self.location = self.fields.get("location")
        if self.fields.get("content-type", "").lower().startswith(EVENT_STREAM):
            self.counter = EventCounter(self._listener)
        self._decode = decoder(self.fields.get("content-encoding", ""))
        self.headed.set()

    def body(self, at: float, data: bytes) -> bool:
        """A part of the body, that one read brought. False: enough has been seen."""
        self.size += len(data)
        events, rest = self._count(data)
        if len(self.reads) < MOST_READS:
            self.reads.append(Read(self.ms(at), len(data), events, rest))
        if self.size > MOST_BODY:
            self.cut = f"its body has more than {MOST_BODY // 2**20} MiB, and goes on"
        return self.cut is None

    def _count(self, data: bytes) -> tuple[int | None, int]:
        if self._decode is None:
            return None, 0
        if self.counter is None:
            return 0, 0
        try:
            ended = self.counter.feed(self._decode(data))
        except zlib.error as error:
            self.error = f"its body is not what its content-encoding says: {error}"
            self._decode = None
            return None, 0
        for event, count in ((self.first_id, 1), (self.second_id, 2)):
            if len(self.counter.ids) >= count:
                event.set()
        return ended, self.counter.rest

    def ended(self, at: float) -> None:
        self.ended_ms = self.ms(at)

    def failed(self, error: BaseException | str) -> None:
        self.error = one_line(error if isinstance(error, str) else f"{type(error).__name__}: {error}")[:MOST_FIELD]

    def exchange(self, resumed: str | None = None) -> Exchange:
        """The record, as far as it has come."""
        fields = {name: one_line(value)[:MOST_FIELD] for name, value in self.fields.items()}
        if self.location is not None:
            fields["location"] = shown_location(self.location, self.address)
        stream = None
        if self.counter is not None:
            stream = EventsSeen(
                events=self.counter.events,
                comments=self.counter.comments,
                ids=len(self.counter.ids),
                retry_ms=self.counter.retry_ms,
                resumed=resumed,
            )
        return Exchange(
            protocol=self.protocol,
            coding=self.coding,
            http=self.http,
            status=self.status,
            fields=fields,
            connected_ms=self.connected_ms,
            head_ms=self.head_ms,
            reads=tuple(self.reads),
            size=self.size,
            ended_ms=self.ended_ms,
            watched_ms=self.ms(),
            error=self.error,
            cut=self.cut,
            settings=self.settings,
            stream=stream,
        )


def shown_location(location: str, base: Address) -> str:
    """Where a redirect leads, without what may be secret."""
    try:
        return str(parse(location, base))
    except UsageError:
        return shown(location)
