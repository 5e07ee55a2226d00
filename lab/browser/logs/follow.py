"""A browser's log that is still being written: followed line by line, each read once, when it is whole."""

from __future__ import annotations

import math
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import msgspec

from lab.model.browsers import BrowserLog, HeldRequest

MOST_OF_LINE = 400  # Bytes kept of a line that is shown as evidence.


class FollowedLog:
    """What every browser's log has in common. A reader for one of them says in `_line` what a line means: it keeps `_held`,
    the requests that are held back just now, and sets `_understood` when it has seen what such a log begins with.

    `_trouble` says why the log can't be a witness, once that is known.
    """

    def __init__(self, path: Path, *, brief: bool = False) -> None:
        self._path = path
        self._brief = brief
        self._offset = 0
        self._understood = False
        self._trouble: str | None = None
        self._held: dict[str, HeldRequest] = {}
        self._raw = b""

    def account(self, cell: str) -> BrowserLog:
        """Read on to what has been written by now; what is held of this cell's requests."""
        self._read_on()
        if trouble := self._trouble or ("" if self._understood else "the browser's network log is empty"):
            return BrowserLog(missing=trouble)
        return BrowserLog(held=tuple(one for one in self._held.values() if query(one.url, "cell") == cell))

    def _line(self, raw: bytes) -> None:
        raise NotImplementedError

    def _holds(
        self, url: str, waits_for: str, since_ms: float, limit: int | None = None, note: str | None = None
    ) -> HeldRequest:
        """A request that this very line says is held back."""
        if not math.isfinite(since_ms):
            raise ValueError(f"{since_ms} is no moment")
        line = self._raw[:MOST_OF_LINE].decode("utf-8", "replace")
        held = HeldRequest(url, number(query(url, "tab")), waits_for, since_ms, limit, note, line)
        return msgspec.convert(msgspec.to_builtins(held), HeldRequest)  # In a damaged log anything may be of any type.

    def _read_on(self) -> None:
        if self._trouble:
            return
        try:
            with self._path.open("rb") as log:
                log.seek(self._offset)
                for line in log:
                    if not line.endswith(b"\n"):
                        break  # Still being written: it is read the next time.
                    self._offset += len(line)
                    self._raw = line.rstrip(b"\r\n")
                    self._line(self._raw)
        except OSError as error:
            self._trouble = f"the browser's network log can't be read: {error.strerror}"
        except (ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RecursionError) as error:
            self._trouble = f"the browser's network log is not understood: {type(error).__name__}: {error}"


def query(url: str, name: str) -> str:
    """A value from a URL's query, or nothing."""
    return parse_qs(urlsplit(url).query).get(name, [""])[0]


def number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() else None
