"""What the tests share: the run's certificates, and the origin in a process of its own."""

from __future__ import annotations

import os
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from lab.model import ledger
from lab.run import certs
from tests.tools.control import H1, close_all, post

pytest.register_assert_rewrite("tests.faults.struck", "tests.tools.runs")
os.environ.pop("GITHUB_STEP_SUMMARY", None)  # The lab's runs in the tests are none of the job's summary.

ROOT = Path(__file__).resolve().parent.parent
PATIENCE_S = 20.0

BLOCKS = {
    "tests/end_to_end/test_limits.py::test_a_busy_machine": "busy",
    "tests/end_to_end/": "measuring",
    "tests/faults/": "faults",
    "tests/run/test_disk.py": "faults",
    "tests/run/test_clock_wrong.py": "faults",
    "tests/probe/test_browsers.py": "probes",
    "tests/probe/test_third_party.py": "probes",
    "tests/probe/test_interrupt.py": "probes",
    "tests/probe/test_ci_example.py": "probes",
}
"""How `nox -s tests` shares the tests out to two processes: the tests of one block, by the beginnings of their names, run in
one process, one after the other, from the same session fixtures. Every other file is a block of its own."""

FIRST = ("measuring", "faults", "probes")
"""The blocks that begin first: they are the longest."""


def block(test: str) -> str:
    """The block of a test, by its full name."""
    return next((name for start, name in BLOCKS.items() if test.startswith(start)), test.partition("::")[0])


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> object:
    """Blocks instead of pytest-xdist's own groups, which pytest 9.2 no longer lets it mark in the tests' names."""
    from xdist.scheduler import LoadScopeScheduling

    class Blocks(LoadScopeScheduling):  # type: ignore[misc]  # it has no types
        def _split_scope(self, nodeid: str) -> str:
            return block(nodeid)

    config.option.loadscopereorder = False
    return Blocks(config, log)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """In the order of the blocks, where there are several processes."""
    if hasattr(config, "workerinput"):
        items.sort(key=lambda item: FIRST.index(name) if (name := block(item.nodeid)) in FIRST else len(FIRST))


@pytest.fixture(scope="session")
def leaf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("certs")
    certs.mint(folder, *certs.NAMES)
    return folder


class Served:
    """`python -m lab.origin`, with the events it has written so far."""

    def __init__(self, *options: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "lab.origin", "--exit-on-eof", *options],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=ROOT,
            start_new_session=True,  # As the driver starts it: it takes precedence with its session.
        )
        self.events: list[ledger.AnyEvent] = []
        self._connections: set[int] = set()
        self._new: queue.SimpleQueue[ledger.AnyEvent | None] = queue.SimpleQueue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        first = self.wait(lambda: self.events[0] if self.events else None)
        assert isinstance(first, ledger.OriginStarted)
        self.listening = first

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._new.put(ledger.decode(line))
        self._new.put(None)

    def wait(self, found: Callable[[], Any]) -> Any:
        """The first true value of `found()`, looking again at each event."""
        end = time.monotonic() + PATIENCE_S
        while not (value := found()):
            event = self._new.get(timeout=max(0.01, end - time.monotonic()))
            self._take(event)
        return value

    def _take(self, event: ledger.AnyEvent | None) -> None:
        assert event is not None, "the origin has ended"
        self.events.append(event)
        if isinstance(event, ledger.ConnectionOpened):
            self._connections.add(event.connection)
        elif isinstance(event, ledger.ConnectionClosed):
            self._connections.discard(event.connection)

    def quiet(self) -> None:
        """Wait until no connection is open."""
        self.catch_up()
        self.wait(lambda: not self._connections)

    def begin_anew(self) -> None:
        """As after its start, but for the numbers that go on: the usual settings, and no event yet."""
        with closing(H1(self.port("control"))) as control:
            assert post(control, "/control/cell?name=none&streams=100&per_second=10") == 204
        self.wait(lambda: self.of(ledger.CellBegan))
        self.quiet()
        self.events.clear()

    def catch_up(self) -> None:
        """Take in what it has written so far, be it thousands of events, without looking at each."""
        while not self._new.empty():
            self._take(self._new.get())

    def of(self, kind: type[ledger.Event]) -> list[Any]:
        return [event for event in self.events if isinstance(event, kind)]

    def wait_count(self, kind: type[ledger.Event], count: int) -> list[Any]:
        return list(self.wait(lambda: self.of(kind) if len(self.of(kind)) >= count else None)) if count else []

    def port(self, door: str) -> int:
        return self.listening.doors[door]

    def stop(self) -> int:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.close()
        code = self.process.wait(timeout=PATIENCE_S)
        self._reader.join(PATIENCE_S)
        self.process.stdout.close()
        return code


@pytest.fixture
def serve(leaf: Path) -> Iterator[Callable[..., Served]]:
    """Start origins with options; all are stopped at the end."""
    started: list[Served] = []

    def start(*options: str) -> Served:
        started.append(Served("--certs", str(leaf), *options))
        return started[-1]

    yield start
    for served in started:
        if served.process.poll() is None:
            assert served.stop() == 0


@pytest.fixture(scope="module")
def shared_origin(leaf: Path) -> Iterator[Served]:
    """One process for the tests of a module."""
    served = Served("--certs", str(leaf))
    yield served
    assert served.stop() == 0


@pytest.fixture
def origin(shared_origin: Served) -> Iterator[Served]:
    """An origin with the usual settings, and the events of one test. It must have no fault when the test ends."""
    shared_origin.begin_anew()
    yield shared_origin
    close_all()
    shared_origin.quiet()
    assert not shared_origin.of(ledger.OriginFault)


@pytest.fixture
def control(origin: Served) -> Iterator[H1]:
    """The control door of `origin`: see tests.tools.control.post."""
    client = H1(origin.port("control"))
    yield client
    client.close()


def metered(origin: Served, control: H1, query: str = "") -> ledger.Counters:
    """The origin's own counters, just now. With them everything that it entered before has been read."""
    before = len(origin.of(ledger.Counters))
    assert post(control, f"/control/meter{query}") == 204
    last: ledger.Counters = origin.wait_count(ledger.Counters, before + 1)[-1]
    return last


def faults(origin: Served, control: H1) -> list[ledger.OriginFault]:
    metered(origin, control)
    return origin.of(ledger.OriginFault)
