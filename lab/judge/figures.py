"""What following every update for a while comes to, in figures: latency, losses, and what the updates cost. Pure.

A cost is what a tree of processes used while the feed ran, beyond what it uses anyway. What it uses anyway is measured in idle
windows before and after; by as much as these differ, the cost may be wrong. A cost within that noise is known only to be below
a bound, and no number is given for it.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Sequence

import msgspec

from lab.model.delivery import DeliverySeen, Usage, UsageSpan
from lab.model.ledger import StreamOpened
from lab.model.observation import Observation

PERCENTILES = 101
"""Percentiles 0 to 100."""

TICK_S = 0.01
"""The step in which the system counts a process's CPU time (Linux: 100 a second, proc(5))."""


class Cost(msgspec.Struct, frozen=True):
    """What a tree of processes spent on 1000 updates, its idle spending taken off."""

    cpu_s: float | None
    """CPU seconds; null where no update came, or where the processes can't be seen."""
    cpu_within_s: float | None
    """By how much that may be wrong: half the range of the idle windows; null where there were fewer than two of them."""
    memory_bytes: int | None
    """Its memory at the end; null where the processes can't be seen."""

    @property
    def known(self) -> bool:
        """Whether the CPU seconds stand above their own noise."""
        return self.cpu_s is not None and self.cpu_within_s is not None and self.cpu_s > self.cpu_within_s

    @property
    def bound_s(self) -> float | None:
        """What the CPU seconds are surely below; None where nothing is known of them."""
        return None if self.cpu_s is None or self.cpu_within_s is None else max(self.cpu_s, 0.0) + self.cpu_within_s


class DeliveryFigures(msgspec.Struct, frozen=True, kw_only=True):
    """What came of following every update for a while. Bytes are those on the wire for each update that came, TLS included."""

    http: tuple[str, ...]
    """The HTTP versions by which requests came."""
    seconds: float
    """How long the feed was followed."""
    published: int
    """Updates that each client could have had."""
    received: int
    """Updates that came, over all clients, each once."""
    missed: int
    """Updates that did not come."""
    repeated: int
    """Updates that came again."""
    disordered: int
    """Updates that came after a newer one."""
    requests: int
    """Requests for updates in that time."""
    requests_per_second: float
    """The same, a second."""
    latency_percentiles_ms: tuple[float, ...]
    """Latency from the origin's stamp to the page's handler: percentiles 0 to 100; empty where no update came."""
    clocks_ms: float
    """The most by which a page's clock may differ from the origin's."""
    first_ms: float | None
    """From the opening of a tab to its first update, at the median."""
    delay_ms: float
    """The origin's own delay at the 99th percentile."""
    sent_bytes: float | None
    """Bytes from the origin."""
    received_bytes: float | None
    """Bytes to the origin."""
    origin: Cost
    """What 1000 updates cost the origin."""
    browser: Cost
    """What 1000 updates cost the browser."""


def delivery_figures(seen: Observation) -> DeliveryFigures | None:
    """The figures of a cell; None where no updates were followed."""
    delivery = seen.delivery
    if delivery is None:
        return None
    began, ended = delivery.began, delivery.ended
    seconds = (ended.at_ms - began.at_ms) / 1000
    opened = [event for event in seen.ledger or () if isinstance(event, StreamOpened) and event.cell == seen.cell.name]
    requests = sum(began.at_ms <= event.at_ms < ended.at_ms for event in opened)
    received = sum(one.received for one in delivery.clients)
    firsts = [client.opening_ms for client in seen.clients if client.opening_ms is not None]
    return DeliveryFigures(
        http=tuple(sorted({event.http for event in opened})),
        seconds=round(seconds, 3),
        published=ended.last - began.last,
        received=received,
        missed=sum(one.missed for one in delivery.clients),
        repeated=sum(one.repeated for one in delivery.clients),
        disordered=sum(one.disordered for one in delivery.clients),
        requests=requests,
        requests_per_second=round(requests / seconds, 2) if seconds > 0 else 0.0,
        latency_percentiles_ms=percentiles([one for client in delivery.clients for one in client.latencies_ms]),
        clocks_ms=round(delivery.clocks_ms, 2),
        first_ms=round(statistics.median(firsts), 1) if firsts else None,
        delay_ms=ended.delay_ms,
        sent_bytes=per_update(ended.sent_bytes - began.sent_bytes, received),
        received_bytes=per_update(ended.received_bytes - began.received_bytes, received),
        origin=cost(delivery, received, lambda span: span.origin),
        browser=cost(delivery, received, lambda span: span.browser),
    )


def percentiles(values: Sequence[float]) -> tuple[float, ...]:
    """The percentiles 0 to 100, each a value that occurred (nearest rank); empty where there are no values."""
    ordered = sorted(values)
    ranks = (math.ceil(len(ordered) * percent / 100) - 1 for percent in range(PERCENTILES))
    return tuple(ordered[max(0, rank)] for rank in ranks) if ordered else ()


def per_update(total: float, updates: int) -> float | None:
    """An average for each update, to one decimal; None where no update came."""
    return round(total / updates, 1) if updates else None


Tree = Callable[[UsageSpan], tuple[Usage, Usage] | None]
"""Whose usage it is: the origin's or the browser's."""


def cost(delivery: DeliverySeen, updates: int, tree: Tree) -> Cost:
    """What 1000 of the updates cost a tree of processes, beyond its idle rate. That is the mean of the rates before and after:
    a browser that is still calming down counts no more before than after. The noise is half the range of the idle windows'
    rates, and never less than one tick of the system's clock in such a window. Both are scaled to the length of the window in
    which the feed ran."""
    running = tree(delivery.running)
    if running is None:
        return Cost(cpu_s=None, cpu_within_s=None, memory_bytes=None)
    memory, window_s = running[1].memory_bytes, seconds_of(delivery.running)
    spans = [
        (span, cpu_s(usage) / seconds_of(span)) for span in delivery.idle if (usage := tree(span)) and seconds_of(span) > 0
    ]
    idle = [rate for _, rate in spans]
    if not updates or not idle:
        return Cost(cpu_s=None, cpu_within_s=None, memory_bytes=memory)
    thousands = updates / 1000
    before = [rate for span, rate in spans if span.at_ms[1] <= delivery.running.at_ms[0]]
    after = [rate for span, rate in spans if span.at_ms[1] > delivery.running.at_ms[0]]
    rate = statistics.mean([statistics.mean(side) for side in (before, after) if side])
    tick = TICK_S / min(seconds_of(span) for span, _ in spans)
    noise = max((max(idle) - min(idle)) / 2, tick) * window_s / thousands
    return Cost(
        cpu_s=round((cpu_s(running) - rate * window_s) / thousands, 3),
        cpu_within_s=round(noise, 3) if len(idle) > 1 else None,
        memory_bytes=memory,
    )


def seconds_of(span: UsageSpan) -> float:
    """The length of a span, in seconds."""
    return (span.at_ms[1] - span.at_ms[0]) / 1000


def cpu_s(usage: tuple[Usage, Usage]) -> float:
    """CPU seconds from the beginning of a span to its end."""
    before, after = usage
    return after.cpu_s - before.cpu_s
