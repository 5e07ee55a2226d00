from __future__ import annotations

import msgspec
import pytest

from lab import ledger
from lab.ledger import (
    AnyEvent,
    CellBegan,
    ConnectionClosed,
    ConnectionNegotiated,
    ConnectionOpened,
    DocumentServed,
    Event,
    Listening,
    OriginFault,
    StreamClosed,
    StreamOpened,
)

EVENTS = [
    Listening(at_ms=0, host="h", doors={"h1": 1}, streams_per_connection=100, updates_per_second=10, pid=1, versions={}),
    CellBegan(at_ms=1, cell="a"),
    ConnectionOpened(at_ms=2, connection=1, door="h1", peer="127.0.0.1:1"),
    ConnectionNegotiated(at_ms=3, connection=1, protocol="http/1.1"),
    DocumentServed(at_ms=4, connection=1, cell="a", tab=1),
    StreamOpened(at_ms=5, stream=1, connection=1, cell="a", tab=1, transport="sse", http="1.1"),
    ConnectionOpened(at_ms=6, connection=2, door="control", peer="127.0.0.1:2"),
    StreamOpened(at_ms=7, stream=2, connection=2, cell="control", tab=1, transport="sse", http="1.1"),
    StreamClosed(at_ms=8, stream=1, reason="client", sent=3),
    ConnectionClosed(at_ms=9, connection=1, reason="closed"),
    OriginFault(at_ms=10, where="connection 1", error="no"),
]


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: type(event).__name__)
def test_every_event_is_one_line_and_comes_back(event: Event) -> None:
    line = ledger.encode(event)
    assert b"\n" not in line
    assert ledger.decode(line) == event


@pytest.mark.parametrize("line", [b"", b"{", ledger.encode(EVENTS[2])[:-1], b'{"event":"Unheard"}', b"[]", b"\xff"])
def test_a_line_that_is_no_event_is_refused(line: bytes) -> None:
    with pytest.raises(msgspec.DecodeError):
        ledger.decode(line)


def test_the_fold_keeps_to_one_door() -> None:
    events = [ledger.decode(ledger.encode(event)) for event in EVENTS]
    [row] = ledger.connections(events, "h1")
    assert (row.connection, row.protocol, row.opened_ms, row.closed_ms, row.documents) == (1, "http/1.1", 2, 9, (1,))
    [stream] = row.streams
    assert (stream.tab, stream.opened_ms, stream.closed_ms, stream.sent) == (1, 5, 8, 3)


def test_what_opened_before_the_slice_is_left_out() -> None:
    events = [ledger.decode(ledger.encode(event)) for event in EVENTS[3:]]
    assert ledger.connections(events, "h1") == ()


def test_open_is_from_the_opening_up_to_the_closing() -> None:
    [row] = ledger.connections([ledger.decode(ledger.encode(event)) for event in EVENTS], "h1")
    assert [len(ledger.live_streams([row], at)) for at in (4, 5, 7.9, 8)] == [0, 1, 1, 0]
    assert [len(ledger.live_connections([row], at)) for at in (1, 2, 8.9, 9)] == [0, 1, 1, 0]


def row(*spans: tuple[float, float | None]) -> ledger.Connection:
    streams = tuple(ledger.Stream(n, 1, n, "sse", start, end) for n, (start, end) in enumerate(spans))
    return ledger.Connection(1, "h2", "p", 0, streams=streams)


@pytest.mark.parametrize(
    ("spans", "until", "most"),
    [
        ([], 10, 0),
        ([(1, None)], 10, 1),
        ([(1, 2), (2, 3), (3, None)], 10, 1),
        ([(1, 5), (2, 6), (3, 4)], 10, 3),
        ([(1, None), (2, None), (30, None)], 10, 2),
    ],
)
def test_peak(spans: list[tuple[float, float | None]], until: float, most: int) -> None:
    assert ledger.peak(row(*spans).streams, until) == most
    assert ledger.peak_streams([row(*spans), row()], until) == most


def test_an_arrival_is_of_this_cell_and_since_the_moment() -> None:
    """The control door's streams have tab numbers of their own: they are no arrivals."""
    events: list[AnyEvent] = [
        StreamOpened(at_ms=1, stream=1, connection=1, cell="a", tab=7, transport="sse", http="2"),
        StreamOpened(at_ms=5, stream=2, connection=2, cell="control", tab=7, transport="sse", http="2"),
        StreamOpened(at_ms=6, stream=3, connection=1, cell="a", tab=8, transport="sse", http="2"),
        StreamClosed(at_ms=7, stream=2, reason="client", sent=0),
        StreamClosed(at_ms=8, stream=1, reason="client", sent=0),
    ]
    assert [event.tab for event in ledger.arrivals(events, "a", (7, 8), since_ms=2)] == [8]
    assert ledger.stream_ended(events, "a", 7, since_ms=2) == 8
    assert ledger.stream_ended(events, "a", 8, since_ms=2) is None
