"""Reads a browser's log while it is being written: line by line, each line once, when it is complete."""

from __future__ import annotations

import math
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO, ClassVar
from urllib.parse import parse_qs, urlsplit

import msgspec

from lab.model.browsers import BrowserLog, HeldRequest
from lab.model.verdict import Limit

EVIDENCE_BYTES = 400
"""How many bytes of a line are kept as evidence."""

BLOCK = 1 << 20
"""How many bytes are read at once; a longer line is read whole."""


class FollowedLog:
    """The base class of all readers of browsers' logs.

    A subclass interprets one line in `_line`. It updates `_held`, the requests that are held back now, and sets `_understood`
    once it has seen the beginning of such a log. `_missing` says why the log can't be a witness; once it is set, nothing more
    is read.

    `TELLING`: once the log is understood, only lines with one of these words are interpreted; the others are skipped unseen,
    because even to look at each would cost too much CPU time. Empty: every line is.
    """

    TELLING: ClassVar[tuple[bytes, ...]] = ()

    def __init__(self, path: Path) -> None:
        self._path = path
        self._offset = 0
        self._understood = False
        self._missing: str | None = None
        self._held: dict[str, HeldRequest] = {}
        self._raw = b""

    def account(self, cell: str) -> BrowserLog:
        """Read what was written since the last call. Returns the requests of a cell that are held back now. Never raises."""
        self.read_on()
        if missing := self._missing or ("" if self._understood else self._nothing_read()):
            return BrowserLog(missing=missing)
        return BrowserLog(held=tuple(one for one in self._held.values() if query(one.url, "cell") == cell))

    @property
    def position(self) -> int | None:
        """How many bytes have been read; None if nothing more is read."""
        return None if self._missing else self._offset

    def _line(self, raw: bytes) -> None:
        raise NotImplementedError

    def _nothing_read(self) -> str:
        """Why no line was read, if no error was raised."""
        if self._raw:
            return "the browser's network log has no whole line: it was cut off, or is of a form that has all in one line"
        return "the browser's network log is empty"

    def _holds(
        self, url: str, waits_for: Limit, since_ms: float, limit: int | None = None, note: str | None = None
    ) -> HeldRequest:
        """The request that is held back according to the present line."""
        if not math.isfinite(since_ms):
            raise ValueError(f"{since_ms} is no moment")
        line = self._raw[:EVIDENCE_BYTES].decode("utf-8", "replace")
        held = HeldRequest(url, number(query(url, "tab")), waits_for, since_ms, limit, note, line)
        return msgspec.convert(msgspec.to_builtins(held), HeldRequest)  # In a damaged log a value may have any type.

    def read_on(self) -> None:
        """Read what was written since the last call. Never raises."""
        if self._missing:
            return
        try:
            with self._path.open("rb") as log:
                log.seek(self._offset)
                while not self._missing and (block := self._next(log)):
                    complete = block.rfind(b"\n") + 1
                    if not complete:
                        self._raw = block  # Not complete yet: it is read the next time.
                        break
                    self._offset += complete
                    self._interpret(block[:complete])
        except OSError as error:
            self._missing = f"the browser's network log can't be read: {error.strerror}"
        except (ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RecursionError) as error:
            self._missing = f"the browser's network log is not understood: {type(error).__name__}: {error}"

    def _next(self, log: BinaryIO) -> bytes:
        """What comes next: lines, of which only the log's last one may be incomplete."""
        return log.read(BLOCK) + log.readline() if self._understood else log.readline()

    def _interpret(self, block: bytes) -> None:
        words = self.TELLING if self._understood else ()
        for line in lines_with(words, block) if words else block[:-1].split(b"\n"):
            self._raw = line.rstrip(b"\r")
            self._line(self._raw)
            if self._missing:
                return


def lines_with(words: Iterable[bytes], block: bytes) -> list[bytes]:
    """The lines of `block`, which ends with a line's end, that have one of the words."""
    found: dict[int, bytes] = {}
    for word in words:
        at = block.find(word)
        while at >= 0:
            start, end = block.rfind(b"\n", 0, at) + 1, block.index(b"\n", at)
            found[start] = block[start:end]
            at = block.find(word, end)
    return [found[start] for start in sorted(found)]


def query(url: str, name: str) -> str:
    """A value from a URL's query, or an empty text."""
    return parse_qs(urlsplit(url).query).get(name, [""])[0]


def number(text: str) -> int | None:
    """A text as a whole number; None if it is not one."""
    return int(text) if text.isascii() and text.isdigit() else None
