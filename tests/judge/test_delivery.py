"""Delivery before the judge: who has the last update, by page and ledger, and what is said of latency and cost."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec
import pytest

from lab.judge import judge
from lab.model.claims import AtMost, Unlimited
from lab.model.delivery import ClientDelivery, DeliverySeen
from lab.model.ledger import AnyEvent, StreamClosed
from lab.model.observation import Observation
from lab.model.verdict import Doubt, Kind, Limit
from tests.judge.made import DELIVERY, counters, log, said, seen, span, with_ledger

FIRST, LAST = 100, 125


def delivered(tabs: Iterable[int], **ended: Any) -> DeliverySeen:
    """These tabs were sent all 25 updates, and received them."""
    tabs = tuple(tabs)
    counted = {"reached": dict.fromkeys(tabs, LAST), "delivered": dict.fromkeys(tabs, 28), **ended}
    return msgspec.structs.replace(
        DELIVERY,
        clients=tuple(ClientDelivery(tab, 25, 0, 0, 0, (1.04, 2.0)) for tab in tabs),
        began=counters(2000, FIRST, delivered=dict.fromkeys(tabs, 3)),
        ended=counters(7000, LAST, **counted),
    )


def followed(opened: int, live: int, delivery: DeliverySeen, **changes: Any) -> Observation:
    return seen(opened, live, delivery=delivery, question="delivery", **changes)


def streaming(live: int = 6, **ended: Any) -> Observation:
    return followed(12, live, delivered(range(1, live + 1), **ended))


def polling(**changes: Any) -> Observation:
    """Twelve are live over six connections, and at the verdict no request of theirs is open."""
    claim = Unlimited(source="somebody")
    made = followed(12, 12, delivered(range(1, 13)), claim=claim, transport="polling", **changes)
    answered: list[AnyEvent] = [StreamClosed(at_ms=500, stream=n, reason="answered", sent=1) for n in range(1, 13)]
    return with_ledger(made, *answered)


def test_live_is_who_was_sent_the_last_update() -> None:
    verdict = judge(streaming())
    assert (verdict.kind, verdict.cause, verdict.live) == (Kind.CONFIRMED, Limit.CONNECTIONS, 6)
    assert said(verdict, "ledger").startswith("6 had been sent the last update, on 6 connections")


def test_a_client_that_polls_is_live_without_a_stream() -> None:
    verdict = judge(polling())
    assert (verdict.kind, verdict.cause, verdict.live) == (Kind.CONFIRMED, Limit.NONE, 12)


@pytest.mark.parametrize("reached", [{**dict.fromkeys(range(1, 6), LAST), 6: LAST - 1}, dict.fromkeys(range(1, 8), LAST), {}])
def test_the_ledger_says_who_has_the_last_update_and_the_pages_say_otherwise(reached: dict[int, int]) -> None:
    verdict = judge(streaming(reached=reached))
    assert (verdict.kind, verdict.cause) == (Kind.DISPUTED, None)
    assert "The pages say 6 are live" in verdict.why


def test_an_update_that_was_sent_after_the_last_one_is_no_worse() -> None:
    assert judge(streaming(reached=dict.fromkeys(range(1, 7), LAST + 1))).kind == Kind.CONFIRMED


def test_the_ledger_may_know_others_who_were_not_asked() -> None:
    """A client that was given up before still has its row in the origin's counters."""
    assert judge(streaming(reached=dict.fromkeys([*range(1, 7), 99], LAST))).kind == Kind.CONFIRMED


@pytest.mark.parametrize(
    ("heard", "wrong"),
    [
        (ClientDelivery(2, 25, 0, 0, 0, ()), ""),
        (ClientDelivery(2, 24, 1, 0, 0, ()), ""),
        (ClientDelivery(2, 24, 1, 1, 0, ()), ""),
        (ClientDelivery(2, 26, 0, 0, 0, ()), "[2]"),
        (ClientDelivery(2, 25, 0, 1, 0, ()), "[2]"),
        (ClientDelivery(13, 1, 0, 0, 0, ()), "[13]"),
    ],
)
def test_nobody_receives_more_than_was_sent(heard: ClientDelivery, wrong: str) -> None:
    """What was delivered before the listening does not count: three to each."""
    made = delivered(range(1, 7))
    clients = (*(one for one in made.clients if one.tab != heard.tab), heard)
    verdict = judge(followed(12, 6, msgspec.structs.replace(made, clients=clients)))
    why = f"The pages of {wrong} received more updates than the ledger says were sent to them."
    assert (verdict.kind == Kind.DISPUTED, verdict.why == why) == (bool(wrong), bool(wrong))


@pytest.mark.parametrize("held", [(), (3,), (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12)])
def test_a_client_that_polls_may_be_held_back_until_its_turn_comes(held: tuple[int, ...]) -> None:
    assert judge(polling(browser_log=log(*held))).kind == Kind.CONFIRMED


