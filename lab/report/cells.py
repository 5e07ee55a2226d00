"""The index of cells: a line for each cell with its repeats, grouped by what asked for it, with what it can be filtered, sorted
and searched by."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from lab.model.protocols import PROTOCOLS
from lab.model.verdict import KINDS, Kind
from lab.report.sections import Section
from lab.report.tables import live_of_opened, opening
from lab.results.names import engine_title, transport_of
from lab.results.repeats import Repeats
from lab.text import counted, listed

MOST_OPEN = 80
"""With more lines than this, the groups of the index are closed."""


class IndexLine(msgspec.Struct, frozen=True):
    """One cell in the index. `what` is its case or its opening; `found` its answer or its number of live clients; `number` is
    that number, for sorting."""

    one: Repeats
    engine: str
    protocol: str
    transport: str
    what: str
    found: str
    number: int


class IndexGroup(msgspec.Struct, frozen=True):
    """The cells of one scenario. `counts`: `46 cells: 42 confirmed and 4 refuted`."""

    section: Section
    counts: str
    lines: tuple[IndexLine, ...]


class Filter(msgspec.Struct, frozen=True):
    """One way to filter the index: the attribute of its lines, and each value with its name."""

    name: str
    label: str
    values: tuple[tuple[str, str], ...]


def index(sections: Sequence[Section]) -> list[IndexGroup]:
    """The index of a run, in the order of its sections."""
    return [IndexGroup(one, counts(one.groups), tuple(map(line, one.groups))) for one in sections]


def line(one: Repeats) -> IndexLine:
    """One cell, with its repeats."""
    run, cell = one.shown, one.first.cell
    allowed = [f"{cell.streams} streams allowed"] if PROTOCOLS[cell.protocol].multiplexed else []
    return IndexLine(
        one=one,
        engine=engine_title(run),
        protocol=PROTOCOLS[cell.protocol].title,
        transport=transport_of(run),
        what=", ".join([cell.case or opening(run), *allowed]),
        found=one.answer or live_of_opened(one),
        number=max(one.lives, default=-1),
    )


def counts(groups: Sequence[Repeats]) -> str:
    """How many cells a group has, with the number of each verdict."""
    kinds = [one.verdict for one in groups]
    told = [f"{kinds.count(kind)} {KINDS[kind].label}" for kind in KINDS if kind in kinds]
    return f"{counted(len(groups), 'cell')}: {listed(told)}"


def filters(groups: Sequence[IndexGroup]) -> list[Filter]:
    """The filters that have something to choose from."""
    lines = [line for group in groups for line in group.lines]
    engines = dict(sorted((line.one.first.cell.engine, line.engine) for line in lines))
    protocols = {line.one.first.cell.protocol: line.protocol for line in lines}
    transports = {line.one.first.cell.transport: line.transport.partition(",")[0] for line in lines}
    kinds = {line.one.verdict: KINDS[line.one.verdict].label for line in lines}
    found = (
        Filter("engine", "browser", tuple(engines.items())),
        Filter("protocol", "protocol", tuple((name, protocols[name]) for name in PROTOCOLS if name in protocols)),
        Filter("transport", "updates by", tuple(transports.items())),
        Filter("verdict", "verdict", tuple((kind.value, kinds[kind]) for kind in Kind if kind in kinds)),
    )
    return [one for one in found if len(one.values) > 1]
