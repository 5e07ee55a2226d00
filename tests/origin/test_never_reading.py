"""Clients that never read: the origin's memory stays bounded, and whoever does read goes on as before. Both figures are shown.

What a client leaves unread lies in the kernel's buffers of its connection first. When they are full, or its window is shut, a
stream waits with the one write it has in hand, and whatever it keeps after that would grow with every update.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from itertools import pairwise
from pathlib import Path

import psutil
import pytest

from lab.model.ledger import StreamClosed, StreamOpened, now_ms
from tests.conftest import PATIENCE_S, Served, metered
from tests.origin.beside import KIB, MIB, READER, SSE, Reader
from tests.tools.control import H1, H2, post


@pytest.fixture
def origin(serve: Callable[..., Served]) -> Served:
    """A process of its own: its memory is measured."""
    return serve()


CLIENTS, STREAMS = 1000, 100
PER_SECOND, FILLING_PER_SECOND = 400, 100
BEFORE_S, DURING_S = 0.5, 1.5
HELD_KIB = 128
"""In the origin, for each: its connection, tasks and parsers are 40 KiB, over HTTP/2 its buffer has 32, and the write in hand
is what was published since its turn before, in two copies."""
GROWN_KIB = 16
"""For each, while nothing more is taken from it: four times as much is published meanwhile."""


class Watch:
    """One measurement: the reader's latency and the origin's own memory, before and while others do not read."""

    def __init__(self, origin: Served, control: H1, reader: Reader) -> None:
        self._origin = origin
        self._control = control
        self._process = psutil.Process(origin.process.pid)
        self._reader = reader

    def memory(self) -> int:
        """What is the origin's alone, in bytes."""
        return int(self._process.memory_full_info().uss)

    def pace(self, per_second: int) -> None:
        assert post(self._control, f"/control/pace?per_second={per_second}") == 204

    def stuck(self, count: int) -> None:
        """Until so many have been sent something, and none of them any more."""
        end = time.monotonic() + PATIENCE_S
        before: dict[int, int] = {}
        while len(before) < count or before != self._sent():
            assert time.monotonic() < end, "what nobody reads is still taken in"
            before = self._sent()
            time.sleep(0.5)

    def _sent(self) -> dict[int, int]:
        return {tab: sent for tab, sent in metered(self._origin, self._control).delivered.items() if tab != READER}

    def measure(self, name: str, count: int, come: Callable[[], None], go: Callable[[], None]) -> str:
        """The feed is silent while they `come`: what so many openings cost is another matter. At the end they `go`, all at
        once. The figures, in a line."""
        moments, memory = [now_ms()], []

        def phase(per_second: int, *, measured: bool = True) -> None:
            moments.append(now_ms())
            if measured:
                memory.append(self.memory())
            self.pace(per_second)

        self._origin.wait_count(StreamOpened, 1)
        self.pace(PER_SECOND)
        time.sleep(BEFORE_S)
        phase(0)
        come()
        self._origin.wait_count(StreamOpened, 1 + count)
        self.pace(FILLING_PER_SECOND)
        self.stuck(count)
        phase(PER_SECOND)
        time.sleep(DURING_S)
        phase(PER_SECOND)
        go()
        self._origin.wait_count(StreamClosed, count)
        phase(0, measured=False)
        self._reader.all_heard(metered(self._origin, self._control).last)
        before, midway, ended = memory
        assert ended - before < count * HELD_KIB * KIB
        assert ended - midway < count * GROWN_KIB * KIB
        sizes = ", ".join(f"{size / MIB:.1f}" for size in memory)
        each = (ended - before) / count / KIB
        late = [self._reader.latency(*between) for between in pairwise(moments)]
        return (
            f"{name}: the origin's memory before, midway and at the end {sizes} MiB, {each:.0f} KiB for each; latency of who "
            f"reads (median/p99, ms) {late[0]} before, {late[1]} while buffers filled, {late[2]} then, {late[3]} as they left"
        )


@pytest.fixture
def watch(origin: Served, control: H1) -> Iterator[Watch]:
    assert post(control, "/control/cell?name=c&per_second=0") == 204
    reader = Reader(origin.port("h1-clear"))
    reader.start()
    yield Watch(origin, control, reader)
    reader.leave()


def shown(figures: str, capsys: pytest.CaptureFixture[str]) -> None:
    with capsys.disabled():
        print(f"\n{figures}")  # noqa: T201  # they are for whoever runs the test


@pytest.mark.usefixtures("many_files")
def test_1000_connections_that_are_never_read(origin: Served, watch: Watch, capsys: pytest.CaptureFixture[str]) -> None:
    with ExitStack() as others:

        def come() -> None:
            for tab in range(1, CLIENTS + 1):
                one = others.enter_context(socket.socket())
                one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
                one.connect(("127.0.0.1", origin.port("h1-clear")))
                one.sendall(f"GET {SSE}{tab} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())

        shown(watch.measure(f"{CLIENTS} connections that are never read", CLIENTS, come, others.close), capsys)


@pytest.mark.parametrize("window", [0, None], ids=["a window of 0", "a window never opened again"])
def test_100_streams_whose_window_is_shut(
    origin: Served, leaf: Path, watch: Watch, capsys: pytest.CaptureFixture[str], window: int | None
) -> None:
    """All on one connection. Either each stream's own window is 0, or the connection's is used up and nothing acknowledged."""
    with closing(H2(origin.port("h2"), leaf, window=window)) as shut:

        def come() -> None:
            for tab in range(1, STREAMS + 1):
                shut.get(f"{SSE}{tab}")

        name = f"{STREAMS} streams with a window {'of 0' if window == 0 else 'that is never opened again'}"
        shown(watch.measure(name, STREAMS, come, shut.close), capsys)
