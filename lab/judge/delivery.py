"""Delivery: which clients were live after the feed had stopped, the latency of the updates, and what they cost.

Here a client is live if it has the last update: a client that polls has no open stream that could be counted.
"""

from __future__ import annotations

from lab.judge import limits
from lab.judge.figures import Cost, DeliveryFigures, delivery_figures
from lab.judge.witnesses import LEDGER, Clients, Objection, Witnesses, by_last_update, conclude, nothing_recorded
from lab.judge.words import numbers
from lab.model.delivery import DeliverySeen
from lab.model.observation import Observation
from lab.model.verdict import Statement, Verdict
from lab.text import listed

MOST_DELAY_MS = 20.0
"""The limit of the origin's own delay at the 99th percentile. Above it, the cell has measured the machine, not the browser."""


def busy(seen: Observation) -> str:
    """Why the machine was too busy for this cell; empty if it was not."""
    if seen.delivery is None:
        return ""
    followed = {one.tab for one in seen.delivery.clients}
    if late := [one.tab for one in seen.clients if one.live and one.tab not in followed]:
        return f"clients {numbers(late)} were live only after the updates had begun to be followed"
    delay_ms = seen.delivery.ended.delay_ms
    if delay_ms <= MOST_DELAY_MS:
        return ""
    return (
        f"the origin itself ran {delay_ms:.1f} ms behind schedule at the 99th percentile (limit {MOST_DELAY_MS:.0f} ms), so "
        "this cell measured the machine, not the browser: use fewer tabs, or run as root so that the origin can raise its "
        "scheduling priority"
    )


def verdict(seen: Observation, witnesses: Witnesses) -> Verdict:
    """Judge a delivery cell: the number of live clients is compared with the claim; latency and costs are reported too."""
    figures = delivery_figures(seen)
    if seen.delivery is None or figures is None:
        return nothing_recorded(seen, "`listen`")
    witnesses = by_last_update(witnesses, seen.delivery.ended)
    updates = updates_in_words(figures)
    return conclude(
        seen,
        witnesses,
        objections=[*too_many(seen.delivery, witnesses), *limits.objections(seen, witnesses, holdable(witnesses))],
        as_claimed=limits.as_claimed(seen, witnesses),
        why=f"{limits.against_claim(seen, witnesses)} {limits.held_back(seen, witnesses)} {updates}",
        statements=[
            *limits.statements(seen, witnesses),
            Statement("updates", updates),
            Statement("costs", costs_in_words(figures)),
        ],
        cause=limits.cause_of(seen, witnesses),
    )


def holdable(witnesses: Witnesses) -> Clients:
    """The clients without an open stream: the browser may hold back a request of any of them. A client that polls can be live,
    and still wait for a connection."""
    everyone = witnesses.pages.everyone if witnesses.pages else frozenset()
    return everyone - witnesses.server.streaming if witnesses.server else everyone


def too_many(delivery: DeliverySeen, witnesses: Witnesses) -> list[Objection]:
    """The objection that pages received more updates than were sent to them."""
    if witnesses.server is None:
        return []
    began, ended = delivery.began.delivered, delivery.ended.delivered
    wrong = [one.tab for one in delivery.clients if one.received + one.repeated > ended.get(one.tab, 0) - began.get(one.tab, 0)]
    words = f"The pages of {numbers(wrong)} received more updates than the ledger says were sent to them."
    return [Objection(LEDGER, words)] if wrong else []


def updates_in_words(figures: DeliveryFigures) -> str:
    """The latency of the updates, and how many were missed, repeated or out of order, in words."""
    if not figures.latency_percentiles_ms:
        return "No update came."
    p50, p95, p99, most = (figures.latency_percentiles_ms[percent] for percent in (50, 95, 99, 100))
    return (
        f"Latency from the origin's stamp to the page: {p50:.1f} ms at the median, {p95:.1f} at the 95th percentile, {p99:.1f} "
        f"at the 99th, {most:.1f} at most (the clocks agree within {figures.clocks_ms:.1f} ms). Of "
        f"{figures.received + figures.missed} updates, {figures.missed} were missed, {figures.repeated} repeated, "
        f"{figures.disordered} out of order."
    )


def cpu_in_words(cost: Cost) -> str:
    """CPU seconds in words: `2.41 ± 0.30`; `below 0.84` for a cost that is not larger than its noise; `unknown`."""
    if cost.bound_s is None:
        return "unknown"
    return f"{cost.cpu_s:.2f} ± {cost.cpu_within_s:.2f}" if cost.known else f"below {cost.bound_s:.2f}"


def costs_in_words(figures: DeliveryFigures) -> str:
    """Requests, bytes and CPU seconds that the updates cost, in words."""
    words = "No request for updates is known"
    if figures.http:
        words = f"{figures.requests_per_second:g} requests a second over HTTP/{listed(figures.http)}"
    if figures.sent_bytes is not None:
        words += (
            f"; on the wire {figures.sent_bytes:.0f} bytes from the origin and {figures.received_bytes:.0f} to it an update"
        )
        words += f"; CPU seconds for 1000 updates: {cpu_in_words(figures.origin)} of the origin"
        words += f", {cpu_in_words(figures.browser)} of the browser"
    return f"{words}. The origin itself ran {figures.delay_ms:.1f} ms behind schedule at the 99th percentile."