@pytest.mark.parametrize(
    ("held", "kind"),
    [
        ((7, 8, 9, 10, 11, 12), Kind.CONFIRMED),
        ((7, 8, 9, 10, 11), Kind.DISPUTED),
        ((6, 7, 8, 9, 10, 11, 12), Kind.DISPUTED),
        ((), Kind.DISPUTED),
    ],
)
def test_a_client_that_waits_is_held_back_and_one_with_a_stream_open_is_not(held: tuple[int, ...], kind: Kind) -> None:
    verdict = judge(msgspec.structs.replace(streaming(), browser_log=log(*held)))
    assert verdict.kind == kind
    assert ("the browser's own network log says" in verdict.why) == (kind == Kind.DISPUTED)


@pytest.mark.parametrize(
    ("delay_ms", "kind"),
    [(0.0, Kind.CONFIRMED), (20.0, Kind.CONFIRMED), (20.1, Kind.INCONCLUSIVE), (500.0, Kind.INCONCLUSIVE)],
)
def test_an_origin_that_runs_late_itself_measures_the_machine(delay_ms: float, kind: Kind) -> None:
    verdict = judge(streaming(delay_ms=delay_ms))
    assert verdict.kind == kind
    assert (verdict.doubt == Doubt.BUSY_MACHINE) == (kind == Kind.INCONCLUSIVE)
    assert (f"the origin itself ran {delay_ms:.1f} ms behind schedule" in verdict.why) == (kind == Kind.INCONCLUSIVE)


def test_what_is_said_of_the_updates_and_their_cost() -> None:
    made = delivered(range(1, 7), sent_bytes=14_700, received_bytes=600)
    first = ClientDelivery(1, 22, 3, 1, 2, tuple(n / 4 for n in range(1, 201)))
    clients = (first, *(msgspec.structs.replace(one, received=25, latencies_ms=()) for one in made.clients[1:]))
    verdict = judge(followed(12, 6, msgspec.structs.replace(made, clients=clients)))
    updates = (
        "Latency from the origin's stamp to the page: 25.0 ms at the median, 47.5 at the 95th percentile, 49.5 at the 99th, "
        "50.0 at most (the clocks agree within 0.1 ms). Of 150 updates, 3 were missed, 1 repeated, 2 out of order."
    )
    assert said(verdict, "updates") == updates
    assert verdict.why.endswith(updates)
    assert said(verdict, "costs") == (
        "0 requests a second over HTTP/1.1; on the wire 100 bytes from the origin and 4 to it an update; "
        "CPU seconds for 1000 updates: 12.76 ± 3.40 of the origin, 6.80 ± 3.40 of the browser. "
        "The origin itself ran 0.5 ms behind schedule at the 99th percentile."
    )


def test_what_is_said_where_no_update_came() -> None:
    mute = msgspec.structs.replace(delivered(()), clients=(ClientDelivery(1, 0, 25, 0, 0, ()),))
    verdict = judge(followed(12, 0, mute))
    assert (verdict.kind, verdict.live) == (Kind.REFUTED, 0)
    assert said(verdict, "updates") == "No update came."
    assert said(verdict, "costs") == (
        "No request for updates is known. The origin itself ran 0.5 ms behind schedule at the 99th percentile."
    )


def costs(browser: float | None, idle: tuple[float | None, ...]) -> str:
    """What is said of the browser's cost of 150 updates over five seconds."""
    windows = tuple(span(1000 * number, 1000 * number + 1000, 0.1, each) for number, each in enumerate(idle))
    made = msgspec.structs.replace(delivered(range(1, 7)), idle=windows, running=span(2000, 7000, 3.0, browser))
    return said(judge(followed(12, 6, made)), "costs")


@pytest.mark.parametrize(
    ("browser", "idle", "words"),
    [
        (1.5, (0.1, 0.1, 0.1), ", 6.67 ± 0.33 of the browser."),
        (1.5, (0.1, 0.3, 0.1), ", 5.00 ± 3.33 of the browser."),
        (1.5, (0.2, 0.2, 0.4), ", below 3.33 of the browser."),
        (0.2, (0.1, 0.3, 0.1), ", below 3.33 of the browser."),
        (None, (None, None, None), ", unknown of the browser."),
    ],
)
def test_a_cost_within_its_noise_is_only_a_bound(browser: float | None, idle: tuple[float | None, ...], words: str) -> None:
    assert words in costs(browser, idle)


def test_nobody_followed_the_updates() -> None:
    verdict = judge(seen(12, 6, question="delivery", claim=AtMost(limit=6, source="somebody")))
    assert (verdict.kind, verdict.doubt) == (Kind.INCONCLUSIVE, Doubt.PRECONDITION)


def test_who_came_while_updates_were_followed_already_was_not_measured() -> None:
    seen = polling()
    assert seen.delivery is not None
    some = msgspec.structs.replace(seen.delivery, clients=seen.delivery.clients[:6])
    verdict = judge(msgspec.structs.replace(seen, delivery=some))
    assert (verdict.kind, verdict.doubt) == (Kind.INCONCLUSIVE, Doubt.BUSY_MACHINE)
    assert "clients [7–12] were live only after the updates had begun to be followed" in verdict.why
