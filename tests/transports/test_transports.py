"""What each transport module offers; and fetch streaming, both kinds of polling and WebSocket as a plain client meets them."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path

import h2.events
import h11
import pytest
import wsproto
from wsproto.events import AcceptConnection, CloseConnection, Request, TextMessage

from lab.model.ledger import StreamClosed, StreamOpened
from lab.model.payloads import PAYLOADS
from lab.transports import Transport, fetch_stream, long_polling, polling, sse, transports, websocket
from tests.conftest import Served
from tests.tools.control import H1, H2, connect, post

KNOWN: tuple[Transport, ...] = (sse, fetch_stream, long_polling, polling, websocket)
"""Each keeps the contract: the type checker looks."""


def test_they_are_found_by_looking() -> None:
    found = transports()
    assert set(found) == {one.NAME for one in KNOWN}
    assert list(found) == sorted(found)
    for name, one in found.items():
        assert name == one.NAME
        assert one.TITLE[0].isupper()
        assert "const connect = " in one.SCRIPT
    for field in ("TITLE", "PATH"):
        assert len({getattr(one, field) for one in found.values()}) == len(found)


def test_each_payload_has_a_transport_that_carries_it() -> None:
    carrying = {name: one.CARRIES for name, one in transports().items() if one.CARRIES}
    assert set(carrying) == set(PAYLOADS)
    for name, carries in carrying.items():
        assert f"carry.{name} = " in carries.script


def test_what_is_true_of_each() -> None:
    assert [name for name, one in transports().items() if one.OWN_LIMIT] == ["websocket"]
    assert [name for name, one in transports().items() if one.POLLS] == ["polling"]


@pytest.mark.parametrize("name", sorted(transports()))
def test_the_page_has_the_transports_script(origin: Served, name: str) -> None:
    with closing(H1(origin.port("h1-clear"))) as client:
        client.get(f"/tab?cell=c&transport={name}")
        page = client.body().decode()
    assert transports()[name].SCRIPT in page
    assert f"const transportPath = '{transports()[name].PATH}';" in page
    assert "{{" not in page


def test_the_payloads_page_has_every_script(origin: Served) -> None:
    with closing(H1(origin.port("h1-clear"))) as client:
        client.get("/payloads")
        page = client.body().decode()
    assert all(one.CARRIES.script in page for one in transports().values() if one.CARRIES)
    assert "{{" not in page


def test_fetch_streaming_is_a_line_an_update(origin: Served) -> None:
    client = H1(origin.port("h1-clear"))
    client.get(f"{fetch_stream.PATH}?cell=c&tab=1")
    body = b""
    while body.count(b"\n") < 3:
        event = client.next()
        assert isinstance(event, h11.Data)
        body += bytes(event.data)
    numbers = [json.loads(line)["seq"] for line in body.splitlines()[:3]]
    assert numbers == list(range(numbers[0], numbers[0] + 3))
    [opened] = origin.wait_count(StreamOpened, 1)
    assert (opened.transport, opened.http) == ("fetch_stream", "1.1")
    client.close()


def test_long_polling_answers_at_once_and_then_waits(origin: Served) -> None:
    client = H1(origin.port("h1-clear"))
    client.get(f"{long_polling.PATH}?cell=c&tab=1")
    [first] = json.loads(client.body())["updates"]
    reached = first["seq"]
    for _ in range(5):
        client.next_cycle()
        client.get(f"{long_polling.PATH}?cell=c&tab=1&after={reached}")
        updates = json.loads(client.body())["updates"]
        assert [update["seq"] for update in updates] == list(range(reached + 1, reached + 1 + len(updates)))
        assert updates
        reached = updates[-1]["seq"]
    assert {event.reason for event in origin.wait_count(StreamClosed, 6)} == {"answered"}
    client.close()


def test_polling_is_answered_at_once_with_what_is_new_or_with_nothing(origin: Served, control: H1) -> None:
    assert post(control, "/control/pace?per_second=0") == 204
    client = H1(origin.port("h1-clear"))

    def ask(known: str) -> list[int]:
        response = client.get(f"{polling.PATH}?cell=c&tab=1{known}")
        assert dict(response.headers)[b"content-type"] == b"application/json"
        numbers = [update["seq"] for update in json.loads(client.body())["updates"]]
        client.next_cycle()
        return numbers

    [newest] = ask("")
    assert ask(f"&after={newest}") == []
    for _ in range(3):
        assert post(control, "/control/publish") == 204
    assert ask(f"&after={newest}") == [newest + 1, newest + 2, newest + 3]
    assert [(event.reason, event.sent) for event in origin.wait_count(StreamClosed, 3)] == [
        ("answered", 1),
        ("answered", 0),
        ("answered", 3),
    ]
    assert {event.transport for event in origin.of(StreamOpened)} == {"polling"}
    client.close()


def test_a_websocket_over_http1(origin: Served) -> None:
    raw = connect(origin.port("h1-clear"))
    client = wsproto.WSConnection(wsproto.ConnectionType.CLIENT)
    raw.sendall(client.send(Request(host="127.0.0.1", target=f"{websocket.PATH}?cell=c&tab=1")))
    events: list[wsproto.events.Event] = []
    while len([event for event in events if isinstance(event, TextMessage)]) < 3:
        client.receive_data(raw.recv(65536))
        events += client.events()
    assert isinstance(events[0], AcceptConnection)
    texts = [json.loads(event.data)["seq"] for event in events if isinstance(event, TextMessage)]
    assert texts == list(range(texts[0], texts[0] + len(texts)))
    raw.sendall(client.send(CloseConnection(code=1000)))
    [closed] = origin.wait_count(StreamClosed, 1)
    assert closed.reason == "client"
    raw.close()


def test_a_websocket_over_http2(origin: Served, leaf: Path) -> None:
    """RFC 8441: an extended CONNECT on a stream beside others."""
    client = H2(origin.port("h2"), leaf)
    stream = client.websocket(f"{websocket.PATH}?cell=c&tab=1")
    assert client.until(h2.events.DataReceived, stream)
    [opened] = origin.wait_count(StreamOpened, 1)
    assert (opened.transport, opened.http) == ("websocket", "2")
    client.close()


@pytest.mark.parametrize("path", ["/nothing", f"{websocket.PATH}?tab=none"])
def test_a_websocket_to_nowhere_is_refused(origin: Served, path: str) -> None:
    raw = connect(origin.port("h1-clear"))
    client = wsproto.WSConnection(wsproto.ConnectionType.CLIENT)
    raw.sendall(client.send(Request(host="127.0.0.1", target=path)))
    client.receive_data(raw.recv(65536))
    assert not any(isinstance(event, AcceptConnection) for event in client.events())
    assert origin.process.poll() is None
    raw.close()
