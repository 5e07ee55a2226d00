"""A comparison as it is told: on a page and in a terminal."""

from __future__ import annotations

from typing import Any

import pytest

from lab.model.verdict import Kind
from lab.report.comparison import lists, render_comparison, words
from lab.report.terminal import comparison_lines
from lab.results.compare import Comparison, compare
from tests.report.test_render import Reader
from tests.report.test_terminal import EVIL, WIDTH, printed
from tests.results.test_compare import followed, on, runs
from tests.results.test_file import altered, cell, made


def told(comparison: Comparison) -> str:
    return printed(*comparison_lines(comparison))


def test_nothing_changed() -> None:
    run = made(*runs(6, 9, 6), cell(protocol="h2", live=12))
    assert words(compare(run, run)) == ["Nothing changed beyond the spread in 2 cells."]


def test_nothing_in_common() -> None:
    assert words(compare(made(), made())) == ["The two runs have no cell in common that can be compared."]
    found = compare(made(cell()), made(cell(protocol="h2", live=12)))
    assert "Only in A:\n  Chromium, tabs over HTTP/1.1 by server-sent events\n" in told(found)


def test_a_limit_that_moved_is_named_first() -> None:
    found = compare(made(*runs(6, 6)), made(*runs(9, 9, version="157.0.2")))
    assert words(found) == [*found.moved, "1 of 1 cell changed beyond the spread."]
    other = compare(made(*runs(6, kind=Kind.CONFIRMED)), made(*runs(6, kind=Kind.REFUTED)))
    assert words(other)[0] == "No limit moved."


def test_what_the_runs_were_made_with_comes_first() -> None:
    before, after = on("Linux", *runs(6)), on("Darwin", *runs(6, version="157.0"), lab="0.2.0")
    found = compare(before, after)
    said = told(found)
    assert said.index("Darwin") < said.index("Nothing changed beyond the spread in 1 cell.")
    page = render_comparison(found)
    assert page.index("Darwin") < page.index("Nothing changed", page.index("<main>"))


def test_a_single_repeat_has_no_spread() -> None:
    found = compare(made(*followed(1.0)), made(*followed(30.0, 31.0)))
    assert "takes two repeats" in lists(found)[0][0]


def test_every_string_is_escaped_and_no_terminal_obeys_one() -> None:
    hostile: dict[str, Any] = dict.fromkeys(("case", "engine", "transport", "answer"), EVIL)
    old = runs(6, version=EVIL, **hostile)
    new = [altered(one, live=9, answer=f"not {EVIL}", engine_version=f"157 {EVIL}") for one in old]
    before, after = made(*old, *runs(6)), on(EVIL, *new, *runs(6, scenario="b" + EVIL), lab=EVIL)
    before.run = after.run = EVIL
    after.versions[EVIL] = EVIL
    found = compare(before, after)
    assert found.changed
    assert found.only_before
    page = render_comparison(found)
    assert set(Reader(page).tags) <= {
        *("html", "head", "meta", "title", "link", "style", "body", "main", "div", "h1", "p"),
        *("table", "caption", "thead", "tbody", "tr", "th", "td", "details", "summary", "ul", "li"),
    }
    assert Reader(page).loads == ["data:,"]
    assert "default-src 'none'" in page
    assert page.count("</style>") == 1
    assert "\x1b" not in told(found)
    assert "[/bold]" in told(found)


@pytest.mark.parametrize("count", [1, 30])
def test_it_fits_into_a_terminal_and_a_long_list_is_cut(count: int) -> None:
    cells = [one for number in range(count) for one in runs(6, scenario=f"seventh_tab_{number}")]
    moved = [altered(one, live=9, kind=Kind.REFUTED) for one in cells[:1]]
    found = compare(made(*cells), made(*moved))
    said = told(found)
    assert max(len(line) for line in said.splitlines()) <= WIDTH
    assert said.startswith("A is run 20261123-120000, B is run 20261123-120000.\n")
    assert ("and 9 more" in said) == (count == 30)
    assert said.count("refuted") == 1
    assert render_comparison(found).count("<li>") == count - 1


def test_the_same_runs_give_the_same_bytes() -> None:
    a, b = made(*runs(6)), made(*runs(9))
    assert render_comparison(compare(a, b)) == render_comparison(compare(a, b))
