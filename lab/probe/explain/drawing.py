"""The timeline of a queue: a row for each request that held a place, then a row for each one that waited. This file computes
positions; the template draws."""

from __future__ import annotations

import math

import msgspec

from lab.probe.explain.explanation import Explanation, Queue
from lab.probe.explain.history import Request
from lab.probe.explain.words import duration, moment, named, path
from lab.report.timeline import Bar, Mark, tick_step

MOST_ROWS = 20
"""The most rows of holders, and of waiting requests; the others are only counted."""

WIDTH, LEFT, RIGHT, TOP, ROW = 720, 118, 14, 16, 20
MARGIN = 0.06
"""How much of the shown time is before the first wait and after the last one, at most."""

WIDE = 120
"""The shortest bar, in units of the drawing, that has its label inside."""


class Timeline(msgspec.Struct, frozen=True):
    """The whole drawing. A bar's kind is holding or waiting.

    `names` are the rows' labels with their heights. `releases`: a holder made room for one."""

    width: int
    height: float
    left: int
    bars: tuple[Bar, ...]
    names: tuple[tuple[float, str], ...]
    releases: tuple[Mark, ...]
    ticks: tuple[Mark, ...]


class Drawing:
    """The drawing while it is made: `y` is where the next row begins."""

    def __init__(self, queue: Queue, one: Explanation) -> None:
        self.queue, self.one = queue, one
        first = min(each.wait.since_ms for each in queue.waits)
        last = max(each.wait.since_ms + each.ms for each in queue.waits)
        margin = MARGIN * max(1.0, last - first)
        self.start, self.end = first - margin, last + margin
        self.y: float = TOP
        self.bars: list[Bar] = []
        self.names: list[tuple[float, str]] = []

    def at(self, ms: float | None) -> float:
        share = 1.0 if ms is None else (ms - self.start) / (self.end - self.start)
        return round(LEFT + min(max(share, 0.0), 1.0) * (WIDTH - LEFT - RIGHT), 1)

    def bar(self, kind: str, since_ms: float | None, until_ms: float | None, label: str, title: str) -> None:
        x = self.at(since_ms)
        width = round(max(2.0, self.at(until_ms) - x), 1)
        self.bars.append(Bar(kind, x, self.y, width, label if width >= WIDE else "", title))

    def holders(self) -> None:
        waiting = {each.request.number for each in self.queue.waits}
        shown = [one for one in self.queue.holders if one.number not in waiting and self.visible(one)]
        for request in shown[:MOST_ROWS]:
            self.name(f"request {request.number}")
            self.hold(request)
            self.y += ROW
        self.more(len(shown), "held a place")

    def visible(self, request: Request) -> bool:
        return request.served_ms is not None and request.served_ms < self.end and (request.ended_ms or self.end) > self.start

    def hold(self, request: Request) -> None:
        until = f"until {self.moment(request.ended_ms)}" if request.ended_ms is not None else "to the end"
        what = path(request.url, self.queue.host)
        title = f"{named(request, self.queue.host)} held a place from {self.moment(request.served_ms or 0.0)} {until}"
        self.bar("holding", request.served_ms, request.ended_ms, what, title)

    def waiting(self) -> None:
        for each in self.queue.waits[:MOST_ROWS]:
            request, wait = each.request, each.wait
            self.name(f"request {request.number}")
            label = duration(each.ms) if self.one.history.timed else wait.outcome.value
            title = f"{named(request, self.queue.host)} waited for {label}: {wait.outcome.value}"
            self.bar("waiting", wait.since_ms, wait.until_ms, f"{label}, {path(request.url, self.queue.host)}", title)
            if request.served_ms is not None and request.served_ms < self.end:
                self.hold(request)
            self.y += ROW
        self.more(len(self.queue.waits), "waited")

    def name(self, label: str) -> None:
        self.names.append((self.y + ROW / 2, label))

    def more(self, count: int, did: str) -> None:
        if count > MOST_ROWS:
            self.name(f"{count - MOST_ROWS} more {did}")
            self.y += ROW

    def releases(self) -> tuple[Mark, ...]:
        by = {request.number: request for request in self.queue.holders}
        ended = {number: by[number].ended_ms for each in self.queue.waits if (number := each.wait.released_by) in by}
        marks = [
            Mark(self.at(ms), f"request {number} ended at {self.moment(ms)}") for number, ms in ended.items() if ms is not None
        ]
        return tuple(marks[:MOST_ROWS])

    def moment(self, ms: float) -> str:
        return moment(ms, timed=self.one.history.timed)

    def ticks(self) -> tuple[Mark, ...]:
        step = tick_step(self.end - self.start)
        numbers = range(math.ceil(self.start / step), math.floor(self.end / step) + 1)
        return tuple(Mark(self.at(number * step), self.tick(round(number * step, 9))) for number in numbers)

    def tick(self, at: float) -> str:
        return f"{at / 1000:g} s" if self.one.history.timed else f"line {at:g}"


def timeline(queue: Queue, one: Explanation) -> Timeline:
    """The drawing of one queue."""
    drawing = Drawing(queue, one)
    drawing.holders()
    drawing.waiting()
    return Timeline(
        width=WIDTH,
        height=drawing.y + 20,
        left=LEFT,
        bars=tuple(drawing.bars),
        names=tuple(drawing.names),
        releases=drawing.releases(),
        ticks=drawing.ticks(),
    )
