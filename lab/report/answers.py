"""The answer to a question as one table: what was tried in the rows, browsers (or runs) side by side in the columns.

Rules.
1. A question says what a row is (`Answer.entries`, a function of one cell with its repeats); this file puts the rows of all
   cells side by side.
2. Cells stand in one row if they have the same value on each axis but those of the columns.
3. A value differs if it lies beyond the spread of the repeats, and both cells have a sure verdict. It is compared with the
   first column of the same browser; the first columns of browsers are compared with each other.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import msgspec

from lab.model.axes import AXES
from lab.model.claims import Answer as AnswerClaim
from lab.model.claims import AtMost
from lab.model.protocols import PROTOCOLS
from lab.model.verdict import Kind
from lab.report.tables import Back, Column, Count, Found, Plain, Row, Spread, Table, over_name
from lab.results.compare import apart, medians
from lab.results.file import CellResult
from lab.results.names import engine_title
from lab.results.repeats import UNSURE, Repeats

COLUMN_AXES = {"engine", "protocol"}
"""The axes whose values may stand in columns."""


class Entry(msgspec.Struct, frozen=True):
    """One row of an answer, as one cell tells it. `labels`: its name, and a value for each of `Answer.details`. `values`: by
    the measure's key. `part` tells apart several rows of one cell. `kind` is the verdict on this row alone, where it is not
    that of the cell."""

    labels: tuple[str, ...]
    values: Mapping[str, Plain]
    part: str = ""
    kind: Kind | None = None


Cell = tuple[Repeats, Entry]
"""A cell, and one of the rows that it tells."""


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """How the answer to a question is drawn.

    `about` is the heading of the rows' names, `details` are further columns about a row, and `measures` are the columns of
    each browser; the verdict is about the first of them. `by_protocol`: protocols stand in columns too. `documented`: a column
    has what is claimed."""

    title: str
    about: str
    entries: Callable[[Repeats], list[Entry]]
    details: tuple[Column, ...] = ()
    measures: tuple[Column, ...]
    by_protocol: bool = False
    documented: bool = False


class Source(msgspec.Struct, frozen=True):
    """One browser of one run: a column, or several. `mark` names the run where there are several."""

    engine: str
    title: str
    groups: tuple[Repeats, ...]
    mark: str = ""

    @property
    def heading(self) -> str:
        return f"{self.title} ({self.mark})" if self.mark else self.title

    @property
    def key(self) -> str:
        return f"{self.engine} {self.mark}"


def sources(groups: Sequence[Repeats], mark: str = "") -> list[Source]:
    """The browsers of one run, in the order of their names."""
    by_engine: dict[str, list[Repeats]] = {}
    for one in groups:
        by_engine.setdefault(one.first.cell.engine, []).append(one)
    return [Source(engine, title(members), tuple(members), mark) for engine, members in sorted(by_engine.items())]


def title(groups: Sequence[Repeats]) -> str:
    """A browser's title, with its version if any of its cells knows it."""
    runs = [run for one in groups for run in one.runs]
    return engine_title(next((run for run in runs if run.engine_version), runs[0]))


class Line(msgspec.Struct):
    """A row while it is collected: its labels, and what stands in it, by source and protocol."""

    labels: tuple[str, ...]
    cells: dict[tuple[str, str], Cell] = {}


