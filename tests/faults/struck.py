"""A run that is struck in the middle: started as a person starts it, watched through its own ledger, and looked through for
what it leaves behind."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import msgspec
import psutil

from lab import paths
from lab.model import ledger
from lab.results import file as results
from lab.results.file import Results
from tests.conftest import ROOT

PATIENCE_S = 60.0
MENDED_S = 15.0
"""A fault may hold up a run for this long: that is promised."""

OBSERVED, HEAD = b'"Observed"', 100
"""The tag of a cell's line in observations.jsonl, which stands at the line's head (lab/results/observations.py)."""


class Struck:
    """A run of `lab`, writing to `out`. Its temporary files are its own, so that what stays behind can be seen."""

    def __init__(self, out: Path, *options: str, command: tuple[str, ...] = ("-m", "lab")) -> None:
        self.out = out
        self.temporary = Path(tempfile.mkdtemp(prefix="7t-"))  # A short path: Chromium's socket in it may have 107 letters.
        self.process = subprocess.Popen(
            [sys.executable, *command, "run", *options, "--out", str(out)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            env=os.environ | {"TMPDIR": str(self.temporary)},
        )
        self.said = self.complained = ""
        self._seen: set[psutil.Process] = set()

    def events(self) -> list[ledger.AnyEvent]:
        """What the ledger on disk says so far; its last line may be half written, and a test may have cut another."""
        found = []
        for line in [line for path in self.out.glob("2*/ledger-*.jsonl") for line in path.read_bytes().splitlines()]:
            with suppress(msgspec.DecodeError):
                found.append(ledger.decode(line))
        return found

    def of_cell(self, repeat: int) -> list[ledger.AnyEvent]:
        """What came after that repeat of the cell began, and before another did."""
        events = self.events()
        began = [at for at, one in enumerate(events) if isinstance(one, ledger.CellBegan)]
        mine = [at for at in began if getattr(events[at], "cell", "").endswith(f".{repeat}")]
        if not mine:
            return []
        after = [at for at in began if at > mine[-1]]
        return events[mine[-1] : after[0] if after else None]

    def ended(self) -> int:
        """How many cells have ended, by the lines of observations.jsonl."""
        lines = [line for path in self.out.glob(f"2*/{paths.OBSERVATIONS}") for line in path.read_bytes().splitlines()]
        return sum(OBSERVED in line[:HEAD] for line in lines)

    def has_cells(self, number: int) -> bool:
        return self.ended() >= number

    def wait(self, ready: Callable[[], object], patience_s: float = PATIENCE_S) -> None:
        end = time.monotonic() + patience_s
        while not ready():
            assert self.process.poll() is None, self.process.communicate()
            assert time.monotonic() < end, f"not within {patience_s:.0f} s"
            self.children()
            time.sleep(0.01)

    def children(self) -> list[psutil.Process]:
        """What it started and is still its own; all that ever were are remembered."""
        try:
            found = psutil.Process(self.process.pid).children(recursive=True)
        except psutil.NoSuchProcess:
            return []
        self._seen |= set(found)
        return found

    def called(self, *words: str, without: str = "\0") -> list[psutil.Process]:
        """Its processes whose command line has all these words, the oldest first."""
        found = []
        for child in self.children():
            try:
                line = " ".join(child.cmdline())
                if all(word in line for word in words) and without not in line and child.status() != psutil.STATUS_ZOMBIE:
                    found.append((child.create_time(), child.pid, child))
            except psutil.NoSuchProcess:
                continue
        return [child for _, _, child in sorted(found, key=lambda one: one[:2])]

    def end(self, code: int) -> Results:
        """Let it come to its end, which must be this one; what it had measured, as a reader finds it."""
        self.end_badly(code)
        return results.read(self.folder / paths.RESULTS)

    def end_badly(self, code: int) -> None:
        """The same, where nothing may have been written."""
        self.children()
        self.said, self.complained = self.process.communicate(timeout=PATIENCE_S * 2)
        assert self.process.returncode == code, self.said + self.complained
        assert "Traceback" not in self.complained, self.complained
        self.nothing_left()

    @property
    def folder(self) -> Path:
        [folder] = self.out.glob("2*")
        return folder

    def nothing_left(self) -> None:
        """No process, no port and no temporary file."""
        _, alive = psutil.wait_procs(self._seen, timeout=5)
        assert not left(alive)
        doors = [port for one in self.events() if isinstance(one, ledger.OriginStarted) for port in one.doors.values()]
        ours = {process.pid for process in self._seen}
        taken = {one.laddr.port for one in psutil.net_connections("tcp") if one.laddr and one.pid in ours}
        assert not taken & set(doors)
        for port in doors:
            with socket.socket() as free:
                free.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # Connections that ended leave their names behind.
                try:
                    free.bind(("127.0.0.1", port))
                except OSError:  # Somebody else has got it since: then it must be somebody who is known.
                    assert [one for one in psutil.net_connections("tcp") if one.laddr and one.laddr.port == port]
        behind = [str(path.relative_to(self.temporary)) for path in self.temporary.rglob("*")]
        assert not behind
        assert not self.certificates()

    def certificates(self) -> list[Path]:
        """The folders of certificates that this run has made and not removed. Other runs beside it have their own."""
        return list((ROOT / "certs").glob(f"run-{self.process.pid}-*"))


def left(processes: list[psutil.Process]) -> list[str]:
    """What is still running of them."""
    running = []
    for process in processes:
        try:
            if process.status() != psutil.STATUS_ZOMBIE:
                running.append(" ".join(process.cmdline())[:120])
        except psutil.NoSuchProcess:
            continue
    return running


@contextmanager
def struck(out: Path, *options: str, command: tuple[str, ...] = ("-m", "lab")) -> Iterator[Struck]:
    """A run, which is not left behind when the test fails."""
    run = Struck(out, *options, command=command)
    try:
        yield run
    finally:
        if run.process.poll() is None:
            children = run.children()
            run.process.send_signal(signal.SIGTERM)
            try:
                run.process.communicate(timeout=20)
            except subprocess.TimeoutExpired:
                run.process.kill()
            for child in children:
                if child.is_running():
                    child.kill()
        for folder in (run.temporary, *run.certificates()):  # A run that was killed leaves them behind.
            shutil.rmtree(folder)
