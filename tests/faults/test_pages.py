"""A page that never answers, or never arrives, is a fault of its cell; the next scenario is measured."""

from __future__ import annotations

from pathlib import Path

from lab.model.verdict import Kind
from tests.faults.struck import struck

FAULTS = Path(__file__).parent


def test_pages_that_do_not_answer(tmp_path: Path) -> None:
    """In Chromium only: whether a page answers is asked in the same way of every engine."""
    scenarios = [str(FAULTS / f"{name}.py") for name in ("endless", "unanswered", "answered")]
    options = ["--engine", "chromium", "--protocol", "h1", "--tabs", "2", "--repeat", "1"]
    with struck(tmp_path, *scenarios, *options) as run:
        found = run.end(4)
    endless, unanswered, next_one = found.cells
    assert endless.verdict.kind is unanswered.verdict.kind is Kind.HARNESS_FAULT
    assert "1 of 2 pages did not answer for 8 s, though they had loaded: a script in them does not end" in endless.verdict.why
    assert "not one of 2 pages was answered: see origin.log" in unanswered.verdict.why
    assert (next_one.verdict.kind, next_one.verdict.live) == (Kind.CONFIRMED, 2)
