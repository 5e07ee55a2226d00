"""What ends or silences a stock Hypercorn leaves the origin well. Each test runs against both, and must differ.

The faults and their upstream issues are listed in lab/origin/hypercorn_patches.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import h2.events
import pytest

from tests.conftest import PATIENCE_S, ROOT
from tests.tools.control import H2

BOTH = pytest.mark.parametrize("kind", ["stock", "patched"])


class Server:
    def __init__(self, kind: str, leaf: Path) -> None:
        self.kind = kind
        self._leaf = leaf
        self._clients: list[H2] = []
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.tools.server", kind, str(leaf)],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=ROOT,
        )
        assert self.process.stdout is not None
        self.port = int(self.process.stdout.readline())

    def client(self) -> H2:
        self._clients.append(H2(self.port, self._leaf))
        return self._clients[-1]

    def counts(self) -> list[int]:
        """Bytes that /flood has been allowed to write; disconnects that /polled and /watched have noticed."""
        client = self.client()
        stream = client.get("/counts")
        assert client.until(h2.events.StreamEnded, stream)
        return [int(word) for word in client.data(stream).split()]

    def stop(self) -> None:
        for client in self._clients:
            client.close()
        self.process.kill()
        self.process.wait(timeout=PATIENCE_S)
        assert self.process.stdout is not None
        self.process.stdout.close()


@pytest.fixture
def server(leaf: Path) -> Iterator[Callable[[str], Server]]:
    started: list[Server] = []

    def start(kind: str) -> Server:
        started.append(Server(kind, leaf))
        return started[-1]

    yield start
    for one in started:
        one.stop()


def goes_on(client: H2, stream: int) -> bool:
    """Whether a stream still brings data, and goes on to: longer than what a dead server had sent before can last."""
    return all(client.until(h2.events.DataReceived, stream, patience_s=3) for _ in range(25))


@BOTH
def test_a_stream_outlives_1000_requests_beside_it(server: Callable[[str], Server], kind: str) -> None:
    client = server(kind).client()
    stream = client.get("/stream")
    for _ in range(1010):
        if client.terminated or not client.until(h2.events.StreamEnded, client.get("/ping"), patience_s=3):
            break
    assert goes_on(client, stream) == (kind == "patched")


@BOTH
def test_a_deep_chain_of_priorities(server: Callable[[str], Server], kind: str) -> None:
    """Chromium makes each stream depend on the one before it."""
    one = server(kind)
    client = one.client()
    stream = previous = client.get("/stream")
    for _ in range(150):
        previous = client.get("/stream", priority_depends_on=previous, priority_exclusive=True)
    assert goes_on(client, stream) == (kind == "patched")


@BOTH
def test_priorities_of_1000_streams(server: Callable[[str], Server], kind: str) -> None:
    """Firefox builds its tree of idle streams."""
    client = server(kind).client()
    stream = client.get("/stream")
    for number in range(3, 3 + 2 * 1100, 2):
        client.h2.prioritize(number, depends_on=0)
    client.flush()
    assert goes_on(client, stream) == (kind == "patched")


@BOTH
def test_a_shut_window_stops_the_writer(server: Callable[[str], Server], kind: str) -> None:
    """The client takes no data at all: the app may write what fits a window and the buffer, and then waits."""
    one = server(kind)
    client = one.client()
    client.get("/flood")
    assert client.until(h2.events.ResponseReceived)
    witness = one.client()
    stream = witness.get("/stream")
    for _ in range(25):  # Half a second of another stream's life: time enough for 50 MB.
        assert witness.until(h2.events.DataReceived, stream)
    accepted, _, _ = one.counts()
    assert (accepted < 1_000_000) == (kind == "patched"), accepted


@BOTH
@pytest.mark.parametrize("way", ["/polled", "/watched"])
def test_disconnects_are_noticed(server: Callable[[str], Server], kind: str, way: str) -> None:
    """Fifty streams reset, one after the other: asking now and then misses them, watching sees each."""
    one = server(kind)
    client = one.client()
    streams = [client.get(way) for _ in range(50)]
    for stream in streams:
        assert client.until(h2.events.DataReceived)
        client.reset(stream)
    witness = one.client()
    stream = witness.get("/stream")
    for _ in range(20):
        assert witness.until(h2.events.DataReceived, stream)
    _, polled, watched = one.counts()
    assert {"/polled": polled, "/watched": watched}[way] == (50 if way == "/watched" else 0)


CLOSE = bytes([0x88, 0x82, 0, 0, 0, 0, 0x03, 0xE8])  # A client's Close frame, code 1000, masked with zeros.


@BOTH
def test_a_websocket_that_its_client_closes_leaves_its_place(server: Callable[[str], Server], kind: str) -> None:
    """Over HTTP/2 its stream ends in both directions, and so no longer counts. Stock never ends it."""
    client = server(kind).client()
    socket = client.websocket("/socket")
    assert client.until(h2.events.DataReceived, socket)
    client.send(socket, CLOSE)
    assert client.until(h2.events.StreamReset, socket, patience_s=1) == (kind == "patched")
    assert any(isinstance(event, h2.events.StreamEnded) for event in client.events) == (kind == "patched")
    assert goes_on(client, client.get("/stream"))


@BOTH
def test_data_that_comes_after_the_answer(server: Callable[[str], Server], kind: str) -> None:
    """A request whose body is still being sent when it has been answered already."""
    client = server(kind).client()
    stream = client.get("/stream")
    late = client.get("/ping", end=False)
    assert client.until(h2.events.StreamEnded, late)
    client.send(late, b"late")
    assert goes_on(client, stream) == (kind == "patched")
