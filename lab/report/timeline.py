"""The connection view: time along; how many are live above; a row for each TCP connection, its streams as bars with their
tabs' numbers; and below them those who wait. Geometry only; the template draws it."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

import msgspec

from lab.model.connections import Connection, Stream
from lab.results.file import CellResult

MOST = 16  # Rows of connections, and of those who wait: what no longer fits is counted.
ENDS = {"": "not ended", "client": "ended by the client", "origin": "ended by the origin", "answered": "answered"}
LANES = 16  # Streams of one connection that are drawn one below the other; more are drawn as one.
WIDTH, LEFT, ROW, LANE, RIGHT = 720, 118, 22, 12, 14
CURVE, TOP = 52, 76  # The curve of the live ones ends here, and the rows begin there.
TICKS = 7
CROWDED = 200


class Bar(msgspec.Struct, frozen=True):
    """`kind`: connection, stream or waiting. Numbers are units of the drawing."""

    kind: str
    x: float
    y: float
    width: float
    label: str
    title: str


class Mark(msgspec.Struct, frozen=True):
    x: float
    label: str


class Timeline(msgspec.Struct, frozen=True):
    """`live` are the corners of the curve, `most` the number at its top. `marks` are the verdict and each release."""

    width: int
    height: float
    left: int
    curve: int
    bars: tuple[Bar, ...]
    names: tuple[tuple[float, str], ...]
    marks: tuple[Mark, ...]
    ticks: tuple[Mark, ...]
    live: tuple[tuple[float, float], ...]
    most: int


class Drawing:
    def __init__(self, cell: CellResult, settled_ms: float) -> None:
        parts: list[Connection | Stream] = [*cell.rows, *(stream for row in cell.rows for stream in row.streams)]
        self.cell = cell
        self.settled_ms = settled_ms
        self.end = max(1.0, 1.05 * max(settled_ms, *(part.closed_ms or part.opened_ms for part in parts)))
        self.noun = "tab" if cell.opened.endswith("tabs") else "number"
        self.y: float = TOP
        self.bars: list[Bar] = []
        self.names: list[tuple[float, str]] = []

    def at(self, ms: float | None) -> float:
        share = 1.0 if ms is None else min(max(ms, 0.0) / self.end, 1.0)
        return round(LEFT + share * (WIDTH - LEFT - RIGHT), 1)

    def bar(self, kind: str, ms: tuple[float | None, float | None], y: float, label: str, title: str) -> None:
        x = self.at(ms[0])
        self.bars.append(Bar(kind, x, y, round(max(2.0, self.at(ms[1]) - x), 1), label, title))

    def connection(self, number: int, row: Connection) -> None:
        self.names.append((self.y + ROW / 2, f"connection {number}"))
        about = f"connection {number}, {row.protocol or 'no protocol'}, from {row.peer}"
        self.bar("connection", (row.opened_ms, row.closed_ms), self.y, "", about)
        if len(row.streams) > LANES:
            many = f"{len(row.streams)} streams"
            self.bar("stream", (min(one.opened_ms for one in row.streams), row.closed_ms), self.y + 3, many, many)
            self.y += ROW
            return
        below = overlapping(row.streams)
        for lane, stream in enumerate(row.streams):
            self.bar("stream", (stream.opened_ms, stream.closed_ms), self.y + 3 + lane * LANE * below, str(stream.tab),
                     self.about(stream))  # fmt: skip
        self.y += LANE * len(row.streams) + LANE // 2 if below and len(row.streams) > 1 else ROW

    def about(self, stream: Stream) -> str:
        until = f"until {stream.closed_ms:.0f} ms" if stream.closed_ms is not None else "to the end"
        how = ENDS.get(stream.reason or "", stream.reason)
        return f"{self.noun} {stream.tab}, {stream.opened_ms:.0f} ms {until}, {how}"

    def waiting(self) -> None:
        arrived = {one.tab: release.ended_ms + one.after_ms for release in self.cell.releases for one in release.arrived}
        tabs = [tab for tab in self.cell.tabs if not tab.live]
        for tab in tabs[:MOST]:
            what = "failed" if tab.failed else "waiting, document loaded" if tab.document else "waiting, blank"
            self.names.append((self.y + ROW / 2, f"{self.noun} {tab.tab}"))
            self.bar("waiting", (tab.begun_ms, arrived.get(tab.tab)), self.y, what, f"{self.noun} {tab.tab}: {what}")
            self.y += ROW
        self.more(len(tabs))

    def more(self, count: int) -> None:
        if count > MOST:
            self.names.append((self.y + ROW / 2, f"and {count - MOST} more"))
            self.y += ROW

    def curve(self) -> tuple[tuple[tuple[float, float], ...], int]:
        """How many streams are open at each moment, as a line in steps."""
        streams = [stream for row in self.cell.rows for stream in row.streams]
        steps = [(one.opened_ms, 1) for one in streams] + [(one.closed_ms, -1) for one in streams if one.closed_ms is not None]
        count, heights = 0, [(0.0, 0)]
        for ms, change in sorted(steps):
            heights += [(ms, count), (ms, count + change)]
            count += change
        heights.append((self.end, count))
        most = max(height for _, height in heights)
        scale = (CURVE - 22) / max(most, 1)
        if len(heights) > CROWDED:  # Who polls opens and closes all the time: of each moment that can be drawn, the most.
            highest: dict[float, int] = {}
            for ms, height in heights:
                highest[round(self.at(ms))] = max(height, highest.get(round(self.at(ms)), 0))
            return tuple((x, round(CURVE - height * scale, 1)) for x, height in highest.items()), most
        corners = dict.fromkeys((self.at(ms), round(CURVE - height * scale, 1)) for ms, height in heights)
        return tuple(corners), most

    def marks(self) -> list[Mark]:
        ended = [Mark(self.at(one.ended_ms), f"{one.tab} ended by the {one.ended_by}") for one in self.cell.releases]
        return [Mark(self.at(self.settled_ms), f"verdict at {self.settled_ms:.0f} ms"), *ended]

    def ticks(self) -> list[Mark]:
        step = 10 ** math.floor(math.log10(self.end / TICKS))
        step *= next(factor for factor in (1, 2, 5, 10) if self.end / (step * factor) <= TICKS)
        return [Mark(self.at(number * step), f"{number * step / 1000:g} s") for number in range(int(self.end / step) + 1)]


def overlapping(streams: Sequence[Stream]) -> bool:
    """Whether they were open at once, so that they can't share a row."""
    ordered = sorted(streams, key=lambda one: one.opened_ms)
    return any(one.closed_ms is None or one.closed_ms > after.opened_ms for one, after in itertools.pairwise(ordered))


def timeline(cell: CellResult) -> Timeline | None:
    """None where nothing was measured."""
    if cell.settled_ms is None or not cell.rows:
        return None
    drawing = Drawing(cell, cell.settled_ms)
    carrying = [row for row in cell.rows if row.streams or row.documents]
    for number, row in enumerate(carrying[:MOST], start=1):
        drawing.connection(number, row)
    drawing.more(len(carrying))
    drawing.waiting()
    live, most = drawing.curve()
    return Timeline(
        width=WIDTH,
        height=drawing.y + 20,
        left=LEFT,
        curve=CURVE,
        bars=tuple(drawing.bars),
        names=tuple(drawing.names),
        marks=tuple(drawing.marks()),
        ticks=tuple(drawing.ticks()),
        live=live,
        most=most,
    )
