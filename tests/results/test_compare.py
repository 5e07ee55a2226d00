"""Two runs side by side: what is called a change, what is not, and what the browser is said to have done."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from rich.console import Console

from lab.cli.console import WIDTH, say_comparison
from lab.judge.figures import Cost, Way
from lab.model.verdict import Limit
from lab.report.comparison import lists, render_comparison, words
from lab.results.compare import MEDIAN, Comparison, Difference, compare
from lab.results.file import CellResult, Machine, Results
from tests.report.test_render import HOSTILE, Reader
from tests.results.test_file import cell, made

EVIL = f"{HOSTILE} [/bold] [red] \x1b]0;x\x07"
COST = Cost(1.0, 0.1, 0.0, 1)


def runs(*lives: int, version: str = "156.0.1", **changes: Any) -> list[CellResult]:
    """The repeats of one cell."""
    fields = {"engine_version": version, **changes}
    return [msgspec.structs.replace(cell(live=live), repeat=turn, **fields) for turn, live in enumerate(lives, start=1)]


def heard(*medians: float, **changes: Any) -> list[CellResult]:
    """The repeats of a cell in which half of the updates came within so many ms; the clocks agreed to 0.1 ms."""
    return [
        msgspec.structs.replace(cell(live=12, limit=12), repeat=turn, way=way(median), **changes)
        for turn, median in enumerate(medians, start=1)
    ]


def way(median: float) -> Way:
    return Way(
        http=("1.1",), seconds=10, published=100, received=1200, missed=0, repeated=0, disordered=0, requests=0,
        requests_per_second=0, latency_ms=(median,) * 101, clocks_ms=0.1, first_ms=None, late_ms=0, latest_ms=0,
        sent_bytes=1, received_bytes=1, origin=COST, browser=COST,
    )  # fmt: skip


def text(comparison: Comparison) -> str:
    console = Console(width=WIDTH, highlight=False, force_terminal=False)
    with console.capture() as captured:
        say_comparison(comparison, console)
    return captured.get()


def changed(a: list[CellResult], b: list[CellResult]) -> list[Difference]:
    return [each for one in compare(made(*a), made(*b)).changed for each in one.differences]


def on(system: str, *cells: CellResult, lab: str = "0.1.0") -> Results:
    results = made(*cells)
    results.machine, results.versions = Machine(system=system, cpus=2, load=0.5), {"seventh-tab": lab}
    return results


def test_a_run_beside_itself() -> None:
    run = made(*runs(6, 9, 6), *heard(1.0, 2.0, group="ways"), cell(protocol="h2", live=12), cell(missing="none"))
    found = compare(run, run)
    assert (found.changed, found.differences, found.doubtful, found.single, found.only_before, found.only_after) == ((),) * 6
    assert words(found) == [f"Nothing changed beyond the spread in {found.compared} cells."]
    assert found.compared == 3


def test_two_runs_with_nothing_in_common() -> None:
    assert words(compare(made(), made())) == ["The two runs have no cell in common that can be compared."]
    found = compare(made(cell()), made(cell(protocol="h2", live=12)))
    assert (found.compared, found.changed) == (0, ())
    assert found.only_before == ("Chromium, tabs over HTTP/1.1 by sse",)
    assert found.only_after == ("Chromium, tabs over HTTP/2 by sse",)
    assert "Only in A:\n  Chromium, tabs over HTTP/1.1 by sse\n" in text(found)


def test_a_wall_moved_with_the_browser() -> None:
    found = compare(made(*runs(6, 6)), made(*runs(9, 9, version="157.0.2")))
    assert found.differences == (Difference("Chromium", "156.0.1", "157.0.2"),)
    assert found.moved == [
        "With Chromium 157 instead of 156, tabs over HTTP/1.1 by sse: 9 live instead of 6. The browser update moved this wall."
    ]
    assert words(found) == [*found.moved, "1 of 1 cell changed beyond the spread."]
    back = compare(made(*runs(9, version="157.0.2")), made(*runs(6)))
    assert back.moved[0].endswith("6 live instead of 9. The browser downgrade moved this wall.")


def test_a_small_update_is_told_in_full() -> None:
    [sentence] = compare(made(*runs(6)), made(*runs(9, version="156.0.12"))).moved
    assert sentence.startswith("With Chromium 156.0.12 instead of 156.0.1, ")
    assert sentence.endswith("The browser update moved this wall.")


@pytest.mark.parametrize(
    ("before", "after", "because"),
    [
        (on("Linux", *runs(6)), on("Linux", *runs(9)), "It moved, with the same browser."),
        (on("Linux", *runs(6)), on("Darwin", *runs(9)), "It moved, with the same browser, but the machine changed."),
        (
            on("Linux", *runs(6)),
            on("Darwin", *runs(9, version="157"), lab="0.2.0"),
            "It moved with another browser, but the machine and the lab changed too: which of them did it is not known.",
        ),
        (
            on("Linux", *runs(6, cause=Limit.SOCKETS.value)),
            on("Linux", *runs(9, cause=Limit.SOCKETS.value, version="157")),
            "This limit is a soft one: chance alone may have moved it.",
        ),
    ],
)
def test_the_browser_is_blamed_for_nothing_else(before: Results, after: Results, because: str) -> None:
    [sentence] = compare(before, after).moved
    assert sentence.endswith(because)


def test_what_the_runs_were_made_with_is_named_first() -> None:
    before, after = on("Linux", *runs(6)), on("Darwin", *runs(6, version="157.0"), lab="0.2.0")
    after.versions["trio"] = "0.30"
    found = compare(before, after)
    assert [one.what for one in found.differences] == ["Chromium", "seventh-tab", "trio", "machine"]
    assert found.differences[2] == Difference("trio", "–", "0.30")
    said = text(found)
    assert said.index("Darwin") < said.index("Nothing changed beyond the spread in 1 cell.")
    page = render_comparison(found)
    assert page.index("Darwin") < page.index("Nothing changed", page.index("<main>"))


@pytest.mark.parametrize(
    ("before", "after", "moved"),
    [
        ((6, 6, 6), (9, 9, 9), True),
        ((6, 7), (8,), True),
        ((6, 9), (9, 9), False),
        ((6, 9), (7, 8), False),
        ((9,), (6, 7, 8), True),
    ],
)
def test_a_wall_moves_only_beyond_the_spread(before: tuple[int, ...], after: tuple[int, ...], moved: bool) -> None:
    told = changed(runs(*before), runs(*after))
    assert ("live" in [one.what for one in told]) is moved


@pytest.mark.parametrize(("field", "what"), [("verdict", "verdict"), ("cause", "what held the rest"), ("answer", "answer")])
def test_words_change_when_no_repeat_says_the_same(field: str, what: str) -> None:
    values = {"verdict": ("confirmed", "refuted"), "cause": (Limit.SOCKETS.value, Limit.NONE.value), "answer": ("x", "y")}
    old, new = values[field]
    said: dict[str, Any] = {"verdict": "confirmed", "cause": None, "answer": None}
    a, b = runs(6, 6, **{**said, field: old}), runs(6, 6, **{**said, field: new})
    assert changed(a, b) == [Difference(what, old, new)]
    assert compare(made(*a), made(*b)).moved == []
    assert words(compare(made(*a), made(*b)))[0] == "No wall moved."
    assert changed(a, [*b[:1], a[1]]) == []


def test_a_cell_that_became_possible() -> None:
    found = changed([cell(missing="none here")], runs(6))
    assert found == [Difference("verdict", "unsupported", "confirmed")]


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ((1.0, 1.2), (3.0, 3.4), [Difference(MEDIAN, "0.9 to 1.3", "2.9 to 3.5")]),
        ((1.0, 1.2), (1.1, 3.4), []),
        ((1.0, 1.2), (1.3, 1.4), []),  # The clocks alone may differ by that.
    ],
)
def test_lateness_changes_only_beyond_spread_and_clocks(
    before: tuple[float, ...], after: tuple[float, ...], told: list[Difference]
) -> None:
    assert changed(heard(*before), heard(*after)) == told


def test_of_a_single_repeat_nothing_is_claimed() -> None:
    found = compare(made(*heard(1.0)), made(*heard(30.0, 31.0)))
    assert found.changed == ()
    assert found.single == ("Chromium, tabs over HTTP/1.1 by sse",)
    assert "that takes two repeats" in lists(found)[0][0]
    assert compare(made(*heard(1.0)), made(*runs(12))).single == ()


@pytest.mark.parametrize(
    ("before", "after", "reason"),
    [
        ("confirmed", "disputed", "disputed in the second run"),
        ("harness_fault", "disputed", "harness fault in the first run and disputed in the second run"),
    ],
)
def test_what_is_in_doubt_is_not_compared(before: str, after: str, reason: str) -> None:
    found = compare(made(*runs(6, 6, verdict=before)), made(*runs(9), *runs(9, verdict=after)))
    assert (found.compared, found.changed) == (0, ())
    assert found.doubtful == (f"Chromium, tabs over HTTP/1.1 by sse: {reason}",)


def test_cells_that_would_be_called_the_same_have_their_full_names() -> None:
    cells = [*runs(6), *runs(6, group="another", asked=24), *runs(6, engine="firefox", group="third")]
    found = compare(made(*cells), made())
    assert found.only_before == (
        f"Chromium, tabs over HTTP/1.1 by sse ({cells[0].group})",
        "Chromium, tabs over HTTP/1.1 by sse (another)",
        "Firefox, tabs over HTTP/1.1 by sse",
    )


def test_every_string_is_escaped_and_no_terminal_obeys_one() -> None:
    old = runs(6, case=EVIL, engine=EVIL, group=EVIL, transport=EVIL, answer=EVIL, version=EVIL)
    new = [msgspec.structs.replace(one, live=9, answer=f"not {EVIL}", engine_version=f"157 {EVIL}") for one in old]
    before, after = made(*old, *runs(6)), on(EVIL, *new, *runs(6, group="b" + EVIL), lab=EVIL)
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
    assert "\x1b" not in text(found)
    assert "[/bold]" in text(found)


def test_it_fits_into_a_terminal_and_tells_all() -> None:
    cells = [one for number in range(30) for one in runs(6, group=f"seventh_tab.chromium.h1.sse.tabs.12.100.{number}")]
    moved = [msgspec.structs.replace(one, live=9, verdict="refuted") for one in cells[:5]]
    found = compare(made(*cells), made(*moved))
    said = text(found)
    assert max(len(line) for line in said.splitlines()) <= WIDTH
    assert said.startswith("A is run 20261123-120000, B is run 20261123-120000.\n")
    assert "and 5 more" in said
    assert said.count("refuted") == 5
    assert render_comparison(found).count("<li>") == 25


def test_the_same_runs_give_the_same_bytes() -> None:
    a, b = made(*runs(6)), made(*runs(9))
    assert render_comparison(compare(a, b)) == render_comparison(compare(a, b))
