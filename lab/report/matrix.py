"""The matrix: a row for each engine and protocol, a column for each transport, and in each field how many were live of those
asked for, with the verdict."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from lab.model.openings import OPENINGS
from lab.model.protocols import PROTOCOLS
from lab.report.sections import Section
from lab.report.tables import engine_title

KINDS = ("tabs", "ways", "walls")  # The others' question is not how many are live.


class Chip(msgspec.Struct, frozen=True):
    live: str
    what: str
    verdict: str
    group: str


class MatrixRow(msgspec.Struct):
    engine: str
    title: str
    protocol: str
    chips: dict[str, list[Chip]]


class Matrix(msgspec.Struct):
    """`filters`: for each kind of name, its values with what they are called."""

    transports: list[str]
    rows: list[MatrixRow]
    filters: list[tuple[str, list[tuple[str, str]]]]


def matrix(sections: Iterable[Section]) -> Matrix:
    groups = [one for section in sections if section.kind in KINDS for one in section.groups]
    rows: dict[tuple[str, str], MatrixRow] = {}
    for one in groups:
        run = one.first
        row = rows.setdefault((run.engine, run.protocol), MatrixRow(run.engine, engine_title(run), run.protocol, {}))
        what = [OPENINGS[run.opened].nouns]
        what += [f"{run.interval_ms} ms"] if run.interval_ms else []
        what += [f"{run.streams_per_connection} allowed"] if PROTOCOLS[run.protocol].multiplexed else []
        what += [run.scenario]
        live = f"{one.live} of {one.shown.asked}"
        row.chips.setdefault(run.transport, []).append(Chip(live, ", ".join(what), one.verdict, run.group))
    ordered = sorted(rows.values(), key=lambda row: (row.engine, list(PROTOCOLS).index(row.protocol)))
    transports = list(dict.fromkeys(one.first.transport for one in groups))
    engines = {row.engine: row.title for row in ordered}
    protocols = {row.protocol: PROTOCOLS[row.protocol].title for row in ordered}
    verdicts = dict.fromkeys(one.verdict.value for one in groups)
    filters = [
        ("engine", list(engines.items())),
        ("protocol", list(protocols.items())),
        ("transport", [(name, name) for name in transports]),
        ("verdict", [(name, name.replace("_", " ")) for name in verdicts]),
    ]
    return Matrix(transports, ordered, filters)
