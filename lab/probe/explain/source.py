"""Opens a log, whatever it is packed in, and tells which kind of log it is.

A file may be packed (gzip, or a zip archive), begin with a byte order mark, or be UTF-16, as PowerShell writes it. The readers
get its bytes as UTF-8, in pieces.
"""

from __future__ import annotations

import codecs
import gzip
import io
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import cast

from lab.errors import UsageError
from lab.text import clean

PIECE = 1 << 20
"""How many bytes are read at once."""

HEAD = 4 * PIECE
"""How much of a log is looked at to tell its kind. Firefox's log may follow other output of a terminal."""

MARKS = {codecs.BOM_UTF8: "utf-8", codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}
GZIP, ZIP = b"\x1f\x8b", b"PK\x03\x04"

HOW = "record one as docs/explain.md says"
FOREIGN = (
    (re.compile(rb'^\s*\{\s*"log"\s*:\s*\{\s*"(?:version|creator|browser|pages|entries|_)'),
     "it is a HAR file, which does not say why a request waited"),
    (re.compile(rb'^\s*\{.{0,200}"preprocessedProfileVersion"|^\s*\{\s*"meta"\s*:\s*\{', re.DOTALL),
     "it is a profile of the Firefox Profiler; on about:logging choose to log to a file"),
    (re.compile(rb"\bt=\s*\d+ \[st=\s*\d+\]"),
     "it is text copied from a NetLog viewer; explain the file that the viewer was given"),
    (re.compile(rb"^\s*[\[{]"), "it is JSON, but has no NetLog's constants"),
)  # fmt: skip
"""What a file is that is no log, by its beginning."""

Progress = Callable[[int, int], None]
"""Called with the bytes of the file that have been read, and its size."""


class Source:
    """A file that may be read again and again. `cut`: the last reading found a packed file that ends too early."""

    def __init__(self, path: Path, progress: Progress = lambda _, __: None) -> None:
        self.path = path
        self.cut = False
        self._progress = progress
        try:
            self.size = path.stat().st_size
        except (OSError, ValueError) as error:
            raise self.unusable(f"can't be read: {reason(error)}", "name a log that exists") from error

    def unusable(self, why: str, todo: str = HOW) -> UsageError:
        """The error for a file that can't be explained."""
        return UsageError(f"{self.path} {why}", todo)

    def head(self) -> bytes:
        """The first megabytes."""
        found = b""
        for piece in self._pieces(lambda _, __: None):
            found += piece
            if len(found) >= HEAD:
                break
        return found

    def pieces(self) -> Iterator[bytes]:
        """All bytes, as UTF-8 without a mark. Raises UsageError if the file can't be read."""
        return self._pieces(self._progress)

    def _pieces(self, progress: Progress) -> Iterator[bytes]:
        self.cut, some = False, False
        try:
            with self.path.open("rb") as file, unpacked(file) as stream:
                first = stream.read1(PIECE)  # What a packed file has before the place where it was cut off.
                mark = next((one for one in MARKS if first.startswith(one)), b"")
                decoder = codecs.getincrementaldecoder(MARKS.get(mark, "utf-8"))("replace")
                piece = first[len(mark) :]
                while piece:
                    some = True
                    progress(file.tell(), self.size)
                    yield decoder.decode(piece).encode() if MARKS.get(mark, "utf-8") != "utf-8" else piece
                    piece = stream.read1(PIECE)
        except (EOFError, zlib.error):
            self.cut = True
        except gzip.BadGzipFile as error:
            if not some:
                raise self.unusable(f"can't be unpacked: {clean(str(error))}", "unpack it first") from error
            self.cut = True  # Something else follows what was packed.
        except (OSError, ValueError) as error:
            raise self.unusable(f"can't be read: {reason(error)}", "give the log itself, readable and unpacked") from error
        except (zipfile.BadZipFile, RuntimeError, NotImplementedError) as error:
            raise self.unusable(f"can't be unpacked: {clean(str(error))}", "unpack it first") from error


def reason(error: Exception) -> str:
    """An error of the system in its own words, without the file's name."""
    return (error.strerror if isinstance(error, OSError) else None) or str(error)


@contextmanager
def unpacked(file: io.BufferedReader) -> Iterator[io.BufferedIOBase]:
    """A file's content: itself, what gzip packed, or the largest file of a zip archive."""
    magic = file.read(4)
    file.seek(0)
    if magic.startswith(GZIP):
        with gzip.GzipFile(fileobj=file) as stream:
            yield stream
    elif magic == ZIP:
        with zipfile.ZipFile(file) as archive:
            inside = [one for one in archive.infolist() if not one.is_dir()]
            if not inside:
                raise zipfile.BadZipFile("the archive is empty")
            with archive.open(max(inside, key=lambda one: one.file_size)) as member:
                yield cast(zipfile.ZipExtFile, member)
    else:
        yield file


def foreign(head: bytes) -> str:
    """What a file is that is neither log, from its beginning."""
    if b"\0" in head[:1024]:
        return "it is a binary file"
    return next((says for pattern, says in FOREIGN if pattern.search(head[:65536])), "it is of no known form")
