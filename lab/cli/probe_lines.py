"""What `seventh-tab probe` prints: findings of the wire, the arithmetic, and what each browser showed."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence

from lab.judge.prediction import Prediction
from lab.judge.probe import fix, held_in_words, verified
from lab.model.probe import Finding, ProbeReport
from lab.model.verdict import KINDS, Kind
from lab.report.last_screen import marks
from lab.results.file import CellResult
from lab.results.names import engine_title
from lab.text import clean, counted, first_sentence, sentence

AS_PREDICTED = {Kind.CONFIRMED: "as predicted", Kind.REFUTED: "not as predicted"}


def finding_lines(found: Sequence[Finding], width: int) -> Iterator[str]:
    """Each finding: how bad, what, the evidence; and the fix, if there is one."""
    for one in found:
        yield from filled(f"{one.severity}: {one.what} ({one.evidence})", width)
        if one.fix:
            yield from filled(f"fix: {one.fix}", width, indent=4)


def prediction_lines(prediction: Prediction, report: ProbeReport, width: int) -> Iterator[str]:
    """What a tab holds open, the arithmetic, and what it says."""
    yield ""
    yield "At rest a tab holds open:" if report.holders else "At rest a tab holds nothing open."
    for one in report.holders:
        yield from filled(held_in_words(one), width, indent=2)
    yield "The arithmetic:"
    for step in prediction.steps:
        yield from filled(step, width, indent=2)
    yield f"predicted: {prediction.answer}"


def cell_lines(cell: CellResult, width: int) -> Iterator[str]:
    """What a browser showed: a mark for each tab, the verdict, each witness, the fix."""
    report, verdict = cell.probe, cell.verdict
    if cell.clients:
        yield f"{marks(cell, ' ')}  {sum(one.live for one in cell.clients)} of {counted(len(cell.clients), 'tab')} live"
    how = AS_PREDICTED.get(verdict.kind, KINDS[verdict.kind].label)
    told = sentence(first_sentence(verdict.why) if verdict.kind in AS_PREDICTED else verdict.why)
    yield from filled(f"{engine_title(cell)}: {verdict.answer or 'nothing to tell'}, {how}. {told}", width)
    for witness in verdict.witnesses:
        yield from filled(f"{witness.witness}: {witness.says}", width, indent=2)
    if report and (todo := fix(report, verified(report))):
        yield from filled(f"fix: {todo}", width, indent=2)


def filled(text: str, width: int, indent: int = 0) -> list[str]:
    """Lines of a text that are not wider than the terminal; a URL is never broken."""
    return textwrap.wrap(
        clean(text), width, initial_indent=" " * indent, subsequent_indent=" " * (indent + 2), break_long_words=False,
        break_on_hyphens=False,
    )  # fmt: skip
