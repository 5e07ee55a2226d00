"""The control client holds exactly N connections or streams; the ledger and the judge must say exactly N."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import h2.events
import pytest

from lab.judge import judge
from lab.model import ledger
from lab.model.cell import Cell
from lab.model.claims import AtMost
from lab.model.connections import connections_of, live_streams
from lab.model.ledger import ConnectionOpened, StreamClosed, StreamOpened
from lab.model.observation import ClientSeen, Observation
from lab.model.verdict import Kind, Limit
from tests.conftest import Served
from tests.tools.control import H1, H2


def path(cell: Cell, tab: int) -> str:
    return f"/api/v1/live-scores?cell={cell.name}&tab={tab}"


def held(door: str, asked: int) -> Cell:
    return Cell(scenario="control", engine="raw", protocol=door, transport="sse", opening="page", at_most=asked)


def observed(served: Served, cell: Cell) -> Observation:
    """What the lab would have seen, with the control client in the pages' place."""
    asked = cell.at_most
    return Observation(
        cell=cell,
        claim=AtMost(asked, source="the control client holds this many"),
        opened=asked,
        clients=tuple(ClientSeen(number, document=True, live=True) for number in range(1, asked + 1)),
        ledger=tuple(served.events),
        settled_ms=served.events[-1].at_ms,
    )


@pytest.mark.parametrize("door", ["h1-clear", "h1"])
@pytest.mark.parametrize("count", [1, 2, 6, 7, 40, 200])
def test_connections_are_counted_exactly(origin: Served, leaf: Path, door: str, count: int) -> None:
    cell = held(door, count)
    clients = [H1(origin.port(door), leaf if door == "h1" else None) for _ in range(count)]
    try:
        for tab, client in enumerate(clients, start=1):
            assert client.get(path(cell, tab)).status_code == 200
        origin.wait_count(StreamOpened, count)
        verdict = judge(observed(origin, cell))
        assert (verdict.kind, verdict.live, verdict.connections, verdict.max_streams) == (Kind.CONFIRMED, count, count, 1)
        assert verdict.cause == Limit.NONE
    finally:
        for client in clients:
            client.close()
    closed = origin.wait_count(StreamClosed, count)
    assert {event.reason for event in closed} == {"client"}


@pytest.mark.parametrize("counts", [(1,), (6,), (100,), (1, 1), (3, 50, 7), (250, 1)])
def test_streams_are_counted_exactly(serve: Callable[..., Served], leaf: Path, counts: tuple[int, ...]) -> None:
    served = serve("--streams-per-connection", "300")
    total = sum(counts)
    cell = held("h2", total)
    clients = [H2(served.port("h2"), leaf) for _ in counts]
    try:
        tab = 0
        for client, count in zip(clients, counts, strict=True):
            for _ in range(count):
                tab += 1
                client.get(path(cell, tab))
                assert client.until(h2.events.ResponseReceived)
        served.wait_count(StreamOpened, total)
        verdict = judge(observed(served, cell))
        assert (verdict.live, verdict.connections, verdict.max_streams) == (total, len(counts), max(counts))
        first = next(stream for stream in served.of(StreamOpened) if stream.tab == 1)
        clients[0].reset(1)
        [closed] = served.wait_count(StreamClosed, 1)
        assert (closed.stream, closed.reason) == (first.stream, "client")
        rows = connections_of(served.events, cell.name)
        assert len(live_streams(rows, closed.at_ms)) == total - 1
    finally:
        for client in clients:
            client.close()


def test_what_alpn_chose_is_in_the_ledger(origin: Served, leaf: Path) -> None:
    """A client that offers only HTTP/1.1 at the h2 door gets it, and the judge does not take that for HTTP/2."""
    cell = held("h2", 1)
    client = H1(origin.port("h2"), leaf)
    try:
        assert client.get(path(cell, 1)).status_code == 200
        origin.wait_count(StreamOpened, 1)
        verdict = judge(observed(origin, cell))
        assert verdict.kind == Kind.UNSUPPORTED
        assert "negotiated http/1.1" in verdict.why
    finally:
        client.close()


def test_a_handshake_that_fails_is_in_the_ledger(origin: Served) -> None:
    """A client that does not speak TLS at a TLS door: opened, never negotiated, closed with a reason."""
    client = H1(origin.port("h1"))
    client.socket.sendall(b"GET / HTTP/1.1\r\n\r\n")
    client.close()
    [closed] = origin.wait_count(ledger.ConnectionClosed, 1)
    [row] = connections_of(origin.events, "any")
    assert len(origin.of(ConnectionOpened)) == 1
    assert row.protocol is None
    assert closed.reason.startswith("broken")
