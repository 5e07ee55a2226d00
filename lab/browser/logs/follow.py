"""A browser's log that is still being written: followed line by line, each line read once, when it is whole."""

from __future__ import annotations

import math
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import msgspec

from lab.model.browsers import BrowserLog, HeldRequest
from lab.model.verdict import Limit

EVIDENCE_BYTES = 400
"""How much of a line is kept as evidence."""


class FollowedLog:
    """What the readers of all browsers' logs have in common.

    A reader for one of them says in `_line` what a line means. It keeps `_held`, the requests that are held back now, and sets
    `_understood` when it has seen what every such log begins with. `_missing` says why the log can't be a witness, once that is
    known; nothing is read any more then.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._offset = 0
        self._understood = False
        self._missing: str | None = None
        self._held: dict[str, HeldRequest] = {}
        self._raw = b""

    def account(self, cell: str) -> BrowserLog:
        """Read what has been written since the last time; which of this cell's requests are held back now. Never raises."""
        self._read_on()
        if missing := self._missing or ("" if self._understood else self._nothing_read()):
            return BrowserLog(missing=missing)
        return BrowserLog(held=tuple(one for one in self._held.values() if query(one.url, "cell") == cell))

    def _line(self, raw: bytes) -> None:
        raise NotImplementedError

    def _nothing_read(self) -> str:
        """Why no line has been read though nothing went wrong."""
        if self._raw:
            return "the browser's network log has no whole line: it was cut off, or is of a form that has all in one line"
        return "the browser's network log is empty"

    def _holds(
        self, url: str, waits_for: Limit, since_ms: float, limit: int | None = None, note: str | None = None
    ) -> HeldRequest:
        """A request that, by the line being read, is held back."""
        if not math.isfinite(since_ms):
            raise ValueError(f"{since_ms} is no moment")
        line = self._raw[:EVIDENCE_BYTES].decode("utf-8", "replace")
        held = HeldRequest(url, number(query(url, "tab")), waits_for, since_ms, limit, note, line)
        return msgspec.convert(msgspec.to_builtins(held), HeldRequest)  # In a damaged log anything may be of any type.

    def _read_on(self) -> None:
        if self._missing:
            return
        try:
            with self._path.open("rb") as log:
                log.seek(self._offset)
                for line in log:
                    self._raw = line.rstrip(b"\r\n")
                    if not line.endswith(b"\n"):
                        break  # Still being written: it is read the next time.
                    self._offset += len(line)
                    self._line(self._raw)
                    if self._missing:
                        break
        except OSError as error:
            self._missing = f"the browser's network log can't be read: {error.strerror}"
        except (ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RecursionError) as error:
            self._missing = f"the browser's network log is not understood: {type(error).__name__}: {error}"


def query(url: str, name: str) -> str:
    """A value from a URL's query, or an empty text."""
    return parse_qs(urlsplit(url).query).get(name, [""])[0]


def number(text: str) -> int | None:
    """The whole number that a text is, if it is one."""
    return int(text) if text.isascii() and text.isdigit() else None
