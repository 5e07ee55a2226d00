"""Counts the events of a stream as their bytes come; nothing of their content is kept but the last ids, in memory."""

from __future__ import annotations

import zlib
from collections.abc import Callable

LINES = (b"\r\n", b"\n", b"\r")
IDENTITY_CODINGS = ("", "identity")


def decoder(coding: str) -> Callable[[bytes], bytes] | None:
    """A function that decodes a body of a content coding, part by part; None for a coding that can't be decoded here (br,
    zstd)."""
    match coding.strip().lower():
        case "" | "identity":
            return bytes
        case "gzip" | "x-gzip":
            return zlib.decompressobj(zlib.MAX_WBITS | 16).decompress
        case "deflate":
            return Deflate().decompress
    return None


class Deflate:
    """`deflate` with the header of zlib, as RFC 9110 has it, or without, as some servers send it."""

    def __init__(self) -> None:
        self._decoder: zlib._Decompress | None = None

    def decompress(self, data: bytes) -> bytes:
        """Some more of the body. Raises zlib.error if it is neither."""
        if self._decoder is not None:
            return self._decoder.decompress(data)
        try:
            self._decoder = zlib.decompressobj()
            return self._decoder.decompress(data)
        except zlib.error:
            self._decoder = zlib.decompressobj(-zlib.MAX_WBITS)
            return self._decoder.decompress(data)


class EventCounter:
    """Counts server-sent events. `ids` are the values of all ids so far: they stay in memory. `listener` is called with the
    data of each event."""

    def __init__(self, listener: Callable[[bytes], None] | None = None) -> None:
        self._listener = listener
        self.events = 0
        self.comments = 0
        self.retry_ms: int | None = None
        self.ids: list[str] = []
        self._line = b""
        self._data: list[bytes] = []
        self._after_cr = False

    @property
    def rest(self) -> int:
        """The bytes of an event that has begun and not ended."""
        return len(self._line) + sum(map(len, self._data))

    def feed(self, data: bytes) -> int:
        """Take some bytes. Returns how many events and comments ended in them."""
        before = self.events + self.comments
        if self._after_cr and data.startswith(b"\n"):
            data = data[1:]
        self._after_cr = data.endswith(b"\r")
        *whole, self._line = (self._line + data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")).split(b"\n")
        for line in whole:
            self._take(line)
        return self.events + self.comments - before

    def _take(self, line: bytes) -> None:
        name, _, value = line.partition(b":")
        text = value.removeprefix(b" ").decode("utf-8", "replace")
        if not line:
            self.events += bool(self._data)
            if self._data and self._listener is not None:
                self._listener(b"\n".join(self._data))
            self._data = []
        elif not name:
            self.comments += 1
        elif name == b"data":
            self._data.append(value if self._listener is not None else b"x")
        elif name == b"id":
            self.ids.append(text)
        elif name == b"retry" and text.isascii() and text.isdigit():
            self.retry_ms = int(text[:9])
