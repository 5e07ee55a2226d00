"""What a cell's listening comes to, with counters made up for it."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from lab.judge.figures import Cost, Way, cost, percentiles, way
from lab.model.delivery import ClientDelivery, DeliverySeen, Usage, UsageSpan
from lab.model.ledger import Counters, StreamOpened
from lab.model.observation import ClientSeen
from tests.judge.test_limits import seen


def counters(at_ms: float, last: int, **changes: Any) -> Counters:
    """The origin's counters as it would say them, punctual and with no tab."""
    fields: dict[str, Any] = {"cell": "c", "reached": {}, "delivered": {}, "late_ms": 0.5, "latest_ms": 2.5}
    return Counters(at_ms=at_ms, last=last, **{**fields, "received_bytes": 0, "sent_bytes": 0, **changes})


def spent(since: float, until: float, origin: tuple[float, int] = (0, 0), browser: tuple[float, int] = (0, 0)) -> UsageSpan:
    """CPU seconds, and bytes of memory grown by, on top of what both had used before."""
    trees = [(Usage(10.0, 5_000_000, 3), Usage(10.0 + cpu_s, 5_000_000 + grown, 3)) for cpu_s, grown in (origin, browser)]
    return UsageSpan((since, until), *trees)


LISTENED = DeliverySeen(
    tabs=(ClientDelivery(1, 25, 0, 1, 0, (3.0, 1.0)), ClientDelivery(2, 15, 10, 3, 2, (4.0, 2.0))),
    began=counters(2000, 100, received_bytes=300, sent_bytes=7000, late_ms=90.0, latest_ms=99.0),
    ended=counters(7000, 125, received_bytes=500, sent_bytes=9010),
    clocks_ms=0.123,
    idle=(spent(1000, 2000, (0.1, 100_000)), spent(7000, 9000, (0.6, 600_000), (0.4, 0))),
    spent=spent(2000, 7000, (3.0, 3_000_000), (1.5, -10_000)),
)
"""Five seconds, with a second of idleness before and two after."""


def figures(listened: DeliverySeen = LISTENED, **changes: Any) -> Way:
    found = way(seen(2, 2, listened=listened, **changes))
    assert found is not None
    return found


def test_nobody_listened() -> None:
    assert way(seen(2, 2)) is None


def test_counts_are_over_all_tabs_and_since_the_beginning() -> None:
    found = figures()
    assert (found.seconds, found.published, found.received) == (5.0, 25, 40)
    assert (found.missed, found.repeated, found.disordered) == (10, 4, 2)
    assert (found.late_ms, found.latest_ms, found.clocks_ms) == (0.5, 2.5, 0.12)
    assert [found.latency_ms[percent] for percent in (0, 25, 50, 51, 100)] == [1.0, 1.0, 2.0, 3.0, 4.0]


def test_bytes_are_those_of_the_window_for_each_update_that_came() -> None:
    assert (figures().sent_bytes, figures().received_bytes) == (50.2, 5.0)


def test_requests_count_within_the_window_and_of_this_cell_only() -> None:
    """One as the window begins is in it, one as it ends is not; but all of the cell tell by which version they came."""
    cell = seen(2, 2).cell.name
    moments = [(1999.9, cell, "2"), (2000, cell, "1.1"), (3000, cell, "1.1"), (6999.9, cell, "1.1"), (7000, cell, "1.1")]
    ledger = tuple(
        StreamOpened(at_ms=at_ms, stream=n, connection=1, cell=whose, tab=1, transport="polling", http=http)
        for n, (at_ms, whose, http) in enumerate([*moments, (3000, "control", "3")])
    )
    found = figures(ledger=ledger)
    assert (found.requests, found.requests_per_second, found.http) == (3, 0.6, ("1.1", "2"))


def test_the_first_update_of_the_middle_tab_and_of_the_slowest() -> None:
    opened = [40.0, None, 10.04, 900.0]
    tabs = tuple(ClientSeen(n, document=True, live=True, opening_ms=ms) for n, ms in enumerate(opened, start=1))
    assert figures(tabs=tabs).first_ms == (40.0, 900.0)
    assert figures(tabs=tabs[1:2]).first_ms is None


def test_what_idleness_costs_is_taken_off() -> None:
    """In five seconds as idle as before it would have used 0.5 s, as idle as after 1.5 s; so 2 s are for 40 updates."""
    found = figures()
    assert found.origin == Cost(50.0, 12.5, 50_000_000, 8_000_000)
    assert found.browser == Cost(25.0, 12.5, -250_000, 4_990_000)


def test_idleness_that_differs_the_other_way_is_as_uncertain() -> None:
    before, after = LISTENED.idle
    turned = msgspec.structs.replace(LISTENED, idle=(after, before))
    assert cost(turned, "origin", 40) == cost(LISTENED, "origin", 40)


def test_no_update_came() -> None:
    found = figures(msgspec.structs.replace(LISTENED, tabs=(ClientDelivery(1, 0, 25, 0, 0, ()),)))
    assert (found.received, found.missed, found.latency_ms) == (0, 25, ())
    assert (found.sent_bytes, found.received_bytes) == (None, None)
    assert found.origin == Cost(None, None, None, 8_000_000)
    assert found.browser == Cost(None, None, None, 4_990_000)


@pytest.mark.parametrize(
    ("values", "found"),
    [
        ([7.0], {0: 7.0, 1: 7.0, 50: 7.0, 100: 7.0}),
        ([20.0, 10.0], {0: 10.0, 50: 10.0, 51: 20.0, 100: 20.0}),
        ([5.0, 1.0, 4.0, 2.0, 3.0], {0: 1.0, 20: 1.0, 21: 2.0, 40: 2.0, 41: 3.0, 80: 4.0, 81: 5.0, 99: 5.0}),
        ([float(n) for n in range(200, 0, -1)], {0: 1.0, 1: 2.0, 50: 100.0, 99: 198.0, 100: 200.0}),
    ],
)
def test_a_percentile_is_a_value_that_occurred(values: list[float], found: dict[int, float]) -> None:
    all_of_them = percentiles(values)
    assert len(all_of_them) == 101
    assert {percent: all_of_them[percent] for percent in found} == found


def test_there_are_no_percentiles_of_nothing() -> None:
    assert percentiles([]) == ()
