"""Reads a log that is still being written: each line once, when it is whole."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from urllib.parse import parse_qs, urlsplit


class Tail:
    """`read` takes each whole line. `trouble` says why the log can't be a witness, once that is known; `understood` is for
    `read` to set, when it has seen what such a log begins with."""

    def __init__(self, path: Path, read: Callable[[bytes], None]) -> None:
        self.trouble: str | None = None
        self.understood = False
        self._path = path
        self._read = read
        self._offset = 0

    def read_on(self) -> None:
        try:
            with self._path.open("rb") as log:
                log.seek(self._offset)
                for line in log:
                    if not line.endswith(b"\n"):
                        break  # Still being written: it is read the next time.
                    self._offset += len(line)
                    self._read(line.rstrip(b"\r\n"))
        except OSError as error:
            self.trouble = f"the browser's network log can't be read: {error.strerror}"
        except (ValueError, KeyError, TypeError) as error:
            self.trouble = f"the browser's network log is not understood: {type(error).__name__}: {error}"
        if not self.understood and not self.trouble:
            self.trouble = "the browser's network log is empty"


def query(url: str, name: str) -> str:
    """A value from a URL's query, or nothing."""
    return parse_qs(urlsplit(url).query).get(name, [""])[0]


def number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() else None
