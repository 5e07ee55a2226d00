"""What a cell's listening comes to, in figures: how late updates were, how many got lost, what each cost. Pure."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence

import msgspec

from lab.ledger import StreamOpened
from lab.observation import Listened, Observation, Spent

THOUSAND = 1000


class Cost(msgspec.Struct, frozen=True):
    """What a tree of processes spent on 1000 updates, what it spends idle taken off: CPU seconds, and bytes of memory that it
    grew by. The idle time before and the one after differ: the CPU seconds may be wrong by `cpu_within_s`. `memory_bytes` is
    what it had at the end. None where no update came."""

    cpu_s: float | None
    cpu_within_s: float | None
    grown_bytes: float | None
    memory_bytes: int


class Way(msgspec.Struct, frozen=True, kw_only=True):
    """The figures of `seconds` of listening. `http` is by which version the requests came. `published` updates were there to be
    had by each tab; `received` is over all tabs, each once. `latency_ms` are the percentiles 0 to 100, from the origin's stamp
    to the page's handler, correct to `clocks_ms`. `first_ms` is from the opening of a tab to its first update: the median of
    the tabs, and the slowest. `late_ms` is how late the origin itself was at the 99th percentile, and `latest_ms` at most.
    Bytes are those on the wire for each update that came, TLS included, from the origin (`sent`) and to it."""

    http: tuple[str, ...]
    seconds: float
    published: int
    received: int
    missed: int
    repeated: int
    disordered: int
    requests: int
    requests_per_second: float
    latency_ms: tuple[float, ...]
    clocks_ms: float
    first_ms: tuple[float, float] | None
    late_ms: float
    latest_ms: float
    sent_bytes: float | None
    received_bytes: float | None
    origin: Cost
    browser: Cost


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


def cost(heard: Listened, of: str, updates: int) -> Cost:
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


def lasted(spent: Spent) -> float:
    return (spent.at_ms[1] - spent.at_ms[0]) / 1000


def grew(spent: Spent, of: str) -> tuple[float, float]:
    """CPU seconds and bytes of memory that a tree of processes had more at the end."""
    before, after = spent.origin if of == "origin" else spent.browser
    return after.cpu_s - before.cpu_s, after.memory_bytes - before.memory_bytes
