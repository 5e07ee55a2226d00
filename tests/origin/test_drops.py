"""Control endpoints that turn clients away: all streams of a cell dropped at once, in three ways, and requests refused."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import h2.events
import h11
import pytest
from wsproto.events import TextMessage

from lab.model.ledger import ConnectionOpened, StreamClosed, StreamOpened, StreamsDropped
from lab.transports import transports
from tests.conftest import PATIENCE_S, Served, faults
from tests.tools.control import H1, H2, WS, connect, post

SSE = "/api/v1/live-scores?tab=1&cell="


@pytest.fixture(autouse=True)
def quick(control: H1) -> None:
    """Updates come quickly, so that a stream is soon seen to go on."""
    assert post(control, "/control/pace?per_second=100") == 204


def goes_on(client: H1) -> bool:
    """Whether a stream brings what was said only now."""
    return all(isinstance(client.next(), h11.Data) for _ in range(20))


def is_reset(connection: socket.socket) -> bool:
    """True when the connection is reset, False when it ends in order. TLS is left aside: Python's takes both for one."""
    with socket.socket(fileno=os.dup(connection.fileno())) as tcp:
        tcp.settimeout(PATIENCE_S)
        try:
            while tcp.recv(65536):
                pass
        except ConnectionResetError:
            return True
    return False


def test_drop_by_ending_the_streams_of_a_cell(origin: Served, control: H1, leaf: Path) -> None:
    """Each ends as its protocol ends a response; the connections stay, and so do the streams of another cell."""
    with closing(H1(origin.port("h1-clear"))) as one, closing(H2(origin.port("h2"), leaf)) as two:
        with closing(WS(origin.port("h1-clear"), f"{transports()['websocket'].PATH}?tab=2&cell=c")) as held:
            one.get(f"{SSE}c")
            stream, other = two.get(f"{SSE}c"), two.get(f"{SSE}another")
            origin.wait_count(StreamOpened, 4)
            assert post(control, "/control/drop?cell=c&how=end") == 204
            assert one.body()
            assert two.until(h2.events.StreamEnded, stream)
            while isinstance(last := held.next(), TextMessage):
                pass
            assert getattr(last, "code", None) == 1000
        assert all(two.until(h2.events.DataReceived, other) for _ in range(5))
        one.next_cycle()
        assert one.get("/").status_code == 200
        assert [event.reason for event in origin.wait_count(StreamClosed, 3)] == ["origin"] * 3
    [dropped] = origin.wait_count(StreamsDropped, 1)
    assert (dropped.cell, dropped.how) == ("c", "end")
    assert dropped.at_ms <= min(event.at_ms for event in origin.of(StreamClosed))


@pytest.mark.parametrize("door", ["h1-clear", "h1", "h2"])
def test_drop_by_resetting_every_connection(origin: Served, control: H1, leaf: Path, door: str) -> None:
    """The client sees RST, at once and without an end of what it was reading; and it may come again."""
    folder = None if door == "h1-clear" else leaf
    client = H2(origin.port(door), leaf) if door == "h2" else H1(origin.port(door), folder)
    client.get(f"{SSE}c")
    with closing(H1(origin.port("control"))) as clock:
        clock.get(f"{SSE}c")
        origin.wait_count(StreamOpened, 2)
        assert post(control, "/control/drop?cell=c&how=reset") == 204
        assert is_reset(client.socket)
        assert goes_on(clock), "the control door is none of the measured ones"
    client.close()
    assert origin.wait_count(StreamClosed, 1)[0].reason == "client"
    with closing(H1(origin.port(door), folder)) as again:
        origin.wait_count(ConnectionOpened, 4)
        assert door == "h2" or again.get("/").status_code == 200
    assert not faults(origin, control)
    [dropped] = origin.of(StreamsDropped)
    assert (dropped.cell, dropped.how) == ("c", "reset")


def accepts(port: int) -> bool:
    try:
        connect(port).close()
    except ConnectionRefusedError:
        return False
    return True


def comes_true(found: Callable[[], bool]) -> bool:
    end = time.monotonic() + PATIENCE_S
    while not found():
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True


