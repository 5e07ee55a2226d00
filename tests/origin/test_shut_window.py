"""A WebSocket over HTTP/2 whose client takes nothing just now, as a page that is busy: what it sends all the same must not stop
the connection, for the same task of the origin reads what opens the window again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import h2.events
import pytest

from lab.model.ledger import StreamClosed, StreamOpened
from lab.transports import transports
from tests.conftest import Served, faults, metered
from tests.tools.control import H1, H2, post

SOCKET, SSE = transports()["websocket"].PATH, transports()["sse"].PATH
CLOSE = bytes([0x88, 0x82, 0, 0, 0, 0, 0x03, 0xE8])  # Code 1000, masked with zeros.
PING = bytes([0x89, 0x80, 0, 0, 0, 0])
FEW, MANY = 1, 500  # More than the origin holds ready for one stream (32 KiB).
WIDE = 2**20

UNREAD = pytest.mark.parametrize("unread", [FEW, MANY])


@pytest.fixture
def client(origin: Served, control: H1, leaf: Path) -> Iterator[H2]:
    """A connection whose streams have no window of their own until one is given."""
    assert post(control, "/control/cell?name=c&per_second=0") == 204
    with closing(H2(origin.port("h2"), leaf, window=0)) as client:
        yield client


def held(origin: Served, control: H1, client: H2, unread: int) -> int:
    """A WebSocket that is sent so many updates, and takes none; its stream."""
    stream = client.websocket(f"{SOCKET}?cell=c&tab=1")
    assert client.until(h2.events.ResponseReceived, stream)
    origin.wait_count(StreamOpened, 1)
    for _ in range(unread):
        assert post(control, "/control/publish") == 204
    metered(origin, control)
    return stream


def opened(client: H2, stream: int) -> None:
    client.h2.increment_flow_control_window(WIDE, stream)
    client.flush()


def goes_on(control: H1, client: H2) -> bool:
    """Whether another stream of the connection is answered, and brings what is published."""
    stream = client.get(f"{SSE}?cell=c&tab=2")
    if not client.until(h2.events.ResponseReceived, stream, patience_s=3):
        return False
    opened(client, stream)
    return client.until(h2.events.DataReceived, stream, patience_s=3)


@UNREAD
def test_closing_it_leaves_the_connection_as_it_was(origin: Served, control: H1, client: H2, unread: int) -> None:
    stream = held(origin, control, client, unread)
    client.send(stream, CLOSE)
    [closed] = origin.wait_count(StreamClosed, 1)
    assert closed.reason == "client"
    assert goes_on(control, client)
    opened(client, stream)
    assert client.until(h2.events.StreamEnded, stream)
    assert client.data(stream)[-4:] == b"\x88\x02\x03\xe8"
    assert not faults(origin, control)


@UNREAD
def test_a_ping_leaves_the_connection_as_it_was(origin: Served, control: H1, client: H2, unread: int) -> None:
    stream = held(origin, control, client, unread)
    client.send(stream, PING)
    assert goes_on(control, client)
    opened(client, stream)
    while b"\x8a\x00" not in client.data(stream):
        assert client.until(h2.events.DataReceived, stream)
    assert not faults(origin, control)
