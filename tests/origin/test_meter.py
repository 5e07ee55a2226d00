"""The origin's own counters, against what a client of plain sockets has counted itself."""

from __future__ import annotations

import time
from contextlib import closing
from pathlib import Path

import h2.events
import pytest

from lab.model.ledger import Counters, StreamOpened
from lab.transports import transports
from tests.conftest import PATIENCE_S, Served, metered
from tests.tools.control import H1, H2, connect, post


class Counting:
    """A request at the plain door, sent and received byte by byte as it is on the wire."""

    def __init__(self, origin: Served, path: str, *headers: str) -> None:
        self.socket = connect(origin.port("h1-clear"))
        asked = "\r\n".join((f"GET {path} HTTP/1.1", "Host: 127.0.0.1", *headers, "", "")).encode()
        self.socket.sendall(asked)
        self.sent = len(asked)
        self.came = b""

    def until(self, wanted: bytes, count: int = 1) -> None:
        end = time.monotonic() + PATIENCE_S  # A heartbeat would come for ever.
        while self.came.count(wanted) < count:
            assert time.monotonic() < end
            data = self.socket.recv(65536)
            assert data
            self.came += data

    def close(self) -> None:
        self.socket.close()


def publish(control: H1, count: int) -> None:
    for _ in range(count):
        assert post(control, "/control/publish") == 204


@pytest.fixture
def newest(origin: Served, control: H1) -> int:
    """A silent feed in a cell that has just begun; its newest update's number."""
    assert post(control, "/control/cell?name=c&per_second=0") == 204
    publish(control, 9)
    return metered(origin, control).last


@pytest.mark.parametrize("transport", ["sse", "fetch_stream"])
def test_bytes_at_the_plain_door_are_what_the_client_counted(origin: Served, control: H1, newest: int, transport: str) -> None:
    before = metered(origin, control)
    with closing(Counting(origin, f"{transports()[transport].PATH}?cell=c&tab=1")) as client:
        for more in (0, 1, 5, 20):
            publish(control, more)
            client.until(b'"seq":', metered(origin, control).last - newest + 1)
            now = metered(origin, control)
            grown = (now.sent_bytes - before.sent_bytes, now.received_bytes - before.received_bytes)
            assert grown == (len(client.came), client.sent)


def test_bytes_of_a_whole_answer(origin: Served, control: H1, newest: int) -> None:
    before = metered(origin, control)
    with closing(Counting(origin, f"{transports()['polling'].PATH}?cell=c&tab=1&after={newest - 4}")) as client:
        client.until(b"]}")
        after = metered(origin, control)
    assert after.sent_bytes - before.sent_bytes == len(client.came)
    assert after.received_bytes - before.received_bytes == client.sent
    assert (after.reached, after.delivered) == ({1: newest}, {1: 4})


def test_the_control_door_is_not_counted(origin: Served, control: H1, newest: int) -> None:
    before = metered(origin, control)
    with closing(H1(origin.port("control"))) as clock:
        clock.get(f"{transports()['sse'].PATH}?cell=c&tab=1")
        origin.wait_count(StreamOpened, 1)
        for _ in range(10):
            clock.next()
        after = metered(origin, control)
    assert (after.sent_bytes, after.received_bytes) == (before.sent_bytes, before.received_bytes)
    assert after.delivered == {}


def test_bytes_over_tls_are_those_of_the_records_and_handshakes(origin: Served, control: H1, leaf: Path, newest: int) -> None:
    before = metered(origin, control)
    with closing(H2(origin.port("h2"), leaf)) as client:
        stream = client.get(f"{transports()['sse'].PATH}?cell=c&tab=1")
        assert client.until(h2.events.DataReceived, stream)
        opened = metered(origin, control)
        publish(control, 3)
        while client.data(stream).count(b"\n\n") < 4:
            assert client.until(h2.events.DataReceived, stream)
        after = metered(origin, control)
    assert opened.sent_bytes - before.sent_bytes > 1000, "the certificates"
    assert after.sent_bytes - before.sent_bytes > len(client.data(stream))


def test_reached_and_delivered_of_each_tab_of_the_cell(origin: Served, control: H1, newest: int) -> None:
    sse = transports()["sse"].PATH
    with (
        closing(Counting(origin, f"{sse}?cell=c&tab=1")) as new,
        closing(Counting(origin, f"{sse}?cell=c&tab=2", f"Last-Event-ID: {newest - 5}")) as back,
        closing(Counting(origin, f"{sse}?cell=another&tab=3")) as other,
    ):
        new.until(b"data:", 1)
        back.until(b"data:", 5)
        other.until(b"data:", 1)
        first = metered(origin, control)
        assert (first.cell, first.last) == ("c", newest)
        assert (first.reached, first.delivered) == ({1: newest, 2: newest}, {1: 1, 2: 5})
        publish(control, 2)
        new.until(b"data:", 3)
        back.until(b"data:", 7)
        second = metered(origin, control)
        assert (second.reached, second.delivered) == ({1: newest + 2, 2: newest + 2}, {1: 3, 2: 7})
        assert post(control, "/control/cell?name=next") == 204
        assert metered(origin, control).delivered == {}, "each cell has its own"


def test_delays_are_counted_anew_when_asked(origin: Served, control: H1, newest: int) -> None:
    with closing(Counting(origin, f"{transports()['sse'].PATH}?cell=c&tab=1")) as client:
        client.until(b"data:")
        publish(control, 5)
        client.until(b"data:", 6)
        readings = [metered(origin, control, query) for query in ("", "", "?anew=1", "")]
    assert all(one.delay_ms >= 0 for one in readings)
    assert len({one.delay_ms for one in readings[:3]}) == 1, "that reading is the last that has them"
    assert readings[3].delay_ms == 0.0


@pytest.mark.parametrize("door", ["h1-clear", "control"])
def test_only_a_post_at_the_control_door_reads_it(origin: Served, control: H1, door: str) -> None:
    with closing(H1(origin.port(door))) as client:
        method = "GET" if door == "control" else "POST"
        assert client.get("/control/meter", method=method).status_code == 404
    metered(origin, control)
    assert len(origin.of(Counters)) == 1
