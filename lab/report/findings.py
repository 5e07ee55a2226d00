"""What a run found: sentences, and two lists: where browsers differ from the documentation, and cells without a clear
answer."""

from __future__ import annotations

import msgspec

from lab.model.verdict import KINDS, Kind
from lab.report import argument
from lab.report.sections import sections, sentences
from lab.results.file import CellResult, Results
from lab.results.repeats import Repeats, repeats
from lab.text import counted


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
    """The cells without a clear answer, the gravest first: a fault of the lab, disputed, inconclusive, or unsupported. A fault
    that repeats is told once, of its first cell, with the number of cells."""
    unsure = [one for one in told(results) if one.verdict not in (Kind.CONFIRMED, Kind.REFUTED)]
    found = distinct(sorted(unsure, key=lambda one: -KINDS[one.verdict].gravity))
    faults = {one.verdict.why: one for one in reversed(found) if one.verdict.kind is Kind.HARNESS_FAULT}
    return [
        counting(one, results) for one in found if one.verdict.kind is not Kind.HARNESS_FAULT or faults[one.verdict.why] is one
    ]


def counting(fault: CellResult, results: Results) -> CellResult:
    """The same cell; if others have the same fault, its reason says how many cells have it."""
    same = [one for one in results.cells if (one.verdict.kind, one.verdict.why) == (fault.verdict.kind, fault.verdict.why)]
    if fault.verdict.kind is not Kind.HARNESS_FAULT or len(same) < 2:
        return fault
    why = f"in {counted(len(same), 'cell')}: {fault.verdict.why}"
    return msgspec.structs.replace(fault, verdict=msgspec.structs.replace(fault.verdict, why=why))


def told(results: Results) -> list[Repeats]:
    """Every cell with its repeats, in the order of the report."""
    return [one for section in sections(results) for one in section.groups]


def distinct(groups: list[Repeats]) -> list[CellResult]:
    """The gravest repeat of each cell. Of cells that differ only in their transport and have the same result, only the
    first."""
    found: dict[tuple[object, ...], CellResult] = {}
    for one in groups:
        cell, verdict = one.shown.cell, one.shown.verdict
        key = (cell.engine, cell.protocol, cell.opening, cell.route, cell.case, verdict.kind, verdict.live, verdict.answer)
        found.setdefault(key, one.shown)
    return list(found.values())
