"""The event stream as a client meets it, over each door, decoded by httpx-sse."""

from __future__ import annotations

import json
import ssl
import time
from collections.abc import Iterator
from pathlib import Path

import h2.events
import h11
import httpx
import pytest
from httpx_sse import EventSource, ServerSentEvent, connect_sse

from lab.model.ledger import StreamClosed, StreamOpened
from lab.origin.feed import HISTORY
from lab.paths import AUTHORITY
from tests.conftest import Served, metered
from tests.tools.control import H1, H2, post

PATH = "/api/v1/live-scores?cell=t&tab=1"


def url(served: Served, door: str) -> str:
    scheme = "http" if door in ("h1-clear", "control") else "https"
    return f"{scheme}://127.0.0.1:{served.port(door)}"


@pytest.fixture
def client(leaf: Path) -> Iterator[httpx.Client]:
    with httpx.Client(verify=ssl.create_default_context(cafile=str(leaf / AUTHORITY)), timeout=20) as client:
        yield client


def read(client: httpx.Client, address: str, count: int, last_event_id: str = "") -> list[ServerSentEvent]:
    headers = {"Last-Event-ID": last_event_id} if last_event_id else {}
    with connect_sse(client, "GET", address + PATH, headers=headers) as source:
        assert source.response.headers["cache-control"] == "no-store"
        found: list[ServerSentEvent] = []
        for event in source.iter_sse():
            found.append(event)
            if len(found) == count:
                break
    return found


@pytest.mark.parametrize("door", ["h1-clear", "h1"])
def test_scores_and_commentary(origin: Served, control: H1, client: httpx.Client, door: str) -> None:
    assert post(control, "/control/pace?per_second=200") == 204
    events = read(client, url(origin, door), 60)
    assert {event.event for event in events} == {"score", "commentary"}
    numbers = [int(event.id) for event in events]
    assert numbers == list(range(numbers[0], numbers[0] + 60))
    assert all(json.loads(event.data)["seq"] == int(event.id) for event in events)


def test_resume_loses_nothing_and_repeats_nothing(origin: Served, control: H1, client: httpx.Client) -> None:
    assert post(control, "/control/pace?per_second=200") == 204
    address = url(origin, "h1")
    numbers: list[int] = []
    for _ in range(10):
        numbers += [int(event.id) for event in read(client, address, 7, str(numbers[-1]) if numbers else "")]
    assert numbers == list(range(numbers[0], numbers[0] + 70))
    opened = origin.wait_count(StreamOpened, 10)
    assert opened[0].last_event_id is None
    assert [event.last_event_id for event in opened[1:]] == [str(number) for number in numbers[6:-1:7]]


def test_who_stayed_away_too_long_is_told_what_was_missed(origin: Served, control: H1, client: httpx.Client) -> None:
    assert post(control, "/control/pace?per_second=1000") == 204
    address = url(origin, "h1-clear")
    while metered(origin, control).last < HISTORY + 100:
        time.sleep(0.05)
    missed, first = read(client, address, 2, "1")
    gap = json.loads(missed.data)
    assert (missed.event, gap["first"]) == ("missed", 2)
    assert int(first.id) == gap["last"] + 1


def test_headers_come_before_the_first_event(origin: Served, control: H1) -> None:
    """The feed is silent: a client that has asked to go on after the newest update sees the headers before there is any."""
    assert post(control, "/control/pace?per_second=0") == 204
    newest = metered(origin, control).last
    client = H1(origin.port("h1-clear"))
    try:
        response = client.get(PATH, {"Last-Event-ID": str(newest)})
        headers = {name.decode(): value.decode() for name, value in response.headers}
        assert (response.status_code, headers["content-type"]) == (200, "text/event-stream")
        first = client.next()
        assert isinstance(first, h11.Data)
        assert bytes(first.data) == b"retry: 2000\n"
    finally:
        client.close()


def test_the_origin_can_end_a_stream_properly(origin: Served, control: H1, leaf: Path) -> None:
    """Over HTTP/2 with END_STREAM, over HTTP/1.1 with the last chunk: the client knows that it is over."""
    h2_client, h1_client = H2(origin.port("h2"), leaf), H1(origin.port("h1"), leaf)
    try:
        stream = h2_client.get(PATH)
        h1_client.get(PATH)
        origin.wait_count(StreamOpened, 2)
        assert post(control, "/control/end?cell=t&tab=1") == 204
        assert h2_client.until(h2.events.StreamEnded, stream)
        assert EventSource(httpx.Response(200, headers={"content-type": "text/event-stream"}, content=h1_client.body()))
        assert {event.reason for event in origin.wait_count(StreamClosed, 2)} == {"origin"}
    finally:
        h2_client.close()
        h1_client.close()


def test_control_endpoints_are_on_the_control_door_only(origin: Served, leaf: Path) -> None:
    for door in ("h1-clear", "h1"):
        client = H1(origin.port(door), leaf if door == "h1" else None)
        assert client.get("/control/end?cell=t&tab=1", method="POST").status_code == 404
        client.close()


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/", 200),
        ("/tab?transport=sse&tab=1", 200),
        ("/tab", 400),
        ("/tab?transport=telepathy&tab=1", 400),
        ("/tab?transport=sse", 200),
        ("/tab?transport=sse&tab=-1", 400),
        ("/tab?transport=sse&tab=<script>", 400),
        ("/api/v1/live-scores", 400),
        ("/api/v1/live-scores?tab=99999999999999999999", 400),
        ("/../../etc/passwd", 404),
        ("/nothing", 404),
    ],
)
def test_pages_and_what_is_none(origin: Served, path: str, status: int) -> None:
    client = H1(origin.port("h1-clear"))
    try:
        response = client.get(path)
        assert response.status_code == status
        assert b"no-store" in dict(response.headers)[b"cache-control"]
    finally:
        client.close()
