"""A browser's log while it is written: what was read takes no space, and what is kept of it is whole."""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.browser.logs import network_log as module
from lab.browser.logs.follow import FollowedLog
from lab.browser.logs.netlog import NetLog
from lab.browser.logs.network_log import CHUNK, HEAVY_BYTES, MB, STEP_BYTES, TAIL_BYTES, NetworkLog
from tests.browser.logs.test_netlog import H1, H1_CELL

LINE = b"x" * 1023 + b"\n"


class Lines(FollowedLog):
    """Understands any line, and counts them."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.count = 0

    def _line(self, raw: bytes) -> None:
        self.count += 1
        self._understood = True


class Writer:
    """Writes as a browser does: it keeps its own position in the file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._path.touch()
        self.written = 0

    def write(self, megabytes: float) -> None:
        with self._path.open("r+b") as file:
            file.seek(self.written)
            for _ in range(int(megabytes * MB / len(LINE))):
                self.written += file.write(b"%07d" % (self.written // len(LINE)) + LINE[7:])


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "a.log"


def space(folder: Path) -> int:
    return sum(one.stat().st_blocks * 512 for one in folder.iterdir())


def test_what_has_been_read_takes_no_space(path: Path) -> None:
    """The writer goes on where it was, and the reader reads every line once."""
    writer, reader = Writer(path), Lines(path)
    log = NetworkLog(path, reader=reader)
    for _ in range(6):
        writer.write(20)
        log.trim()
        assert path.stat().st_size == writer.written
        assert space(path.parent) < TAIL_BYTES + 2 * CHUNK
    assert log.account("any").missing is None
    assert reader.count == writer.written // len(LINE)
    assert not log.heavy


def test_a_log_that_has_hardly_grown_is_left_alone(path: Path) -> None:
    writer, reader = Writer(path), Lines(path)
    log = NetworkLog(path, reader=reader)
    writer.write(STEP_BYTES / MB - 1)
    log.trim()
    assert reader.count == 0


def test_nothing_is_dropped_before_it_was_read(path: Path) -> None:
    """A line that is not whole yet is read when it is."""
    reader = Lines(path)
    log = NetworkLog(path, reader=reader)
    with path.open("wb", buffering=0) as file:
        file.write(b"y" * 20 * MB)
        log.trim()
        assert path.stat().st_blocks * 512 >= 20 * MB
        file.write(b"\n")
    log.trim()
    assert reader.count == 1
    assert space(path.parent) < TAIL_BYTES + 2 * CHUNK


@pytest.mark.parametrize("reader", [None, NetLog])
def test_a_log_that_is_no_witness_takes_no_space_either(path: Path, reader: type[FollowedLog] | None) -> None:
    """One without a reader, and one that its reader does not understand."""
    writer = Writer(path)
    log = NetworkLog(path, reader=reader(path) if reader else None, missing="nobody reads it")
    writer.write(20)
    log.trim()
    assert space(path.parent) < TAIL_BYTES + 2 * CHUNK
    assert ("nobody reads it" if reader is None else "not understood") in (log.account("any").missing or "")


def test_what_the_browser_writes_beside_it_goes_the_same_way(path: Path) -> None:
    log = NetworkLog(path, reader=Lines(path), others="a.child-*.log")
    child, stranger = Writer(path.with_name("a.child-1.log")), path.with_name("b.child-1.log")
    stranger.touch()
    child.write(20)
    log.trim()
    assert space(path.parent) < TAIL_BYTES + 2 * CHUNK
    assert log.end(fault=True) == []
    assert list(path.parent.iterdir()) == [stranger]


@pytest.mark.parametrize("megabytes", [0, 0.1, 30])
def test_nothing_is_left_of_it(path: Path, megabytes: float) -> None:
    writer = Writer(path)
    log = NetworkLog(path, reader=Lines(path))
    writer.write(megabytes)
    log.trim()
    assert log.end(fault=False) == []
    assert not list(path.parent.iterdir())


def test_no_log_at_all(path: Path) -> None:
    log = NetworkLog(path, reader=Lines(path), keep=True)
    log.trim()
    assert log.end(fault=True) == []
    assert not list(path.parent.iterdir())


@pytest.mark.parametrize("megabytes", [0.1, 30])
def test_after_a_fault_its_end_stays(path: Path, megabytes: float) -> None:
    writer = Writer(path)
    log = NetworkLog(path, reader=Lines(path))
    writer.write(megabytes)
    log.trim()
    assert log.end(fault=True) == ["a.log.tail.gz"]
    [left] = path.parent.iterdir()
    tail = gzip.decompress(left.read_bytes())
    assert len(tail) == min(TAIL_BYTES, writer.written)
    assert tail[-len(LINE) :].startswith(b"%07d" % (writer.written // len(LINE) - 1))
    assert b"\0" not in tail


@pytest.mark.parametrize("fault", [False, True])
def test_the_whole_log_is_kept_where_that_is_asked_for(path: Path, fault: bool) -> None:
    writer, child = Writer(path), Writer(path.with_name("a.child-1.log"))
    log = NetworkLog(path, reader=Lines(path), others="a.child-*.log", keep=True)
    for _ in range(3):
        writer.write(15)
        child.write(1)
        log.trim()
    writer.write(1)
    assert log.end(fault=fault) == ["a.log.gz", "a.child-1.log.gz"]
    whole = gzip.decompress((path.parent / "a.log.gz").read_bytes())
    assert [line[:7] for line in whole.splitlines()] == [b"%07d" % number for number in range(writer.written // len(LINE))]
    assert len(gzip.decompress((path.parent / "a.child-1.log.gz").read_bytes())) == child.written
    assert len(list(path.parent.iterdir())) == 2


@pytest.fixture
def no_holes(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A system or a file system that can't make holes."""

    def punch(path: Path, start: int, end: int) -> None:
        raise OSError(95, os.strerror(95))

    monkeypatch.setattr(module, "punch", punch)
    yield


@pytest.mark.parametrize("keep", [False, True])
def test_where_no_holes_can_be_made_the_browser_must_be_started_again(no_holes: None, path: Path, keep: bool) -> None:
    writer, reader = Writer(path), Lines(path)
    log = NetworkLog(path, reader=reader, keep=keep)
    while writer.written < HEAVY_BYTES:
        assert not log.heavy
        writer.write(21)
        log.trim()
    assert log.heavy
    assert log.account("any").missing is None
    assert reader.count == writer.written // len(LINE)
    assert log.end(fault=False) == (["a.log.gz"] if keep else [])
    if keep:
        assert len(gzip.decompress((path.parent / "a.log.gz").read_bytes())) == writer.written


def test_a_full_disk_ends_what_is_kept_and_not_the_run(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    writer, reader = Writer(path), Lines(path)
    log = NetworkLog(path, reader=reader, keep=True)

    def full(self: gzip.GzipFile, data: object) -> int:
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr(gzip.GzipFile, "write", full)
    writer.write(20)
    log.trim()
    assert reader.count == writer.written // len(LINE)
    assert space(path.parent) < TAIL_BYTES + 2 * CHUNK
    log.end(fault=True)
    assert not path.exists()


def test_a_real_log_says_the_same_whatever_was_dropped(path: Path) -> None:
    """Events of no account, in the middle of those that matter."""
    first, *events = H1.read_bytes().splitlines(keepends=True)
    other = json.dumps({"params": {}, "phase": 0, "source": {"id": 1, "type": 0}, "time": "1", "type": -1, "x": "y" * 900})
    log = NetworkLog(path, reader=NetLog(path))
    with path.open("wb", buffering=0) as out:
        out.write(first)
        for event in events:
            out.write(event + (other.encode() + b",\n") * 50)
            log.trim()
    assert space(path.parent) < STEP_BYTES + TAIL_BYTES + 2 * CHUNK < path.stat().st_size
    assert sorted(one.tab or 0 for one in log.account(H1_CELL).held) == [7, 8, 9, 10, 11, 12]
