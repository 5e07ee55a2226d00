"""A comparison of two runs in words and in the terminal; tests/report/test_runs.py has the page."""

from __future__ import annotations

import pytest
from rich.console import Console

from lab.report.comparison import lists, words
from lab.report.terminal import comparison_lines
from lab.results.compare import Comparison, compare
from lab.results.file import CellResult
from tests.report.test_render import HOSTILE
from tests.results.test_compare import followed, on, runs
from tests.results.test_file import altered, cell, made

EVIL = f"{HOSTILE} [/bold] [red] \x1b]0;x\x07"
WIDTH = 80
LABEL = "Chromium, tabs over HTTP/1.1 by server-sent events"


def text(comparison: Comparison) -> str:
    console = Console(width=WIDTH, highlight=False, force_terminal=False)
    with console.capture() as captured:
        for line in comparison_lines(comparison):
            console.print(line)
    return captured.get()


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ([], [], ["The two runs have no cell in common that can be compared."]),
        (runs(6), runs(6), ["Nothing changed beyond the spread in 1 cell."]),
        (runs(6, answer="x"), runs(6, answer="y"), ["No limit moved.", "1 of 1 cell changed beyond the spread."]),
    ],
)
def test_the_answer_comes_first(before: list[CellResult], after: list[CellResult], said: list[str]) -> None:
    assert words(compare(made(*before), made(*after))) == said


def test_a_limit_that_moved_is_told_before_the_count() -> None:
    found = compare(made(*runs(6, 6)), made(*runs(9, 9, version="157.0.2")))
    assert words(found) == [*found.moved, "1 of 1 cell changed beyond the spread."]


def test_what_the_runs_were_made_with_is_told_before_what_changed() -> None:
    found = compare(on("Linux", *runs(6)), on("Darwin", *runs(6, version="157.0"), lab="0.2.0"))
    said = text(found)
    assert said.index("Darwin") < said.index("Nothing changed beyond the spread in 1 cell.")


def test_cells_of_one_run_alone_are_listed() -> None:
    assert f"Only in A:\n  {LABEL}\n" in text(compare(made(cell()), made(cell(protocol="h2", live=12))))


def test_of_a_single_repeat_it_is_said_that_nothing_is_claimed() -> None:
    found = compare(made(*followed(1.0)), made(*followed(30.0, 31.0)))
    assert "that takes two repeats" in lists(found)[0][0]


def test_no_terminal_obeys_a_string() -> None:
    old = runs(6, case=EVIL, engine=EVIL, transport=EVIL, answer=EVIL, version=EVIL)
    new = [altered(one, live=9, answer=f"not {EVIL}", engine_version=f"157 {EVIL}") for one in old]
    before, after = made(*old, *runs(6)), on(EVIL, *new, *runs(6, case="b" + EVIL), lab=EVIL)
    before.run = after.run = EVIL
    after.versions[EVIL] = EVIL
    found = compare(before, after)
    assert found.changed
    assert found.only_before
    assert "\x1b" not in text(found)
    assert "[/bold]" in text(found)


def test_it_fits_into_a_terminal_and_tells_all() -> None:
    cells = [one for number in range(30) for one in runs(6, at_most=12 + number)]
    moved = [altered(one, live=9, kind="refuted") for one in cells[:5]]
    found = compare(made(*cells), made(*moved))
    said = text(found)
    assert max(len(line) for line in said.splitlines()) <= WIDTH
    assert said.startswith("A is run 20261123-120000, B is run 20261123-120000.\n")
    assert "and 5 more" in said
    assert said.count("refuted") == 5
