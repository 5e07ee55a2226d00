"""What a cell's listening comes to, in figures: how late updates were, how many got lost, what each cost. Pure."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence

import msgspec

from lab.model.delivery import DeliverySeen, UsageSpan
from lab.model.ledger import StreamOpened
from lab.model.observation import Observation

PERCENTILES = 101
"""Percentiles 0 to 100."""


class Cost(msgspec.Struct, frozen=True):
    """What a tree of processes spent on 1000 updates, its idle spending taken off."""

    cpu_s: float | None
    """CPU seconds; null where no update came, or where the processes can't be seen."""
    cpu_within_s: float | None
    """By how much that may be wrong: half the range of the idle windows."""
    memory_bytes: int | None
    """Its memory at the end; null where the processes can't be seen."""

    @property
    def known(self) -> bool:
        """Whether the CPU seconds stand above their own noise."""
        return self.cpu_s is not None and self.cpu_s > (self.cpu_within_s or 0.0)

    @property
    def bound_s(self) -> float | None:
        """What the CPU seconds are surely below."""
        return None if self.cpu_s is None else max(self.cpu_s, 0.0) + (self.cpu_within_s or 0.0)


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


def way(seen: Observation) -> Way | None:
    """None where nobody listened."""
    heard = seen.listened
    if heard is None:
        return None
    began, ended = heard.began, heard.ended
    seconds = (ended.at_ms - began.at_ms) / 1000
    opened = [event for event in seen.ledger if isinstance(event, StreamOpened) and event.cell == seen.cell.name]
    requests = sum(began.at_ms <= event.at_ms < ended.at_ms for event in opened)
    received = sum(one.received for one in heard.tabs)
    firsts = [tab.opening_ms for tab in seen.tabs if tab.opening_ms is not None]
    return Way(
        http=tuple(sorted({event.http for event in opened})),
        seconds=round(seconds, 3),
        published=ended.last - began.last,
        received=received,
        missed=sum(one.missed for one in heard.tabs),
        repeated=sum(one.repeated for one in heard.tabs),
        disordered=sum(one.disordered for one in heard.tabs),
        requests=requests,
        requests_per_second=round(requests / seconds, 2),
        latency_ms=percentiles([one for tab in heard.tabs for one in tab.latencies_ms]),
        clocks_ms=round(heard.clocks_ms, 2),
        first_ms=(round(statistics.median(firsts), 1), round(max(firsts), 1)) if firsts else None,
        late_ms=ended.late_ms,
        latest_ms=ended.latest_ms,
        sent_bytes=each(ended.sent_bytes - began.sent_bytes, received),
        received_bytes=each(ended.received_bytes - began.received_bytes, received),
        origin=cost(heard, "origin", received),
        browser=cost(heard, "browser", received),
    )


def percentiles(values: Sequence[float]) -> tuple[float, ...]:
    """The percentiles 0 to 100, each a value that occurred (nearest rank); nothing where there are no values."""
    ordered = sorted(values)
    return tuple(ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)] for percent in range(101)) if ordered else ()


def each(total: float, count: int) -> float | None:
    return round(total / count, 1) if count else None


def cost(heard: DeliverySeen, of: str, updates: int) -> Cost:
    """What it spent while the feed ran, beyond what it spends in that time anyway."""
    seconds = lasted(heard.spent)
    cpu_s, grown = grew(heard.spent, of)
    idle = [[each * seconds / lasted(one) for each in grew(one, of)] for one in heard.idle]
    (before_s, before_bytes), (after_s, after_bytes) = idle
    memory = (heard.spent.origin if of == "origin" else heard.spent.browser)[1].memory_bytes
    if not updates:
        return Cost(None, None, None, memory)
    thousands = updates / THOUSAND
    return Cost(
        round((cpu_s - (before_s + after_s) / 2) / thousands, 3),
        round(abs(before_s - after_s) / 2 / thousands, 3),
        round((grown - (before_bytes + after_bytes) / 2) / thousands),
        memory,
    )


def lasted(spent: UsageSpan) -> float:
    return (spent.at_ms[1] - spent.at_ms[0]) / 1000


def grew(spent: UsageSpan, of: str) -> tuple[float, float]:
    """CPU seconds and bytes of memory that a tree of processes had more at the end."""
    before, after = spent.origin if of == "origin" else spent.browser
    return after.cpu_s - before.cpu_s, after.memory_bytes - before.memory_bytes
