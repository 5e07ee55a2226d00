"""A browser's own network log, which is kept small while the browser writes it.

Rules.
1. The browser is never slowed down by its log's reader: it writes an ordinary file, and knows nothing of all this.
2. What has been read takes no space any more. The last TAIL_BYTES stay: they may explain a fault.
3. When the browser has ended, nothing stays, unless the whole log was asked for, or a fault is to be explained. Both are kept
   gzipped.

How it works. A browser keeps its own position in the file, so the file can't be cut at its beginning. Instead the part that has
been read becomes a hole (`fallocate`, Linux): the file keeps its length, but takes no space there. Everything runs in threads,
one after the other.

What is still ugly. Other systems, and some file systems, have no such holes. There the log grows until its browser is started
again, which a run does when the log is `heavy`. A driver that is killed leaves the file with its hole behind.
"""

from __future__ import annotations

import ctypes
import gzip
import logging
import os
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from lab.browser.logs.follow import FollowedLog
from lab.model.browsers import BrowserLog

MB = 1_000_000
TAIL_BYTES = 512 * 1024
"""How much of a log stays for the explanation of a fault: a few seconds of Firefox's, gzipped about 40 kB."""

STEP_BYTES = 8 * MB
"""A log is read on when it has grown by this much."""

HEAVY_BYTES = 100 * MB
"""A log that takes more space than this has its browser started again."""

CHUNK = 1 << 20
WHOLE, TAIL = ".gz", ".tail.gz"
"""What is appended to a log's name where it is kept, whole or in part."""

KEEP_SIZE_PUNCH_HOLE = 0x01 | 0x02  # linux/falloc.h

log = logging.getLogger(__name__)


def punch(path: Path, start: int, end: int) -> None:
    """Let a part of a file take no space. Raises OSError where that can't be done."""
    try:
        fallocate = ctypes.CDLL(None, use_errno=True).fallocate64
    except (AttributeError, TypeError, OSError) as error:  # Not Linux.
        raise OSError("no holes can be made in files here") from error
    descriptor = os.open(path, os.O_WRONLY)
    try:
        if fallocate(descriptor, KEEP_SIZE_PUNCH_HOLE, ctypes.c_int64(start), ctypes.c_int64(end - start)):
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    finally:
        os.close(descriptor)


class LogFile:
    """One file that a browser writes. `dropped`: how many bytes of it, from its beginning, take no space any more. `keep`: what
    is dropped is gzipped."""

    def __init__(self, path: Path, *, keep: bool) -> None:
        self.path = path
        self.dropped = 0
        self._keep = keep
        self._copy: gzip.GzipFile | None = None
        self._failed = False

    @property
    def size(self) -> int:
        """Its length in bytes, with what has been dropped; 0 if there is no file yet."""
        try:
            return self.path.stat().st_size
        except OSError:
            return 0

    @property
    def space(self) -> int:
        """The bytes that it takes on the disk."""
        try:
            return self.path.stat().st_blocks * 512
        except OSError:
            return 0

    def drop(self, end: int) -> None:
        """Drop what lies before `end`, but for the last TAIL_BYTES of it. Raises OSError where no hole can be made."""
        end = (end - TAIL_BYTES) // CHUNK * CHUNK  # File systems drop whole blocks.
        if end > self.dropped:
            if self._keep:
                self._gzip(self.dropped, end, WHOLE)
            start, self.dropped = self.dropped, end
            punch(self.path, start, end)

    def finish(self, *, tail: bool) -> str | None:
        """The browser has ended: remove the file. Returns the name of what is kept of it, gzipped: the whole, or its `tail`;
        None if nothing is."""
        size = self.size
        if self._keep:
            self._gzip(self.dropped, size, WHOLE)
        elif tail:
            self._gzip(max(0, size - TAIL_BYTES), size, TAIL)
        with suppress(OSError):
            self.path.unlink(missing_ok=True)
            if self._copy is not None:
                self._copy.close()
        return Path(self._copy.name).name if self._copy is not None else None

    def _gzip(self, start: int, end: int, ending: str) -> None:
        """Add a part of the file to its gzipped copy. A copy that can't be written (a full disk) does not end the run: it
        ends there, and that is logged."""
        if self._failed or start >= end:
            return
        try:
            if self._copy is None:
                self._copy = gzip.open(beside(self.path, ending), "wb", compresslevel=1)  # noqa: SIM115  # open as long as the log is
            with self.path.open("rb") as file:
                for part in parts(file, start, end):
                    self._copy.write(part)
        except OSError as error:
            log.info("%s can't be kept from here on: %s", self.path.name, error)
            self._failed = True


def beside(path: Path, ending: str) -> Path:
    """A file of the same name, with another ending behind it."""
    return path.with_name(path.name + ending)


def parts(file: BinaryIO, start: int, end: int) -> Iterator[bytes]:
    """The bytes of a file between two positions."""
    file.seek(start)
    while start < end and (part := file.read(min(CHUNK, end - start))):
        start += len(part)
        yield part


class NetworkLog:
    """The log of one running browser.

    `path` is its file; `others` is a pattern for more files beside it, which nobody reads. `reader` reads it; if there is none,
    `missing` says why the log is no witness. `keep`: the whole log is kept. Every method may be called in any thread."""

    def __init__(
        self, path: Path, *, reader: FollowedLog | None = None, missing: str = "", others: str = "", keep: bool = False
    ) -> None:
        self.path = path
        self._reader = reader
        self._missing = missing
        self._others = others
        self._keep = keep
        self._files = {path: LogFile(path, keep=keep)}
        self._holes = True
        self._lock = threading.Lock()

    def account(self, cell: str) -> BrowserLog:
        """The requests of a cell that the browser holds back now, or why that is not known. Never raises."""
        with self._lock:
            if self._reader is None:
                return BrowserLog(missing=self._missing)
            found = self._reader.account(cell)
            self._drop()
            return found

    def trim(self) -> None:
        """Read on, and drop what has been read, if there is enough of it to be worthwhile."""
        with self._lock:
            self._find()
            if any(file.size - file.dropped > STEP_BYTES for file in self._files.values()):
                if self._reader is not None:
                    self._reader.read_on()
                self._drop()

    @property
    def heavy(self) -> bool:
        """Whether its browser should be started again, because the log takes too much space."""
        return sum(file.space for file in self._files.values()) > HEAVY_BYTES

    def end(self, *, fault: bool) -> list[str]:
        """The browser has ended: remove the log. Returns the names of the files that are kept: the whole log, if that was asked
        for; else, after a fault, its tail."""
        with self._lock:
            self._find()
            kept = [file.finish(tail=fault and file.path == self.path) for file in self._files.values()]
            return [name for name in kept if name]

    def _find(self) -> None:
        """Look for files that the browser has begun since."""
        for path in sorted(self.path.parent.glob(self._others)) if self._others else ():
            if path not in self._files:
                self._files[path] = LogFile(path, keep=self._keep)

    def _drop(self) -> None:
        if not self._holes:
            return
        try:
            for file in self._files.values():
                read = self._reader.position if self._reader is not None and file.path == self.path else None
                file.drop(file.size if read is None else read)
        except OSError as error:
            log.info("the browser's log grows until the browser ends: %s", error)
            self._holes = False
