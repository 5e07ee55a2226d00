"""A WebSocket client that breaks the protocol: its connection is failed, and nothing beside it suffers.

RFC 6455 section 8.1: text that is no UTF-8 fails the connection; section 7.1.7: an endpoint should say why in a Close frame
first; section 7.4.1: 1007 is the code for such text, 1002 for what else breaks the protocol.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import h2.events
import h11
import pytest
from wsproto.events import CloseConnection, Message
from wsproto.frame_protocol import CloseReason

from lab.model.ledger import StreamClosed, StreamOpened
from lab.transports import transports
from tests.conftest import Served, faults
from tests.tools.control import H1, H2, WS, post

SOCKET = f"{transports()['websocket'].PATH}?cell=c&tab=1"
PATHS = pytest.mark.parametrize("path", [SOCKET, "/payload?cell=c&tab=1&transport=websocket&name=binary"])
TEXT, CLOSE, UNKNOWN = 1, 8, 3


def frame(opcode: int, content: bytes) -> bytes:
    """A message of one frame, masked with zeros as a client's must be."""
    return bytes([0x80 | opcode, 0x80 | len(content), 0, 0, 0, 0]) + content


WHY = CloseReason.INVALID_FRAME_PAYLOAD_DATA
NO_TEXT = [
    frame(TEXT, content) for content in (b"go\xff", b"\xe2\x9a", b"\xed\xa0\x80")
]  # A stray byte, half of one, a surrogate.
BREAKS = {
    **dict.fromkeys(NO_TEXT, WHY),
    b"\x81\x02go": CloseReason.PROTOCOL_ERROR,  # It is not masked.
    frame(UNKNOWN, b"go"): CloseReason.PROTOCOL_ERROR,
    frame(CLOSE, b"\x00\x01"): CloseReason.PROTOCOL_ERROR,  # No such code.
}


@pytest.fixture
def beside(origin: Served, control: H1) -> Iterator[H1]:
    """A stream that was there before and goes on afterwards."""
    assert post(control, "/control/pace?per_second=100") == 204
    with closing(H1(origin.port("h1-clear"))) as client:
        client.get(f"{transports()['sse'].PATH}?cell=c&tab=2")
        origin.wait_count(StreamOpened, 1)
        yield client
        assert all(isinstance(client.next(), h11.Data) for _ in range(5))


def goodbye(socket: WS) -> CloseConnection | None:
    """The Close frame that ends a WebSocket's messages; None where the connection ends without."""
    while isinstance(event := socket.next(), Message):
        pass
    assert event is None or isinstance(event, CloseConnection), event
    return event


@PATHS
def test_text_that_is_no_utf8_ends_its_connection(origin: Served, control: H1, beside: H1, path: str) -> None:
    for count, data in enumerate(NO_TEXT, 1):
        with closing(WS(origin.port("h1-clear"), path)) as socket:
            socket.socket.sendall(data)
            goodbye(socket)
            assert origin.wait_count(StreamClosed, count)[-1].reason == "client"
    assert not faults(origin, control)


@PATHS
def test_the_client_is_told_why(origin: Served, path: str) -> None:
    for data, code in BREAKS.items():
        with closing(WS(origin.port("h1-clear"), path)) as socket:
            socket.socket.sendall(data)
            close = goodbye(socket)
            assert close is not None, data
            assert close.code == code, data


@PATHS
def test_over_http2_its_stream_ends(origin: Served, control: H1, leaf: Path, beside: H1, path: str) -> None:
    """In both directions, so that it leaves its place; the streams beside it on the same connection go on."""
    with closing(H2(origin.port("h2"), leaf)) as client:
        other = client.get(f"{transports()['sse'].PATH}?cell=c&tab=3")
        assert client.until(h2.events.DataReceived, other)
        for count, data in enumerate(NO_TEXT, 1):
            stream = client.websocket(path)
            assert client.until(h2.events.ResponseReceived, stream)
            client.send(stream, data)
            assert origin.wait_count(StreamClosed, count)[-1].reason == "client"
            assert all(client.until(h2.events.DataReceived, other) for _ in range(10))
            assert client.h2.open_outbound_streams == 1, "its place is free"
            assert client.data(stream).endswith(b"\x88\x02" + WHY.to_bytes(2, "big"))
    assert not faults(origin, control)
