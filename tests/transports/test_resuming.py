"""A client that comes back says how far it had come, by `?after=` or with SSE by Last-Event-ID, and gets what it missed."""

from __future__ import annotations

import json
import time
from collections.abc import Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from itertools import islice

import h11
import pytest
from wsproto.events import TextMessage

from lab.model.ledger import StreamClosed, StreamOpened
from lab.origin.feed import HISTORY
from lab.transports import transports
from tests.conftest import PATIENCE_S, Served, metered
from tests.tools.control import H1, WS, post

STREAMS = ("sse", "fetch_stream", "websocket")
POLLS = ("long_polling", "polling")
EVERY = pytest.mark.parametrize("transport", [*STREAMS, *POLLS])


def lines(client: H1) -> Iterator[bytes]:
    """What a response without end says, line by line."""
    rest = b""
    while isinstance(event := client.next(), h11.Data):
        *whole, rest = (rest + bytes(event.data)).split(b"\n")
        yield from whole


def numbers(served: Served, transport: str, known: object = None) -> Generator[int]:
    """The numbers of the updates that one request brings to a client that knows them up to `known`."""
    port, path = served.port("h1-clear"), f"{transports()[transport].PATH}?cell=c&tab=1"
    headers = {}
    if transport == "sse" and known is not None:
        headers = {"Last-Event-ID": str(known)}
    elif known is not None:
        path += f"&after={known}"
    if transport == "websocket":
        with closing(WS(port, path)) as socket:
            while isinstance(message := socket.next(), TextMessage):
                yield json.loads(message.data)["seq"]
        return
    with closing(H1(port)) as client:
        client.get(path, headers)
        if transport == "sse":
            yield from (int(line[3:]) for line in lines(client) if line.startswith(b"id:"))
        elif transport == "fetch_stream":
            yield from (json.loads(line)["seq"] for line in lines(client) if line)
        else:
            yield from (update["seq"] for update in json.loads(client.body())["updates"])


def visit(served: Served, transport: str, count: int, known: object = None) -> list[int]:
    """So many numbers, or as many as an answer has; then the client leaves."""
    with closing(numbers(served, transport, known)) as found:
        return list(islice(found, count))


@pytest.fixture
def newest(origin: Served, control: H1) -> int:
    """A feed that has said something and has fallen silent: the number of its newest update."""
    assert post(control, "/control/pace?per_second=0") == 204
    for _ in range(9):
        assert post(control, "/control/publish") == 204
    return metered(origin, control).last


@EVERY
def test_ten_visits_lose_nothing_and_repeat_nothing(origin: Served, control: H1, transport: str) -> None:
    assert post(control, "/control/pace?per_second=200") == 204
    told = visit(origin, transport, 7)
    for _ in range(9):
        told += visit(origin, transport, 7, told[-1])
        time.sleep(0.02)  # Away for a few updates.
    assert told == list(range(told[0], told[0] + len(told)))
    assert len(told) > 9
    known = [event.last_event_id for event in origin.wait_count(StreamOpened, 10)]
    assert all(known[1:]) == (transport == "sse"), "only SSE has a header for it"


@EVERY
def test_what_was_said_meanwhile_comes_at_once(origin: Served, newest: int, transport: str) -> None:
    """The feed is silent: nothing but the history can bring it."""
    for away in (1, 4, 8):
        assert visit(origin, transport, away, newest - away) == list(range(newest - away + 1, newest + 1))


@EVERY
def test_who_is_new_here_begins_with_the_newest(origin: Served, newest: int, transport: str) -> None:
    """So does who knows a number that this feed never gave, as after a restart of the origin, or what is no number."""
    for known in (None, 10**9, "x", "-1", "%D9%A3"):
        assert visit(origin, transport, 1, known) == [newest], known


@pytest.mark.parametrize("transport", [*STREAMS, "long_polling"])
def test_who_knows_everything_waits_for_the_next(origin: Served, control: H1, newest: int, transport: str) -> None:
    with ThreadPoolExecutor(1) as aside:
        told = aside.submit(visit, origin, transport, 1, newest)
        origin.wait_count(StreamOpened, 1)
        assert not told.done()
        assert post(control, "/control/publish") == 204
        assert told.result(PATIENCE_S) == [newest + 1]


def test_polling_waits_for_nothing(origin: Served, newest: int) -> None:
    with closing(H1(origin.port("h1-clear"))) as client:
        client.get(f"{transports()['polling'].PATH}?cell=c&tab=1&after={newest}")
        assert json.loads(client.body())["updates"] == []
        [closed] = origin.wait_count(StreamClosed, 1)
    assert (closed.reason, closed.sent) == ("answered", 0)


@EVERY
def test_who_stayed_away_too_long_sees_it_in_the_numbers(origin: Served, control: H1, transport: str) -> None:
    """The history has an end: what comes begins with the oldest update it holds, and goes on without a gap."""
    assert post(control, "/control/pace?per_second=1000") == 204
    while metered(origin, control).last < HISTORY + 100:
        time.sleep(0.05)
    told = visit(origin, transport, 100, 1)
    assert told == list(range(told[0], told[0] + 100))
    assert told[0] > 100
