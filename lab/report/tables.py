"""Tables of what was measured, made once, from the groups of repeats and nothing else: report, terminal and Markdown draw the
same ones. Here are those about who is live; lab/report/way_sheets.py has the others."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from lab.model.openings import OPENINGS
from lab.model.protocols import PROTOCOLS
from lab.report.limits import live_of_side, outcomes
from lab.results.file import CellResult
from lab.results.repeats import Group
from lab.text import clean

NONE = "–"
VERDICT = "verdict"


class Column(msgspec.Struct, frozen=True):
    """`brief` says whether it is shown where there is little room."""

    name: str
    number: bool = False
    brief: bool = True


class Row(msgspec.Struct, frozen=True):
    """`what` is what the cell it is about has besides engine and protocol; where it is about no cell, what it is about."""

    group: Group | None
    what: str
    cells: tuple[str, ...]


class Sheet(msgspec.Struct, frozen=True):
    """Each row is led by engine and protocol, where it is about a cell, and by `what`, whose title is `about`."""

    title: str
    about: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]


def columns(text: str) -> tuple[Column, ...]:
    """`#live, ~repeats`: a column of numbers, and one that is left out where there is little room."""
    return tuple(Column(name.lstrip("#~"), "#" in name, "~" not in name) for name in text.split(", "))


def one_line(text: str) -> str:
    """A name that may stand in a chart: what draws it dies of a NUL, and can't sort by U+2028."""
    return " ".join(clean(text).split())


def engine_title(run: CellResult) -> str:
    """`Chromium 156`; the name alone where no version is known."""
    name = run.engine.capitalize()
    return one_line(f"{name} {run.engine_version.split('.')[0]}" if run.engine_version else name)


def protocol_of(run: CellResult) -> str:
    """`h2 (100)`: over HTTP/2 with what the origin allows."""
    multiplexed = PROTOCOLS[run.protocol].multiplexed
    return f"{run.protocol} ({run.streams_per_connection})" if multiplexed else run.protocol


def way_of(run: CellResult) -> str:
    """`polling, 100 ms`: the transport with its interval."""
    return one_line(f"{run.transport}, {run.interval_ms} ms" if run.interval_ms else run.transport)


def verdict_of(group: Group) -> str:
    return group.verdict.replace("_", " ")


def repeats(group: Group) -> str:
    count = len(group.runs)
    runs = f"{count} run{'' if count == 1 else 's'}"
    return f"{runs}: {group.reason}" if group.reason else runs


def live(groups: Sequence[Group]) -> list[Sheet]:
    rows = []
    for one in groups:
        run = one.shown
        nothing = f"no wall up to {run.asked}" if run.cause == "none found" else run.cause or NONE
        cells = (OPENINGS[run.opened].nouns, one.live, str(run.asked), nothing, one.connections, verdict_of(one), repeats(one))
        rows.append(Row(one, way_of(run), cells))
    named = columns("~opened as, #live, #of, what held the rest, #~connections, verdict, ~repeats")
    return [Sheet("How many were live", "updates by", named, tuple(rows))]


def pools(groups: Sequence[Group]) -> list[Sheet]:
    rows = []
    for one in groups:
        first = live_of_side(one.shown, 0)
        cells = (one.answer or NONE, NONE if first is None else str(first), one.live, verdict_of(one), repeats(one))
        rows.append(Row(one, one.first.case, cells))
    named = columns("answer, #~first alone, #~both, verdict, ~repeats")
    return [Sheet("One pool was filled, then the other side tried", "the other side is", named, tuple(rows))]


def starvation(groups: Sequence[Group]) -> list[Sheet]:
    rows = []
    for one in groups:
        told = ("; ".join(f"{what} ({took})" if took else what for what, took in outcomes(one, each)) or "nothing"
                for each in ("passed", "waited", "failed"))  # fmt: skip
        passed, waited, failed = told
        cells = (one.live, one.answer or NONE, passed, waited, failed, verdict_of(one), repeats(one))
        rows.append(Row(one, way_of(one.first), cells))
    named = columns("#held, got through, ~in, ~waited for a stream to end, ~failed, verdict, ~repeats")
    return [Sheet("What got through while every stream was held", "held by", named, tuple(rows))]
