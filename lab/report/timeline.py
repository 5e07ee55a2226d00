"""The connection view. At the top, how many streams were open over time; then a row for each TCP connection, with its streams
as bars that have their clients' numbers; then the clients that waited. This file computes positions; the template draws."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

import msgspec

from lab.model.connections import Connection, StreamRow
from lab.model.observation import ClientSeen
from lab.model.openings import OPENINGS
from lab.results.file import CellResult

MOST_ROWS = 16
"""The most rows of connections, and of waiting clients; the others are only counted."""

ENDS = {"": "not ended", "client": "ended by the client", "origin": "ended by the origin", "answered": "answered"}
"""How a stream ended, by the ledger's reason."""

RELEASED = {"page": "closed by its page", "origin": "ended by the origin", "tab": "closed"}
"""How a release ended a client's stream, by `Release.ended_by`."""

LANES = 16
"""The most streams of one connection that are drawn one below the other; more become one bar."""

WIDTH, MARGIN_LEFT, ROW, LANE, MARGIN_RIGHT = 720, 118, 22, 12, 14
CURVE, TOP = 52, 76  # Where the curve ends, and where the rows begin.
TICKS = 7
CROWDED = 200
"""The most corners of the curve; with more, only the highest value at each position is drawn."""

NOUNS = {"tabs": "tab", "cross-tabs": "tab", "frames": "frame"}
"""The name of one client, by its opening; for all others `client`."""


def tick_step(span: float) -> float:
    """The distance of two ticks: 1, 2 or 5 times a power of ten, so that a span has no more than TICKS of them."""
    step: float = 10 ** math.floor(math.log10(span / TICKS))
    return step * next(factor for factor in (1, 2, 5, 10) if span / (step * factor) <= TICKS)


class Bar(msgspec.Struct, frozen=True):
    """One bar. `kind` says how it looks. Numbers are units of the drawing."""

    kind: str
    x: float
    y: float
    width: float
    label: str
    title: str


class Mark(msgspec.Struct, frozen=True):
    """A moment on the time axis, at `x`, with its label."""

    x: float
    label: str


class Timeline(msgspec.Struct, frozen=True):
    """The whole view. A bar's kind is connection, stream or waiting.

    The curve of open streams has its base at `curve` and its corners in `live`; `most` is its highest value.
    `marks` are the verdict and each release."""

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
    """The drawing while it is made: `y` is where the next row begins, and times (ms) become horizontal positions."""

    def __init__(self, run: CellResult, settled_ms: float) -> None:
        parts: list[Connection | StreamRow] = [*run.rows, *(stream for row in run.rows for stream in row.streams)]
        self.run = run
        self.settled_ms = settled_ms
        self.end = max(1.0, 1.05 * max(settled_ms, *(part.closed_ms or part.opened_ms for part in parts)))
        self.noun = noun(run)
        self.y: float = TOP
        self.bars: list[Bar] = []
        self.names: list[tuple[float, str]] = []

    def at(self, ms: float | None) -> float:
        share = 1.0 if ms is None else min(max(ms, 0.0) / self.end, 1.0)
        return round(MARGIN_LEFT + share * (WIDTH - MARGIN_LEFT - MARGIN_RIGHT), 1)

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

    def about(self, stream: StreamRow) -> str:
        until = f"until {stream.closed_ms:.0f} ms" if stream.closed_ms is not None else "to the end"
        how = ENDS.get(stream.reason or "", stream.reason)
        return f"{self.noun} {stream.tab}, {stream.opened_ms:.0f} ms {until}, {how}"

    def waiting(self) -> None:
        arrived = {one.tab: release.ended_ms + one.after_ms for release in self.run.releases for one in release.arrived}
        clients = [client for client in self.run.clients if not client.live]
        for client in clients[:MOST_ROWS]:
            what, name = client_state(self.run, client), f"{self.noun} {client.tab}"
            self.names.append((self.y + ROW / 2, name))
            self.bar("waiting", (client.begun_ms, arrived.get(client.tab)), self.y, what, f"{name}: {what}")
            self.y += ROW
        self.more(len(clients))

    def more(self, count: int) -> None:
        if count > MOST_ROWS:
            self.names.append((self.y + ROW / 2, f"and {count - MOST_ROWS} more"))
            self.y += ROW

    def curve(self) -> tuple[tuple[tuple[float, float], ...], int]:
        """The corners of the curve of open streams over time, and its highest value."""
        streams = [stream for row in self.run.rows for stream in row.streams]
        steps = [(one.opened_ms, 1) for one in streams] + [(one.closed_ms, -1) for one in streams if one.closed_ms is not None]
        count, heights = 0, [(0.0, 0)]
        for ms, change in sorted(steps):
            heights += [(ms, count), (ms, count + change)]
            count += change
        heights.append((self.end, count))
        most = max(height for _, height in heights)
        scale = (CURVE - 22) / max(most, 1)
        if len(heights) > CROWDED:  # Polling opens and closes streams all the time.
            highest: dict[float, int] = {}
            for ms, height in heights:
                highest[round(self.at(ms))] = max(height, highest.get(round(self.at(ms)), 0))
            return tuple((x, round(CURVE - height * scale, 1)) for x, height in highest.items()), most
        corners = dict.fromkeys((self.at(ms), round(CURVE - height * scale, 1)) for ms, height in heights)
        return tuple(corners), most

    def marks(self) -> list[Mark]:
        ended = [
            Mark(self.at(one.ended_ms), f"{self.noun} {one.tab} {RELEASED.get(one.ended_by, 'ended')}")
            for one in self.run.releases
        ]
        return [Mark(self.at(self.settled_ms), f"verdict at {self.settled_ms:.0f} ms"), *ended]

    def ticks(self) -> list[Mark]:
        step = tick_step(self.end)
        return [Mark(self.at(number * step), f"{number * step / 1000:g} s") for number in range(int(self.end / step) + 1)]


def overlapping(streams: Sequence[StreamRow]) -> bool:
    """Whether some of these streams were open at the same time, and so can't share a row."""
    ordered = sorted(streams, key=lambda one: one.opened_ms)
    return any(one.closed_ms is None or one.closed_ms > after.opened_ms for one, after in itertools.pairwise(ordered))


def noun(run: CellResult) -> str:
    """The name of one client of a cell: tab, frame or client."""
    return NOUNS.get(run.cell.opening, "client")


def client_state(run: CellResult, client: ClientSeen) -> str:
    """The state of a client at the verdict: `live`, `failed`, or `waiting`; with the state of its document, if it has one of
    its own."""
    if client.live or client.failed:
        return "live" if client.live else "failed"
    if not OPENINGS[run.cell.opening].own_document:
        return "waiting"
    return "waiting, document loaded" if client.document else "waiting, blank"


def timeline(run: CellResult) -> Timeline | None:
    """The connection view of a cell; None if nothing was measured, or the server keeps no ledger."""
    if run.settled_ms is None or not run.rows:
        return None
    drawing = Drawing(run, run.settled_ms)
    carrying = [row for row in run.rows if row.streams or row.documents]
    for number, row in enumerate(carrying[:MOST_ROWS], start=1):
        drawing.connection(number, row)
    drawing.more(len(carrying))
    drawing.waiting()
    live, most = drawing.curve()
    return Timeline(
        width=WIDTH,
        height=drawing.y + 20,
        left=MARGIN_LEFT,
        curve=CURVE,
        bars=tuple(drawing.bars),
        names=tuple(drawing.names),
        marks=tuple(drawing.marks()),
        ticks=tuple(drawing.ticks()),
        live=live,
        most=most,
    )
