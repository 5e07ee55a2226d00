"""What following every update comes to in figures, with counters made up for it."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from lab.judge.figures import Cost, DeliveryFigures, cost, delivery_figures, percentiles
from lab.model.delivery import ClientDelivery, DeliverySeen
from lab.model.ledger import StreamOpened
from lab.model.observation import ClientSeen
from tests.judge.made import DELIVERY, seen, span


def figures(delivery: DeliverySeen = DELIVERY, **changes: Any) -> DeliveryFigures:
    found = delivery_figures(seen(2, 2, delivery=delivery, **changes))
    assert found is not None
    return found


def test_no_updates_were_followed() -> None:
    assert delivery_figures(seen(2, 2)) is None


def test_counts_are_over_all_tabs_and_since_the_beginning() -> None:
    found = figures()
    assert (found.seconds, found.published, found.received) == (5.0, 25, 40)
    assert (found.missed, found.repeated, found.disordered) == (10, 4, 2)
    assert (found.delay_ms, found.clocks_ms) == (0.5, 0.12)
    assert [found.latency_percentiles_ms[percent] for percent in (0, 25, 50, 51, 100)] == [1.0, 1.0, 2.0, 3.0, 4.0]


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


def test_the_first_update_of_the_middle_client() -> None:
    opened = [40.0, None, 10.04, 900.0]
    tabs = tuple(ClientSeen(n, document=True, live=True, opening_ms=ms) for n, ms in enumerate(opened, start=1))
    assert figures(clients=tabs).first_ms == 40.0
    assert figures(clients=tabs[1:2]).first_ms is None


def test_what_idleness_costs_is_taken_off() -> None:
    """In five seconds as idle as in the windows before the origin would have used 0.75 s, as after 1.5; so 1.875 s are for 40
    updates, give or take 0.5."""
    found = figures()
    assert found.origin == Cost(cpu_s=46.875, cpu_within_s=12.5, memory_bytes=8_000_000)
    assert found.browser == Cost(cpu_s=25.0, cpu_within_s=12.5, memory_bytes=8_000_000)
    assert found.origin.known
    assert found.origin.bound_s == 59.375


def test_the_order_of_the_idle_windows_is_no_matter() -> None:
    turned = msgspec.structs.replace(DELIVERY, idle=DELIVERY.idle[::-1])
    assert cost(turned, 40, lambda span: span.origin) == cost(DELIVERY, 40, lambda span: span.origin)


@pytest.mark.parametrize(
    ("idle", "cpu_s", "within_s", "known", "bound_s"),
    [
        ((0.0, 0.0, 0.0), 25.0, 1.25, True, 26.25),
        ((0.0, 0.0, 0.3), 6.25, 18.75, False, 25.0),
        ((0.1, 0.2, 0.3), -3.125, 12.5, False, 12.5),
        ((0.5, 0.1, 0.3), -12.5, 25.0, False, 25.0),
        ((0.1,), 12.5, None, False, None),
    ],
)
def test_a_cost_is_known_only_above_its_noise(
    idle: tuple[float, ...], cpu_s: float, within_s: float | None, known: bool, bound_s: float | None
) -> None:
    """One CPU second in five, and 40 updates. A cost below its noise, even a negative one, was printed as a number. The noise
    is never 0: a processor's time is counted in ticks, and "16.7 ± 0.0" was said of windows that happened to agree."""
    windows = tuple(span(1000 * number, 1000 * number + 1000, each) for number, each in enumerate(idle))
    found = cost(msgspec.structs.replace(DELIVERY, idle=windows, running=span(2000, 7000, 1.0)), 40, lambda span: span.origin)
    assert (found.cpu_s, found.cpu_within_s, found.known, found.bound_s) == (cpu_s, within_s, known, bound_s)


def test_processes_that_cannot_be_seen_cost_something_unknown() -> None:
    """A browser on another machine cost "0.0 ± 0.0 CPU s, 0 MB"."""
    windows = (span(0, 1000, 0.1, None),) * 3
    found = figures(msgspec.structs.replace(DELIVERY, idle=windows, running=span(2000, 7000, 3.0, None)))
    assert found.browser == Cost(cpu_s=None, cpu_within_s=None, memory_bytes=None)
    assert (found.browser.known, found.browser.bound_s) == (False, None)
    assert found.origin.known


def test_no_update_came() -> None:
    found = figures(msgspec.structs.replace(DELIVERY, clients=(ClientDelivery(1, 0, 25, 0, 0, ()),)))
    assert (found.received, found.missed, found.latency_percentiles_ms) == (0, 25, ())
    assert (found.sent_bytes, found.received_bytes) == (None, None)
    assert found.origin == found.browser == Cost(cpu_s=None, cpu_within_s=None, memory_bytes=8_000_000)


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
