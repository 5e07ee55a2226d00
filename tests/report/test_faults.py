"""A fault that repeats names itself once, with a count, wherever cells are listed."""

from __future__ import annotations

from pathlib import Path

from lab.model.verdict import Kind
from lab.report.findings import untold
from lab.report.markdown import markdown
from lab.report.render import render
from lab.report.terminal import surprises
from lab.results.file import Results
from tests.results.test_file import altered, cell, made

GONE = "the browser failed: it has gone"


def many(*whys: str) -> Results:
    """A cell for each of these faults, and one without."""
    faults = [
        altered(cell(), kind=Kind.HARNESS_FAULT, why=why, at_most=100 + number, name=f"s.{number}", live=None, answer=None)
        for number, why in enumerate(whys, start=1)
    ]
    return made(cell(), *faults)


def test_a_fault_that_repeats_has_one_line() -> None:
    found = many(*[GONE] * 20, "the origin hung")
    lines = [line for line in surprises(found) if "harness fault" in line]
    assert len(lines) == 2
    assert lines[0].endswith(f"harness fault: in 20 cells: {GONE}")
    assert lines[1].endswith("harness fault: the origin hung")


def test_and_is_once_in_the_lists_of_the_report() -> None:
    found = many(*[GONE] * 20, "the origin hung")
    whys = [one.verdict.why for one in untold(found)]
    assert whys.count(f"in 20 cells: {GONE}") == 1
    assert len([why for why in whys if GONE in why]) == 1
    assert render(found).count("In 20 cells: the browser failed") == 1
    assert markdown(found).casefold().count("in 20 cells: the browser failed") == 1


def test_what_happened_once_is_told_as_it_is(tmp_path: Path) -> None:
    assert [one.verdict.why for one in untold(many(GONE))] == [GONE]
