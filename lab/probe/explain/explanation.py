"""The explanation of a log: waits put together by what they waited for. A pure function of the history."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

import msgspec

from lab.model.verdict import Limit
from lab.probe.explain.history import History, Kind, Outcome, Request, Wait

BRIEF_MS = 10.0
"""Waits shorter than this are only counted: while connections are made and handed on, there are many, and nobody notices."""


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """A request, with one of its waits. `ms`: how long it waited; if it never ceased to wait, until the log ended."""

    request: Request
    wait: Wait
    ms: float


class Holding(msgspec.Struct, frozen=True, kw_only=True):
    """Requests of one kind and path that held places while others waited."""

    kind: Kind
    url: str
    """Their address; without its query, if they differ in it."""
    count: int
    """How many held a place when the longest wait began."""


class Queue(msgspec.Struct, frozen=True, kw_only=True):
    """All that waited for places in one pool, for one limit."""

    limit: Limit
    """What they waited for."""
    pool: str
    """The pool, as the log names it."""
    host: str
    """The host that they were for; empty if there were several."""
    protocol: str
    """The protocol of these requests: h1, h2 or h3; empty if not known."""
    waits: tuple[Waiting, ...]
    """The waits, in the order in which they began; without the brief ones."""
    brief: int
    """How many waits were too short to be shown."""
    joined: int
    """How many waited only for the connection to be ready that they then shared."""
    held: int
    """How many places were held when the longest wait began."""
    most: int | None
    """The limit's value, where the log gives it."""
    holding: tuple[Holding, ...]
    """What held these places, as far as the log shows it."""
    holders: tuple[Request, ...]
    """Every request that is named as a holder of one of the waits, or as the one that made room."""
    derived: bool
    """Whether one of the waits is inferred."""

    @property
    def longest(self) -> Waiting:
        """The longest wait."""
        return longest(self.waits)


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    """A whole log, explained."""

    file: str
    """The file's name."""
    size: int
    """The file's size in bytes."""
    history: History
    """What happened."""
    queues: tuple[Queue, ...]
    """What waited, the longest time in all first."""
    brief: int
    """How many waits were too short to be shown, in pools without longer ones."""
    joined: int
    """How many requests waited, in pools without other waits, for a connection to be ready that they then shared."""


def longest(waits: Iterable[Waiting]) -> Waiting:
    """The longest of these waits; of equal ones, the first."""
    return max(waits, key=lambda one: (one.ms, -one.wait.since_ms))


def explained(history: History, file: str, size: int) -> Explanation:
    """The explanation of a history."""
    by_number = {request.number: request for request in history.requests}
    groups: dict[tuple[Limit, str], list[Waiting]] = {}
    for request in history.requests:
        for wait in request.waits:
            until = history.length_ms if wait.until_ms is None else wait.until_ms
            one = Waiting(request=request, wait=wait, ms=round(until - wait.since_ms, 3))
            groups.setdefault((wait.limit, wait.pool), []).append(one)
    queues, brief, joined = [], 0, 0
    for waits in groups.values():
        shown, short, shared = sorted_out(waits, timed=history.timed)
        if shown:
            queues.append(queue(shown, short, shared, by_number))
        else:
            brief, joined = brief + short, joined + shared
    queues.sort(key=lambda one: -sum(each.ms for each in one.waits))
    return Explanation(file=file, size=size, history=history, queues=tuple(queues), brief=brief, joined=joined)


def sorted_out(waits: Iterable[Waiting], *, timed: bool) -> tuple[list[Waiting], int, int]:
    """The waits that are shown; how many are too brief; and how many were for a connection that was then shared."""
    shown, brief, joined = [], 0, 0
    for one in waits:
        if one.wait.outcome == Outcome.JOINED:
            joined += 1
        elif timed and one.ms < BRIEF_MS:
            brief += 1
        else:
            shown.append(one)
    return sorted(shown, key=lambda one: one.wait.since_ms), brief, joined


def queue(waits: Sequence[Waiting], brief: int, joined: int, by_number: dict[int, Request]) -> Queue:
    """One queue, of the waits that are shown."""
    wait = longest(waits).wait
    named = {number for each in waits for number in (*each.wait.holders, each.wait.released_by) if number is not None}
    hosts, protocols = {one.request.host for one in waits}, {one.request.protocol for one in waits} - {""}
    return Queue(
        limit=wait.limit,
        pool=wait.pool,
        host=hosts.pop() if len(hosts) == 1 else "",
        protocol=protocols.pop() if len(protocols) == 1 else "",
        waits=tuple(waits),
        brief=brief,
        joined=joined,
        held=wait.held,
        most=wait.most,
        holding=holding([by_number[number] for number in wait.holders if number in by_number]),
        holders=tuple(by_number[number] for number in sorted(named) if number in by_number),
        derived=any(one.wait.derived for one in waits),
    )


def holding(requests: Iterable[Request]) -> tuple[Holding, ...]:
    """The holders, put together by what they are; the most frequent first."""
    groups = Counter((request.kind, request.url) for request in requests)
    return tuple(Holding(kind=kind, url=url, count=count) for (kind, url), count in groups.most_common())
