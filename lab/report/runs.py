"""Several runs side by side, as one HTML file: a column for each browser of each run, with a mark where a value differs beyond
the spread of the repeats (lab/report/answers.py has the rule)."""

from __future__ import annotations

import string
from collections.abc import Sequence

import msgspec

from lab.model.protocols import PROTOCOLS
from lab.model.questions import QUESTIONS
from lab.model.verdict import Kind
from lab.report import argument, comparison
from lab.report.answers import Source, answer_table, sources
from lab.report.html import own, style, template
from lab.report.render import PICTURES, legend
from lab.report.sections import CHAPTERS, PLAIN, sections
from lab.report.tables import Column, Row, Table, Value
from lab.results.compare import LAB, Comparison, compare
from lab.results.file import Results
from lab.results.names import engine_name
from lab.results.repeats import Repeats

RUNS = (
    Column("run", "run"),
    Column("browsers", "browsers"),
    Column("system", "machine"),
    Column("cpus", "processors", number=True),
    Column("lab", "Seventh Tab"),
    Column("cells", "cells", number=True),
)


class Against(msgspec.Struct, frozen=True):
    """What changed from the first run to another one."""

    mark: str
    words: list[str]
    lists: list[tuple[str, tuple[str, ...]]]


class Beside(msgspec.Struct, frozen=True):
    """The answer to one question, with the runs side by side."""

    name: str
    title: str
    table: Table
    legend: tuple[Kind, ...]


def mark(number: int) -> str:
    """The name of a run on the page: A, B, … Z, then 27, 28, …"""
    letters = string.ascii_uppercase
    return letters[number] if number < len(letters) else str(number + 1)


def side_by_side(runs: Sequence[Results]) -> list[Source]:
    """A source for each browser of each run: the runs of one browser stand together."""
    every = [one for number, run in enumerate(runs) for one in sources(ordered(run), mark(number))]
    return sorted(every, key=lambda one: one.engine)


def ordered(run: Results) -> list[Repeats]:
    """The cells of a run in the order of its report."""
    return [one for section in sections(run) for one in section.groups]


def runs_table(runs: Sequence[Results]) -> Table:
    """A row for each run: when and where it was made, and with which browsers."""
    rows = []
    for number, run in enumerate(runs):
        versions = {one.cell.engine: one.engine_version for one in run.cells if one.engine_version}
        values: dict[str, Value] = {
            "run": run.run,
            "browsers": ", ".join(f"{engine_name(engine)} {version}" for engine, version in versions.items()),
            "system": run.machine.system,
            "cpus": run.machine.cpus,
            "lab": run.versions.get(LAB),
            "cells": len(run.cells),
        }
        rows.append(Row(None, mark(number), values))
    return Table("The runs", "name", RUNS, tuple(rows))


def answers(of: Sequence[Source]) -> list[Beside]:
    """The answer to each question that any of the runs asked."""
    found = []
    asked = dict.fromkeys(each.first.cell.question for one in of for each in one.groups)
    for name in dict.fromkeys([*CHAPTERS, *asked]):
        those = [
            msgspec.structs.replace(one, groups=tuple(each for each in one.groups if each.first.cell.question == name))
            for one in of
        ]
        table = answer_table(CHAPTERS.get(name, PLAIN).answer, [one for one in those if one.groups])
        if table.rows:
            found.append(Beside(name, QUESTIONS[name].title if name in QUESTIONS else name, table, legend(table)))
    return found


def against(number: int, compared: Comparison) -> Against:
    """What changed from the first run to the run with this number."""
    return Against(mark(number), comparison.words(compared), comparison.lists(compared))


def render_runs(runs: Sequence[Results]) -> str:
    """The whole HTML page of two runs or more."""
    of = side_by_side(runs)
    pairs = [compare(runs[0], run) for run in runs[1:]]
    headline = argument.headline(of)
    return template("runs.html.j2").render(
        runs=runs_table(runs),
        several=len(runs) > 2,
        headline=headline or f"{len(runs)} runs side by side",
        lede=argument.lede(of) if headline else "",
        cards=argument.cards(of),
        against=[against(number, one) for number, one in enumerate(pairs, start=1)],
        parts=answers(of),
        picture_types=PICTURES,
        protocols=PROTOCOLS,
        linking=False,
        style=style(),
        script=own("report.js"),
    )
