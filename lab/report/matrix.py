"""The matrix: a row for each engine and protocol, a column for each transport, and in each field how many clients were live,
with the verdict. It shows only questions whose answer is a count."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from lab.model.protocols import PROTOCOLS
from lab.model.verdict import KINDS, Kind
from lab.report.sections import Section
from lab.report.tables import live_of_opened, opening
from lab.results.names import engine_title
from lab.text import one_line
from lab.transports import transports

Named = tuple[str, str]
"""A value and its name for a reader."""


class Chip(msgspec.Struct, frozen=True):
    """One cell in the matrix. `live`: `6 of 12`; `what`: its values beyond engine, protocol and transport; `group`: the id of
    its section in the page."""

    live: str
    what: str
    verdict: Kind
    group: str


class MatrixRow(msgspec.Struct):
    """One engine and protocol; `chips` by transport."""

    engine: str
    title: str
    protocol: str
    chips: dict[str, list[Chip]]


class Matrix(msgspec.Struct):
    """The whole matrix. `transports` are the columns. `filters`: each axis that the page can filter by, with its values and
    their names."""

    transports: list[Named]
    rows: list[MatrixRow]
    filters: list[tuple[str, list[Named]]]


def matrix(sections: Iterable[Section]) -> Matrix:
    """The matrix of some sections; it has no rows where none of their questions is a count."""
    groups = [one for section in sections if section.chapter.counted for one in section.groups]
    rows: dict[tuple[str, str], MatrixRow] = {}
    for one in groups:
        run, cell = one.first, one.first.cell
        row = rows.setdefault((cell.engine, cell.protocol), MatrixRow(cell.engine, engine_title(run), cell.protocol, {}))
        what = [opening(run)]
        what += [f"{cell.interval_ms} ms"] if cell.interval_ms else []
        what += [f"{cell.streams} streams allowed"] if PROTOCOLS[cell.protocol].multiplexed else []
        what += [cell.scenario]
        row.chips.setdefault(cell.transport, []).append(Chip(live_of_opened(one), ", ".join(what), one.verdict, cell.group))
    ordered = sorted(rows.values(), key=lambda row: (row.engine, list(PROTOCOLS).index(row.protocol)))
    columns = [(name, transport_title(name)) for name in dict.fromkeys(one.first.cell.transport for one in groups)]
    return Matrix(
        columns,
        ordered,
        [
            ("engine", list({row.engine: row.title for row in ordered}.items())),
            ("protocol", list({row.protocol: PROTOCOLS[row.protocol].title for row in ordered}.items())),
            ("transport", columns),
            ("verdict", [(kind.value, KINDS[kind].label) for kind in dict.fromkeys(one.verdict for one in groups)]),
        ],
    )


def transport_title(name: str) -> str:
    """A transport's title: `Server-sent events`. Without an interval, since cells of one column may differ in it."""
    known = transports().get(name)
    return known.TITLE if known else one_line(name)
