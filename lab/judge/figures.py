"""The figures of a delivery cell: latency, losses, and what the updates cost. Pure.

A cost is the CPU time that some processes used while the feed ran, minus what they use when idle. The idle use is measured in
windows before and after; the range of these windows is the noise. If a cost is not larger than its noise, only an upper bound
is known, and no number is given.
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
    """What 1000 updates cost a process and its descendants, their idle use subtracted."""

    cpu_s: float | None
    """CPU seconds; null if no update came, or the processes can't be seen."""
    cpu_within_s: float | None
    """The possible error of that number: half the range of the idle windows; null if there were fewer than two."""
    memory_bytes: int | None
    """Memory of the processes at the end, in bytes; null if they can't be seen."""

    @property
    def known(self) -> bool:
        """Whether the CPU seconds are larger than their noise."""
        return self.cpu_s is not None and self.cpu_within_s is not None and self.cpu_s > self.cpu_within_s

    @property
    def bound_s(self) -> float | None:
        """An upper bound of the CPU seconds; None if nothing is known about them."""
        return None if self.cpu_s is None or self.cpu_within_s is None else max(self.cpu_s, 0.0) + self.cpu_within_s


class DeliveryFigures(msgspec.Struct, frozen=True, kw_only=True):
    """The figures of a delivery cell. Bytes are averages for each update that came, measured on the wire with TLS."""

    http: tuple[str, ...]
    """The HTTP versions of the requests."""
    seconds: float
    """How long updates were measured, in seconds."""
    published: int
    """How many updates were published: each client could receive all of them."""
    received: int
    """How many updates all clients together received, each counted once for a client."""
    missed: int
    """How many updates clients did not receive."""
    repeated: int
    """How many updates clients received again."""
    disordered: int
    """How many updates clients received after a newer one."""
    requests: int
    """How many requests for updates reached the origin in that time."""
    requests_per_second: float
    """The same, for each second."""
    latency_percentiles_ms: tuple[float, ...]
    """Latency from the origin's time stamp to the page's handler, in ms: percentiles 0 to 100; empty if no update came."""
    clocks_ms: float
    """The largest possible difference between a page's clock and the origin's, in ms."""
    first_ms: float | None
    """The median time from the opening of a client to its first update, in ms."""
    delay_ms: float
    """The origin's own delay at the 99th percentile, in ms."""
    sent_bytes: float | None
    """Bytes that the origin sent."""
    received_bytes: float | None
    """Bytes that the origin received."""
    origin: Cost
    """What 1000 updates cost the origin."""
    browser: Cost
    """What 1000 updates cost the browser."""


def delivery_figures(seen: Observation) -> DeliveryFigures | None:
    """The figures of a cell; None if it did not measure delivery."""
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
    """The percentiles 0 to 100, each one of the values (nearest rank); empty without values."""
    ordered = sorted(values)
    ranks = (math.ceil(len(ordered) * percent / 100) - 1 for percent in range(PERCENTILES))
    return tuple(ordered[max(0, rank)] for rank in ranks) if ordered else ()


def per_update(total: float, updates: int) -> float | None:
    """An average for each update, to one decimal; None where no update came."""
    return round(total / updates, 1) if updates else None


Tree = Callable[[UsageSpan], tuple[Usage, Usage] | None]
"""A function that takes the origin's or the browser's usage from a span."""


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
