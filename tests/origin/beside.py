"""What an attack costs those beside it: a good reader's stream on a connection of its own, and the origin's process."""

from __future__ import annotations

import json
import socket
import statistics
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path

import h2.events
import h11
import psutil

from lab.model.ledger import ConnectionClosed, ConnectionOpened, Counters, StreamOpened, now_ms
from lab.transports import transports
from tests.conftest import PATIENCE_S, Served, faults, metered
from tests.tools.control import H1, H2, post

SSE = f"{transports()['sse'].PATH}?cell=c&tab="
READER = 0
PER_SECOND = 200
BEFORE_S, DURING_S, LOOK_S = 0.2, 0.4, 0.02
LITTLE_MIB = 8
"""What an attack by one connection may cost: the most that it can make the origin keep is a block of fields, 1 MiB of frames;
the rest is what Python keeps at hand of what it used. Where a bound was lacking, tens of MiB were seen, and more with time."""
EACH_KIB = 64
"""What each of many connections may: 40 for its tasks and parsers, and 16 of a request that is not whole."""
KIB, MIB = 1024, 1024 * 1024


class Reader(threading.Thread):
    """A client that reads all the time, over HTTP/2 when `leaf` is given. `heard` has each update's number, its stamp, and when
    it came, by the same clock."""

    def __init__(self, port: int, leaf: Path | None = None) -> None:
        super().__init__()
        self._client = H1(port) if leaf is None else H2(port, leaf)
        self.heard: list[tuple[int, float, float]] = []

    def run(self) -> None:
        with closing(self._client), suppress(OSError, h11.RemoteProtocolError):
            self._read()

    def leave(self) -> None:
        with suppress(OSError):
            self._client.socket.shutdown(socket.SHUT_RDWR)
        self.join(PATIENCE_S)

    def _read(self) -> None:
        rest = b""
        for part in self._parts():
            *events, rest = (rest + part).split(b"\n\n")
            for event in events:
                update = json.loads(b"".join(line[6:] for line in event.split(b"\n") if line.startswith(b"data: ")))
                if "seq" in update:  # Else it tells what this client has missed.
                    self.heard.append((update["seq"], update["at_ms"], now_ms()))

    def _parts(self) -> Iterator[bytes]:
        if isinstance(self._client, H1):
            self._client.get(f"{SSE}{READER}")
            while isinstance(part := self._client.next(), h11.Data):
                yield bytes(part.data)
            return
        self._client.get(f"{SSE}{READER}")
        while not self._client.terminated:
            for event in self._client.receive():
                if isinstance(event, h2.events.DataReceived):
                    yield event.data or b""

    def latency(self, began_ms: float, ended_ms: float) -> str:
        """Median and 99th percentile of the updates published between two moments."""
        late = sorted(came_ms - at_ms for _, at_ms, came_ms in self.heard if began_ms <= at_ms < ended_ms)
        return f"{statistics.median(late):.1f}/{late[len(late) * 99 // 100]:.1f}" if late else "–"

    def all_heard(self, last: int) -> None:
        """Every update, once and in order, to the last that was published."""
        until(lambda: bool(self.heard) and self.heard[-1][0] >= last, "the reader lacks updates")
        numbers = [seq for seq, *_ in self.heard]
        assert numbers == list(range(numbers[0], last + 1))


class Beside:
    """A reader who must not suffer, and what the origin is before, during and after an attack."""

    def __init__(self, origin: Served, control: H1, leaf: Path, reader: Reader) -> None:
        self._origin = origin
        self._control = control
        self._leaf = leaf
        self._reader = reader
        self._process = psutil.Process(origin.process.pid)
        self._peak = 0

    @contextmanager
    def attack(self, sent: str, most_kib: int = LITTLE_MIB * KIB) -> Iterator[ExitStack]:
        """Whatever enters the stack leaves it at the end of the attack. Then all must be as it was: nothing is lost to the
        reader, and the attackers have left nothing behind. The figures are printed."""
        moments = [now_ms()]
        time.sleep(BEFORE_S)
        memory, held = self._process.memory_info().rss, self._held()
        moments.append(now_ms())
        with self._watched():
            with ExitStack() as attackers:
                yield attackers
                time.sleep(max(0.0, DURING_S - (now_ms() - moments[-1]) / 1000))
                moments.append(now_ms())
            until(lambda: self._held() == held, "what the attackers opened is still there")
        assert post(self._control, "/control/pace?per_second=0") == 204
        self._reader.all_heard(metered(self._origin, self._control).last)
        before, during = (self._reader.latency(*moments[at : at + 2]) for at in (0, 1))
        print(  # noqa: T201  # for whoever runs it: pytest -rP
            f"{sent}: nothing lost; latency beside it (median/p99, ms) {before} before, {during} during; "
            f"the origin's memory {memory / MIB:.1f} MiB before, {self._peak / MIB:.1f} at most"
        )
        assert self._peak - memory < most_kib * KIB
        assert faults(self._origin, self._control) == []
        self._still_serves()

    def _held(self) -> tuple[int, int]:
        """Descriptors of the process, and connections in its ledger, that are open."""
        before = len(self._origin.of(Counters))
        assert post(self._control, "/control/meter") == 204
        until(lambda: self._metered() > before, "the ledger is silent")
        opened, closed = len(self._origin.of(ConnectionOpened)), len(self._origin.of(ConnectionClosed))
        return self._process.num_fds(), opened - closed

    def _metered(self) -> int:
        self._origin.catch_up()
        return len(self._origin.of(Counters))

    @contextmanager
    def _watched(self) -> Iterator[None]:
        """Keep the greatest memory seen meanwhile."""
        over = threading.Event()

        def look() -> None:
            while not over.wait(LOOK_S):
                self._peak = max(self._peak, self._process.memory_info().rss)

        watching = threading.Thread(target=look)
        watching.start()
        try:
            yield
        finally:
            over.set()
            watching.join()

    def _still_serves(self) -> None:
        assert self._origin.process.poll() is None
        with closing(H1(self._origin.port("h1-clear"))) as fresh:
            assert fresh.get("/").status_code == 200
        with closing(H2(self._origin.port("h2"), self._leaf)) as fresh2:
            assert fresh2.until(h2.events.StreamEnded, fresh2.get("/"))


@contextmanager
def standing_by(origin: Served, control: H1, leaf: Path, door: str) -> Iterator[Beside]:
    """With a reader at one of the doors."""
    assert post(control, f"/control/cell?name=c&per_second={PER_SECOND}") == 204
    reader = Reader(origin.port(door), leaf if door == "h2" else None)
    reader.start()
    origin.wait_count(StreamOpened, 1)
    try:
        yield Beside(origin, control, leaf, reader)
    finally:
        reader.leave()


def until(true: Callable[[], bool], otherwise: str) -> None:
    end = time.monotonic() + PATIENCE_S
    while not true():
        assert time.monotonic() < end, otherwise
        time.sleep(0.05)
