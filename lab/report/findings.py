"""What a run found, in sentences and in two lists: where browsers differ from the documentation, and what could not be told."""

from __future__ import annotations

from lab.model.verdict import KINDS, Kind
from lab.report import limits
from lab.report.sections import sections, sentences
from lab.results.file import CellResult, Results
from lab.results.repeats import Repeats, repeats


def findings(results: Results) -> list[str]:
    """What the report begins with: a sentence for each engine that plain tabs were opened in. Without one, the first of the
    other sentences."""
    found = [sentence for one in sections(results) if one.headline for sentence in sentences(results, one)]
    return found or others(results)[:1]


def others(results: Results) -> list[str]:
    """A sentence for each engine about each of the other questions."""
    return [sentence for one in sections(results) if not one.headline for sentence in sentences(results, one)]


def advice(results: Results) -> str:
    """What to do about it, where these very results show what helps; else nothing."""
    return limits.advice(repeats(results))


def differing(results: Results) -> list[CellResult]:
    """Where browsers differ from the documentation: the claim does not hold, and the witnesses agree."""
    return distinct([one for one in told(results) if one.verdict == Kind.REFUTED])


def untold(results: Results) -> list[CellResult]:
    """What could not be told, the gravest first: disputed, inconclusive, unsupported, or the lab itself failed."""
    unsure = [one for one in told(results) if one.verdict not in (Kind.CONFIRMED, Kind.REFUTED)]
    return distinct(sorted(unsure, key=lambda one: -KINDS[one.verdict].gravity))


def told(results: Results) -> list[Repeats]:
    """Every cell, in the order of the report."""
    return [one for section in sections(results) for one in section.groups]


def distinct(groups: list[Repeats]) -> list[CellResult]:
    """The gravest run of each; of cells that differ in nothing but their transport and say the same, the first."""
    found: dict[tuple[object, ...], CellResult] = {}
    for one in groups:
        cell, verdict = one.shown.cell, one.shown.verdict
        key = (cell.engine, cell.protocol, cell.opening, cell.case, verdict.kind, verdict.live, verdict.answer)
        found.setdefault(key, one.shown)
    return list(found.values())
