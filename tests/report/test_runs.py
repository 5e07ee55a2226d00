"""Several runs side by side: a column for each browser of each run, and marks for what differs beyond the spread."""

from __future__ import annotations

import re

import pytest

from lab.report.answers import answer_table
from lab.report.runs import mark, render_runs, side_by_side
from lab.report.sections import CHAPTERS
from lab.report.tables import DIFFERS, Table, texts
from lab.results.file import Results
from tests.report.test_render import HOSTILE, Reader
from tests.results.test_compare import followed, on, runs
from tests.results.test_file import altered, cell, made

EVIL = f"{HOSTILE} [/bold] [red] \x1b]0;x\x07"


def limits(*of: Results) -> Table:
    return answer_table(CHAPTERS["limits"].answer, side_by_side(of))


def last(table: Table) -> list[str]:
    """The texts of the only row, without those about the row."""
    [row] = table.rows
    return texts(row, [one for one in table.columns if one.group])


def test_a_run_is_a_column_and_a_browser_too() -> None:
    a, b = made(cell(), altered(cell(live=9), engine="firefox")), made(altered(cell(), engine_version="157.0"))
    table = limits(a, b)
    assert [one.heading for one in table.columns if one.group] == ["Chromium 156 (A)", "Chromium 157 (B)", "Firefox 156 (A)"]
    assert [mark(number) for number in (0, 25, 26)] == ["A", "Z", "27"]


@pytest.mark.parametrize(
    ("before", "after", "differs"),
    [([6, 6], [9, 9], True), ([6, 6], [6, 9], False), ([6], [6], False), ([6, 9], [10], True)],
)
def test_what_lies_beyond_the_spread_is_marked(before: list[int], after: list[int], differs: bool) -> None:
    a, b = (made(*runs(*lives)) for lives in (before, after))
    told = last(limits(a, b))
    assert DIFFERS not in told[0]
    assert (DIFFERS in told[1]) is differs


def test_what_is_not_sure_is_never_marked() -> None:
    a, b = made(*runs(6)), made(*runs(9, kind="disputed"))
    assert DIFFERS not in "".join(last(limits(a, b)))


def test_another_browser_is_compared_with_the_first_column() -> None:
    a = made(cell(), altered(cell(live=9), engine="firefox"))
    b = made(altered(cell(live=9), engine="firefox"))
    told = last(limits(a, b))
    assert [DIFFERS in one for one in told] == [False, True, False], "Firefox B is compared with Firefox A"


def test_a_latency_of_a_single_repeat_is_not_marked() -> None:
    answer = CHAPTERS["delivery"].answer
    single = answer_table(answer, side_by_side([made(*followed(1.0)), made(*followed(30.0))]))
    twice = answer_table(answer, side_by_side([made(*followed(1.0, 2.0)), made(*followed(30.0, 31.0))]))
    assert DIFFERS not in "".join(last(single))
    assert DIFFERS in last(twice)[-1]


def test_cells_that_differ_in_an_axis_stand_in_two_rows() -> None:
    table = limits(made(cell()), made(cell(24, 6)))
    assert len(table.rows) == 2


def test_the_page_says_what_the_runs_were_made_with_and_what_changed() -> None:
    text = render_runs([on("Linux", *runs(6, 6)), on("Darwin", *runs(9, 9, version="157.0.2"), lab="0.2.0")])
    assert text.index("Darwin") < text.index("From A to B")
    assert "With Chromium 157 instead of 156" in text
    assert f'title="differs beyond the spread">{DIFFERS}</abbr>' in text
    assert 'href="#s' not in text, "there are no cells on this page"


def test_a_run_is_named_at_the_top_only_where_runs_of_a_browser_differ() -> None:
    alike = render_runs([made(cell()), made(cell())])
    assert '<h1 class="finding">Over HTTP/1.1, the 7th tab waits in Chromium 156.</h1>' in alike
    other = render_runs([made(cell()), made(cell(live=9))])
    assert "the 7th tab waits in Chromium 156 (A) and the 10th in Chromium 156 (B)." in other


def test_many_runs_are_compared_with_the_first() -> None:
    text = render_runs([made(*runs(6)) for _ in range(4)])
    assert re.findall("<h2>(From A to .)</h2>", text) == ["From A to B", "From A to C", "From A to D"]


def test_every_string_is_escaped() -> None:
    old = runs(6, case=EVIL, engine=EVIL, transport=EVIL, answer=EVIL, version=EVIL)
    new = [altered(one, live=9, answer=f"not {EVIL}", engine_version=f"157 {EVIL}") for one in old]
    before, after = made(*old, *runs(6)), on(EVIL, *new, *runs(6, case="b" + EVIL), lab=EVIL)
    before.run = after.run = EVIL
    page = render_runs([before, after])
    assert not {"script", "img"} & set(Reader(page.replace(page[page.rindex("<script>") :], "")).tags)
    assert Reader(page).loads == ["data:,"]
    assert "default-src 'none'" in page
    assert page.count("</style>") == 1


def test_the_same_runs_give_the_same_bytes() -> None:
    a, b = made(*runs(6)), made(*runs(9))
    assert render_runs([a, b]) == render_runs([a, b])


def test_runs_that_measured_nothing() -> None:
    assert "2 runs side by side" in render_runs([made(), made()])
