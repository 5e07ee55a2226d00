"""The ledger folded: connections, what they carried, and how many at once."""

from __future__ import annotations

import pytest

from lab.model.connections import (
    Connection,
    StreamRow,
    arrivals,
    connections_of,
    control_connections,
    live_connections,
    live_streams,
    most_streams,
    peak,
    peak_streams,
    stream_ended,
)
from lab.model.ledger import AnyEvent, StreamClosed, StreamOpened
from tests.model.test_ledger import EVENTS


def test_the_fold_keeps_to_the_measured_doors() -> None:
    [row] = connections_of(EVENTS, "a")
    assert (row.connection, row.protocol, row.opened_ms, row.closed_ms, row.documents) == (1, "http/1.1", 2, 9, (1,))
    [stream] = row.streams
    assert (stream.tab, stream.opened_ms, stream.closed_ms, stream.sent) == (1, 5, 8, 3)


def test_what_another_cell_left_behind_is_not_carried() -> None:
    """A request that waited when its tab was closed may come through later, on a connection of its own."""
    [row] = connections_of(EVENTS, "b")
    assert (row.documents, row.streams) == ((), ())


def test_the_control_door_is_counted_apart() -> None:
    assert [control_connections(EVENTS, at) for at in (6, 7, 100)] == [0, 1, 1]


def test_what_opened_before_the_slice_is_left_out() -> None:
    assert connections_of(EVENTS[3:], "a") == ()


def test_open_is_from_the_opening_up_to_the_closing() -> None:
    [row] = connections_of(EVENTS, "a")
    assert [len(live_streams([row], at)) for at in (4, 5, 7.9, 8)] == [0, 1, 1, 0]
    assert [len(live_connections([row], at)) for at in (1, 2, 8.9, 9)] == [0, 1, 1, 0]


def row(*spans: tuple[float, float | None]) -> Connection:
    streams = tuple(StreamRow(n, 1, n, "sse", start, end) for n, (start, end) in enumerate(spans))
    return Connection(1, "h2", "p", 0, streams=streams)


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
    assert peak(row(*spans).streams, until) == most
    assert peak_streams([row(*spans), row()], until) == most


def test_an_arrival_is_of_this_cell_and_since_the_moment() -> None:
    """The control door's streams have tab numbers of their own: they are no arrivals."""
    events: list[AnyEvent] = [
        StreamOpened(at_ms=1, stream=1, connection=1, cell="a", tab=7, transport="sse", http="2"),
        StreamOpened(at_ms=5, stream=2, connection=2, cell="control", tab=7, transport="sse", http="2"),
        StreamOpened(at_ms=6, stream=3, connection=1, cell="a", tab=8, transport="sse", http="2"),
        StreamClosed(at_ms=7, stream=2, reason="client", sent=0),
        StreamClosed(at_ms=8, stream=1, reason="client", sent=0),
    ]
    assert [event.tab for event in arrivals(events, "a", (7, 8), since_ms=2)] == [8]
    assert stream_ended(events, "a", 7, since_ms=2) == 8
    assert stream_ended(events, "a", 8, since_ms=2) is None


def test_the_most_between_two_moments() -> None:
    rows = [row((1, 6), (2, None)), row((7, None), (9, None))]
    assert [most_streams(rows, since, until) for since, until in ((3, 5), (6, 8), (6, 9), (0, 0.5))] == [2, 2, 3, 0]