def answer_table(answer: Answer, of: Sequence[Source]) -> Table:
    """The answer of some browsers, side by side."""
    lines = collected(answer, of)
    protocols = {protocol for line in lines for _, protocol in line.cells}
    places = [(source, name) for source in of for name in ("", *PROTOCOLS) if name in protocols]
    columns, values = [], [dict[str, Plain | Found]() for _ in lines]
    for source, protocol in places:
        group = ", ".join(filter(None, (source.heading, over_name(protocol) if protocol else "")))
        for measure in answer.measures:
            key = f"{source.key} {protocol} {measure.key}"
            found = [value_at(line, source, protocol, measure, of) for line in lines]
            if measure is not answer.measures[0]:  # Its verdict is shown once.
                found = [one and msgspec.structs.replace(one, kind=Kind.CONFIRMED) for one in found]
            if not any(found):
                continue
            for row, one in zip(values, found, strict=True):
                row[key] = one
            columns.append(msgspec.structs.replace(measure, key=key, group=group))
    details = [*answer.details, *([Column("documented", "documented")] if answer.documented else [])]
    rows = [
        Row(None, line.labels[0], {**dict(zip([one.key for one in details], line.labels[1:], strict=False)), **row})
        for line, row in zip(lines, values, strict=True)
    ]
    return Table(answer.title, answer.about, (*details, *columns), tuple(rows))


def collected(answer: Answer, of: Sequence[Source]) -> list[Line]:
    """The rows of all sources, in the order in which they come."""
    lines: dict[tuple[object, ...], Line] = {}
    for source in of:
        for one in source.groups:
            cell = one.first.cell
            protocol = cell.protocol if answer.by_protocol else ""
            hidden = COLUMN_AXES if answer.by_protocol else {"engine"}
            key = (cell.scenario, *(getattr(cell, axis.field) for axis in AXES if axis.field not in hidden))
            for entry in answer.entries(one):
                line = lines.setdefault((*key, entry.part), Line(entry.labels))
                line.cells.setdefault((source.key, protocol), (one, entry))
    found = list(lines.values())
    if answer.documented:
        for line in found:
            claims = dict.fromkeys(claimed(one.first) for one, _ in line.cells.values())
            line.labels = (*line.labels, " / ".join(claims))
    return found


def value_at(line: Line, source: Source, protocol: str, measure: Column, of: Sequence[Source]) -> Found | None:
    """The value of one measure in one column; None where nothing was measured."""
    here = line.cells.get((source.key, protocol))
    value = here[1].values.get(measure.key) if here else None
    if here is None or value is None:
        return None
    one, entry = here
    there = line.cells.get((reference(line, source, protocol, of), protocol), here)
    return Found(value, entry.kind or one.verdict, one.first.cell.group, differs(measure, there, here))


def reference(line: Line, source: Source, protocol: str, of: Sequence[Source]) -> str:
    """The key of the source that another one is compared with; its own where there is only one run."""
    if not source.mark:
        return source.key
    known = [each for each in of if (each.key, protocol) in line.cells]
    alike = [each for each in known if each.engine == source.engine]
    return (known if alike[0] is source else alike)[0].key


def differs(measure: Column, there: Cell, here: Cell) -> bool:
    """Whether two values lie further apart than their repeats. A duration counts only with a spread of its own: a latency by
    its repeats, a way to come back by its answer."""
    (before, old), (after, new) = there, here
    if here is there or before.verdict in UNSURE or after.verdict in UNSURE:
        return False
    match old.values.get(measure.key), new.values.get(measure.key):
        case ((Count(a) | Spread(a)), (Count(b) | Spread(b))):
            return apart([(one, one) for one in a], [(one, one) for one in b])
        case str(a), str(b):
            return a != b
        case Back(), Back():
            return not set(answers(before)) & set(answers(after))
        case float(), float():
            return min(len(medians(before)), len(medians(after))) > 1 and apart(medians(before), medians(after))
    return False


def answers(one: Repeats) -> list[str]:
    """The answer of each repeat that has one."""
    return [run.verdict.answer for run in one.runs if run.verdict.answer]


def claimed(run: CellResult) -> str:
    """The claim on a cell, in a word. Over HTTP/2 nobody may have more streams than the origin allows."""
    if isinstance(run.claim, AnswerClaim):
        return run.claim.answer
    numbers = [run.claim.limit] if isinstance(run.claim, AtMost) else []
    if PROTOCOLS[run.cell.protocol].multiplexed and run.cell.opening != "hosts":
        numbers.append(run.cell.streams)
    return str(min(numbers)) if numbers else "no limit"
