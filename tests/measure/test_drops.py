"""What a client's notes and the ledger say of a drop, put together: pure, and by the origin's clock."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from lab.measure.clock_offset import Offset
from lab.measure.drops import Requests, after_drop, requests_of
from lab.measure.page_script import Note
from lab.model.drops import ClientAfterDrop
from lab.model.ledger import AnyEvent, StreamClosed, StreamOpened

DROPPED, LAST = 1000.0, 15
AHEAD = Offset(900.0, 0.5)
"""The page's clock has a zero of its own, 900 ms after the origin's."""


def opened(stream: int, at_ms: float, *, cell: str = "c", tab: int = 1, **changes: Any) -> StreamOpened:
    fields = {"connection": 1, "transport": "sse", "http": "1.1", **changes}
    return StreamOpened(at_ms=at_ms, stream=stream, cell=cell, tab=tab, **fields)


def closed(stream: int, at_ms: float) -> StreamClosed:
    return StreamClosed(at_ms=at_ms, stream=stream, reason="origin", sent=0)


def notes(*updates: tuple[int, float], kind: str = "") -> list[Note]:
    """Updates by their numbers, and when they came by the page's own clock."""
    return [(seq, 0.0, page_ms, kind) for seq, page_ms in updates]


BEFORE = notes((8, 50), (9, 90))
SINCE = notes(*((seq, 700.0 + seq) for seq in range(10, LAST + 1)))
HELD: Requests = [(opened(1, 100), closed(1, 1002))]
AGAIN: Requests = [*HELD, (opened(2, 1500, http="2", last_event_id="9"), None)]


def found(noted: Sequence[Note] = (*BEFORE, *SINCE), streams: Requests = AGAIN, failed: str | None = None) -> ClientAfterDrop:
    return after_drop(1, noted, failed=failed, offset=AHEAD, requests=streams, dropped_ms=DROPPED, last=LAST)


def test_the_requests_of_one_client_in_order_and_each_with_its_end() -> None:
    first, second, last = opened(1, 5), opened(4, 20), opened(5, 30)
    others = [opened(2, 6, tab=2), opened(3, 7, cell="control")]
    events: list[AnyEvent] = [first, *others, closed(2, 8), closed(3, 9), closed(1, 10), second, last, closed(5, 40)]
    assert requests_of(events, "c", 1) == [(first, closed(1, 10)), (second, None), (last, closed(5, 40))]
    assert requests_of(events, "c", 3) == []


def test_one_that_came_back_and_lost_nothing() -> None:
    one = found()
    assert (one.closed_ms, one.asked_ms, one.asks, one.http, one.last_event_id) == (1002, 1500, 1, "2", "9")
    assert (one.had, one.live_ms, one.missed, one.repeated, one.failed) == (9, 1610.0, 0, 0, None)


def test_an_update_belongs_to_the_old_request_up_to_the_new_one() -> None:
    """Page clock 599.9 is 1499.9 of the origin's, before the new request reached it at 1500; 600 is after."""
    assert [found(notes((8, 50), (9, at), (10, 700))).had for at in (599.9, 600.0)] == [9, 8]
    assert [found(notes((8, 50), (9, at), (10, 700))).live_ms for at in (599.9, 600.0)] == [1600.0, 1500.0]


def test_one_that_never_asked_again_is_not_live_whatever_it_still_received() -> None:
    one = found(notes((8, 50), (9, 90), (10, 150)), HELD, failed="status 204")
    assert (one.asked_ms, one.asks, one.http, one.last_event_id, one.live_ms) == (None, 0, None, None, None)
    assert (one.had, one.missed, one.failed) == (10, 5, "status 204")


def test_one_that_asked_and_was_given_nothing() -> None:
    one = found(BEFORE, [*AGAIN, (opened(3, 2000, http="1.1", last_event_id="0"), closed(3, 2001))])
    assert (one.asked_ms, one.asks, one.http, one.last_event_id) == (1500, 2, "2", "9")
    assert (one.live_ms, one.had) == (None, 9)


@pytest.mark.parametrize(
    ("since", "missed", "repeated"),
    [
        ([10, 11, 12, 13, 14, 15], 0, 0),
        ([12, 13, 14, 15], 2, 0),
        ([10, 11, 12, 14], 2, 0),
        ([8, 9, 10, 11, 12, 13, 14, 15], 0, 2),
        ([9, 9, 12, 13, 14, 15], 2, 2),
        ([7, 10, 11, 12, 13, 14, 15], 0, 0),
        ([10, 11, 12, 13, 14, 15, 16, 16], 0, 0),
        ([], 6, 0),
    ],
)
def test_lost_and_repeated_of_those_up_to_the_last(since: list[int], missed: int, repeated: int) -> None:
    """Published since the first that it noted, and up to where the feed fell silent: what came later is no part of it."""
    one = found([*BEFORE, *notes(*((seq, 700) for seq in since))])
    assert (one.missed, one.repeated) == (missed, repeated)


def test_one_that_noted_nothing() -> None:
    one = found(())
    assert (one.had, one.live_ms, one.missed, one.repeated, one.kinds) == (None, None, 0, 0, {})
    assert (one.closed_ms, one.asked_ms) == (1002, 1500)


@pytest.mark.parametrize(
    ("stream", "closed_ms"),
    [
        ((opened(1, 100), closed(1, 1000)), 1000),
        ((opened(1, 1000), closed(1, 1001)), 1001),
        ((opened(1, 100), closed(1, 999)), None),
        ((opened(1, 100), None), None),
    ],
)
def test_the_stream_that_was_dropped_is_the_one_open_at_that_moment(
    stream: tuple[StreamOpened, StreamClosed | None], closed_ms: float | None
) -> None:
    """Who polls had none; and one that was closed before was not dropped."""
    earlier = (opened(7, 10), closed(7, 20))
    later = (opened(8, 1700), closed(8, 1800))
    assert found((), [earlier, stream, later]).closed_ms == closed_ms


def test_updates_by_the_name_of_the_event_that_brought_them() -> None:
    named = [*notes((8, 50), (9, 60), kind="score"), *notes((10, 700), kind="commentary"), *notes((11, 710))]
    assert list(found(named).kinds.items()) == [("commentary", 1), ("score", 2)]
