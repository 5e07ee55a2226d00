"""The connection view: time along, a row for each TCP connection, its streams as bars with their tabs' numbers, and the
waiting tabs below. Geometry only; the template draws it."""

from __future__ import annotations

import msgspec

from lab.folds import Connection, Stream
from lab.results import CellResult

MOST = 24  # Rows of connections, and of those who wait: what no longer fits is counted.
ENDS = {"": "not ended", "client": "ended by the client", "origin": "ended by the origin", "answered": "answered"}
LANES = 40  # Streams of one connection that are drawn one below the other; more are drawn as one.
WIDTH, LEFT, ROW, LANE, TOP, RIGHT = 720, 118, 22, 12, 26, 14


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
    width: int
    height: int
    left: int
    bars: tuple[Bar, ...]
    names: tuple[tuple[float, str], ...]
    marks: tuple[Mark, ...]


def timeline(cell: CellResult) -> Timeline | None:
    """None where nothing was measured."""
    if cell.settled_ms is None or not cell.rows:
        return None
    parts: list[Connection | Stream] = [*cell.rows, *(stream for row in cell.rows for stream in row.streams)]
    end = 1.05 * max(cell.settled_ms, *(part.closed_ms or part.opened_ms for part in parts))
    scale = (WIDTH - LEFT - RIGHT) / end

    def at(ms: float | None) -> float:
        return round(LEFT + min(end if ms is None else max(ms, 0.0), end) * scale, 1)

    noun = "tab" if cell.opened.endswith("tabs") else "number"
    carrying = [row for row in cell.rows if row.streams or row.documents]
    bars: list[Bar] = []
    names: list[tuple[float, str]] = []
    y = TOP
    for number, row in enumerate(carrying[:MOST], start=1):
        names.append((y + ROW / 2, f"connection {number}"))
        title = f"connection {number}, {row.protocol or 'no protocol'}, from {row.peer}"
        bars.append(Bar("connection", at(row.opened_ms), y, at(row.closed_ms) - at(row.opened_ms), "", title))
        lanes = max(1, len(row.streams) if len(row.streams) <= LANES else 1)
        if len(row.streams) > LANES:
            begun = at(min(stream.opened_ms for stream in row.streams))
            many = f"{len(row.streams)} streams"
            bars.append(Bar("stream", begun, y + 3, round(at(row.closed_ms) - begun, 1), many, many))
        for lane, stream in enumerate(row.streams if len(row.streams) <= LANES else ()):
            top = y + 3 + (lane * LANE if lanes > 1 else 0)
            until = f"until {stream.closed_ms:.0f} ms" if stream.closed_ms is not None else "to the end"
            about = f"{noun} {stream.tab}, {stream.opened_ms:.0f} ms {until}, {ENDS.get(stream.reason or '', stream.reason)}"
            width = max(2.0, at(stream.closed_ms) - at(stream.opened_ms))
            bars.append(Bar("stream", at(stream.opened_ms), top, round(width, 1), str(stream.tab), about))
        y += ROW if lanes == 1 else LANE * lanes + LANE // 2
    arrived = {one.tab: release.ended_ms + one.after_ms for release in cell.releases for one in release.arrived}
    if len(carrying) > MOST:
        names.append((y + ROW / 2, f"and {len(carrying) - MOST} more"))
        y += ROW
    waiting = [tab for tab in cell.tabs if not tab.live]
    for tab in waiting[:MOST]:
        came = arrived.get(tab.tab, end)
        names.append((y + ROW / 2, f"{noun} {tab.tab}"))
        what = "failed" if tab.failed else "waiting, document loaded" if tab.document else "waiting, blank"
        begun = at(tab.begun_ms or 0.0)
        bars.append(Bar("waiting", begun, y, round(at(came) - begun, 1), what, f"{noun} {tab.tab}: {what}"))
        y += ROW
    if len(waiting) > MOST:
        names.append((y + ROW / 2, f"and {len(waiting) - MOST} more"))
        y += ROW
    ended = f", then {', '.join(str(one.tab) for one in cell.releases)} ended" if cell.releases else ""
    marks = [Mark(at(cell.settled_ms), f"verdict at {cell.settled_ms:.0f} ms{ended}")]
    return Timeline(WIDTH, y + 8, LEFT, tuple(bars), tuple(names), tuple(marks))
