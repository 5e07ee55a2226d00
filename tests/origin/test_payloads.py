"""Payloads on request: a client of plain sockets gets what lab/model/payloads.py says, byte for byte."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import h2.events
import h11
import pytest
from wsproto.events import BytesMessage, Ping, Pong, TextMessage

from lab.model.ledger import StreamClosed, StreamOpened
from lab.model.payloads import BINARY, MOST_BYTES, PAYLOADS
from lab.transports import transports
from tests.conftest import Served, faults
from tests.tools.control import H1, H2, WS

PATH = "/payload?cell=c&tab=1"
HTTP = pytest.mark.parametrize("transport", ["sse", "fetch_stream"])


def chunks(client: H1) -> list[bytes]:
    """A response's chunks, as the origin cut them."""
    found: list[bytes] = []
    while isinstance(event := client.next(), h11.Data):
        if event.chunk_start:
            found.append(b"")
        found[-1] += bytes(event.data)
    return found


def named(transport: str, name: str) -> str:
    return f"{PATH}&transport={transport}&name={name.replace(' ', '+')}"


@HTTP
def test_each_comes_as_it_is_written_and_in_its_own_pieces(origin: Served, transport: str) -> None:
    payloads = PAYLOADS[transport]
    with closing(H1(origin.port("h1-clear"))) as client:
        for one in payloads:
            headers = dict(client.get(named(transport, one.name)).headers)
            carries = transports()[transport].CARRIES
            assert carries is not None
            assert headers[b"content-type"] == carries.content_type
            assert chunks(client) == list(one.chunks), one.name
            client.next_cycle()
        closed = origin.wait_count(StreamClosed, len(payloads))
    assert {(event.reason, event.sent) for event in closed} == {("answered", 1)}
    assert {(event.transport, event.tab, event.cell) for event in origin.of(StreamOpened)} == {(transport, 1, "c")}


@HTTP
def test_each_comes_whole_over_http2(origin: Served, leaf: Path, transport: str) -> None:
    with closing(H2(origin.port("h2"), leaf)) as client:
        for one in PAYLOADS[transport]:
            stream = client.get(named(transport, one.name))
            assert client.until(h2.events.StreamEnded, stream)
            assert client.data(stream) == b"".join(one.chunks), one.name
        closed = origin.wait_count(StreamClosed, len(PAYLOADS[transport]))
    assert {(event.reason, event.sent) for event in closed} == {("answered", 1)}


def message(socket: WS) -> bytes:
    """The next binary message, whole."""
    parts = []
    while isinstance(event := socket.next(), BytesMessage):
        parts.append(bytes(event.data))
        if event.message_finished:
            return b"".join(parts)
    raise AssertionError(event)


def test_a_websocket_carries_binary_messages_each_time_it_is_told_to(origin: Served) -> None:
    """It says nothing unasked: a pong is the first that comes."""
    with closing(WS(origin.port("h1-clear"), named("websocket", "binary"))) as socket:
        socket.send(Ping())
        assert isinstance(socket.next(), Pong)
        for _ in range(3):
            socket.send(TextMessage("go"))
            assert message(socket) == BINARY
    [closed] = origin.wait_count(StreamClosed, 1)
    assert (closed.reason, closed.sent) == ("client", 3)


@pytest.mark.parametrize("count", [1, MOST_BYTES])
def test_as_many_bytes_as_are_asked_for(origin: Served, leaf: Path, count: int) -> None:
    asked = f"{PATH}&transport=sse&bytes={count}"
    with closing(H1(origin.port("h1"), leaf)) as client, closing(WS(origin.port("h1-clear"), asked)) as socket:
        assert client.get(asked).status_code == 200
        assert client.body() == b"data: " + b"x" * count + b"\n\n"
        socket.send(TextMessage("go"))
        assert message(socket) == b"data: " + b"x" * count + b"\n\n"


WRONG = {
    "bytes=0": "not 0",
    "bytes=-1": "not -1",
    f"bytes={MOST_BYTES + 1}": f"1 to {MOST_BYTES} bytes",
    f"bytes={10**18}": f"1 to {MOST_BYTES} bytes",
    "bytes=1.5": "1.5",
    "bytes=abc": "abc",
    "bytes=%0A": "",
    f"bytes={'9' * 5000}": "",
    "transport=sse&name=nonsense": "name=NAME",
    "transport=telepathy&name=one+line": "transport=NAME",
    "transport=polling&name=one+line": "transport=NAME",
    "transport=sse": "name=NAME",
    "": "name=NAME",
}


def test_what_can_not_be_carried_is_said_in_a_line(origin: Served, control: H1) -> None:
    """On one connection: each answer leaves it, and the origin, as they were."""
    with closing(H1(origin.port("h1-clear"))) as client:
        for query, said in WRONG.items():
            assert client.get(f"{PATH}&{query}").status_code == 400, query
            line = client.body().decode()
            assert (line.count("\n"), line[-1]) == (1, "\n"), query
            assert said in line
            client.next_cycle()
        for tab in ("", "&tab=x", "&tab=-1"):
            assert client.get(f"/payload?transport=sse&name=one+line{tab}").status_code == 400
            assert client.body() == b"a payload needs ?tab=NUMBER\n"
            client.next_cycle()
        assert client.get(named("sse", "one line")).status_code == 200
        assert client.body() == b"data: one\n\n"
    assert not faults(origin, control)
    assert len(origin.of(StreamOpened)) == 1


def test_a_websocket_is_refused_what_can_not_be_carried(origin: Served, control: H1, leaf: Path) -> None:
    with closing(H2(origin.port("h2"), leaf)) as client:
        for query in WRONG:
            stream = client.websocket(f"{PATH}&{query}")
            assert client.until(h2.events.StreamEnded, stream), query
        answers = [dict(event.headers) for event in client.events if isinstance(event, h2.events.ResponseReceived)]
    assert {headers[b":status"] for headers in answers} == {b"403"}
    assert len(answers) == len(WRONG)
    assert not faults(origin, control)
    assert not origin.of(StreamOpened)
