"""What a run found: sentences, and two lists: where browsers differ from the documentation, and cells without a clear
answer."""

from __future__ import annotations

from lab.model.verdict import KINDS, Kind
from lab.report import argument
from lab.report.sections import sections, sentences
from lab.results.file import CellResult, Results
from lab.results.repeats import Repeats, repeats


def findings(results: Results) -> list[str]:
    """The first sentences of the report: one for each engine in which plain tabs were opened. Without any, the first of the
    other sentences."""
    found = [sentence for one in sections(results) if one.headline for sentence in sentences(results, one)]
    return found or others(results)[:1]


def others(results: Results) -> list[str]:
    """The sentences about all other questions."""
    return [sentence for one in sections(results) if not one.headline for sentence in sentences(results, one)]


def advice(results: Results) -> str:
    """What a reader can do, if these results show what helps; else empty."""
    return " ".join(argument.advice(repeats(results)))


def differing(results: Results) -> list[CellResult]:
    """The cells in which browsers differ from the documentation: the claim does not hold, and the witnesses agree."""
    return distinct([one for one in told(results) if one.verdict == Kind.REFUTED])


def untold(results: Results) -> list[CellResult]:
    """The cells without a clear answer, the gravest first: disputed, inconclusive, unsupported, or a fault of the lab."""
    unsure = [one for one in told(results) if one.verdict not in (Kind.CONFIRMED, Kind.REFUTED)]
    return distinct(sorted(unsure, key=lambda one: -KINDS[one.verdict].gravity))


def told(results: Results) -> list[Repeats]:
    """Every cell with its repeats, in the order of the report."""
    return [one for section in sections(results) for one in section.groups]


def distinct(groups: list[Repeats]) -> list[CellResult]:
    """The gravest repeat of each cell. Of cells that differ only in their transport and have the same result, only the
    first."""
    found: dict[tuple[object, ...], CellResult] = {}
    for one in groups:
        cell, verdict = one.shown.cell, one.shown.verdict
        key = (cell.engine, cell.protocol, cell.opening, cell.case, verdict.kind, verdict.live, verdict.answer)
        found.setdefault(key, one.shown)
    return list(found.values())