def test_drop_by_shutting_the_doors_for_a_while(origin: Served, control: H1, leaf: Path) -> None:
    """Every connection ends and every port refuses; then each accepts again where it was. The control door stays."""
    ports = [origin.port(door) for door in ("h1-clear", "h1", "h2", "h1-clear-2", "h1-2", "h2-2")]
    with closing(H1(ports[0])) as one, closing(H1(origin.port("control"))) as clock:
        one.get(f"{SSE}c")
        clock.get(f"{SSE}c")
        origin.wait_count(StreamOpened, 2)
        assert post(control, "/control/drop?cell=c&how=shut") == 204
        assert comes_true(lambda: not any(accepts(port) for port in ports))
        assert not is_reset(one.socket)
        assert comes_true(lambda: all(accepts(port) for port in ports))
        assert goes_on(clock)
    with closing(H1(ports[0])) as again, closing(H2(ports[2], leaf)) as two:
        assert again.get(f"{SSE}c").status_code == 200
        assert two.until(h2.events.DataReceived, two.get(f"{SSE}c"))
    assert not faults(origin, control)
    [dropped] = origin.of(StreamsDropped)
    assert (dropped.cell, dropped.how) == ("c", "shut")


@pytest.mark.parametrize("query", ["cell=c&how=nonsense", "cell=c&how=", "cell=c", "how=end", ""])
def test_a_wrong_query_drops_nothing(origin: Served, control: H1, query: str) -> None:
    with closing(H1(origin.port("h1-clear"))) as client:
        client.get(f"{SSE}c")
        assert post(control, f"/control/drop?{query}") == 400
        assert goes_on(client)
    assert not faults(origin, control)
    assert not origin.of(StreamsDropped)


REFUSE = "/control/refuse?cell=c&status="


def test_refusing_turns_a_cells_requests_away_until_it_ends(origin: Served, control: H1, leaf: Path) -> None:
    with closing(H1(origin.port("h1-clear"))) as client:

        def ask(cell: str) -> tuple[int, bytes]:
            response = client.get(f"{transports()['long_polling'].PATH}?tab=1&cell={cell}")
            client.body()
            client.next_cycle()
            return response.status_code, dict(response.headers)[b"content-type"]

        served = (200, b"application/json")
        for query, answer in (("503", (503, b"text/plain")), ("200&type=text/html", (200, b"text/html")), ("0", served)):
            assert post(control, REFUSE + query) == 204
            assert (ask("c"), ask("another")) == (answer, served)
        assert post(control, f"{REFUSE}503") == 204
        assert post(control, "/control/cell?name=c") == 204
        assert ask("c") == served, "a new cell begins without"
    closed = origin.wait_count(StreamClosed, 7)
    assert [event.reason for event in closed] == ["refused", "answered", "refused", *["answered"] * 4]
    assert not any(event.sent for event in closed if event.reason == "refused")


@pytest.mark.parametrize("transport", sorted(transports()))
def test_every_transport_can_be_refused(origin: Served, control: H1, leaf: Path, transport: str) -> None:
    """A WebSocket's handshake fails with status 403, whatever was asked for. A stream that was open before goes on."""
    path = f"{transports()[transport].PATH}?tab=1&cell=c"
    with closing(H1(origin.port("h1-clear"))) as before, closing(H2(origin.port("h2"), leaf)) as client:
        before.get(f"{SSE}c")
        origin.wait_count(StreamOpened, 1)
        assert post(control, f"{REFUSE}500") == 204
        stream = client.websocket(path) if transport == "websocket" else client.get(path)
        assert client.until(h2.events.ResponseReceived, stream)
        [response] = [event for event in client.events if isinstance(event, h2.events.ResponseReceived)]
        assert dict(response.headers)[b":status"] == (b"403" if transport == "websocket" else b"500")
        [closed] = origin.wait_count(StreamClosed, 1)
        assert closed.reason == "refused"
        assert goes_on(before)
    assert not faults(origin, control)


@pytest.mark.parametrize("query", ["cell=c", "status=503", "cell=c&status=", "cell=c&status=many"])
def test_a_refusal_needs_a_cell_and_a_status(origin: Served, control: H1, query: str) -> None:
    assert post(control, f"/control/refuse?{query}") == 400


@pytest.mark.parametrize("status", [-1, 1, 101, 1000])
def test_a_refusal_is_a_status_that_can_be_sent(origin: Served, control: H1, status: int) -> None:
    """Else every request it turns away would be a fault of the origin."""
    assert post(control, f"{REFUSE}{status}") == 400
