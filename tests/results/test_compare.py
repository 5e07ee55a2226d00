"""Two runs side by side: what is called a change, what is not, and what the browser is said to have done."""

from __future__ import annotations

from typing import Any

import pytest

from lab.judge.figures import Cost, DeliveryFigures
from lab.model.verdict import Kind, Limit
from lab.results.compare import MEDIAN, Difference, compare
from lab.results.file import CellResult, Machine, Results
from tests.results.test_file import altered, cell, made

COST = Cost(cpu_s=1.0, cpu_within_s=0.1, memory_bytes=1)


def runs(*lives: int, version: str = "156.0.1", **changes: Any) -> list[CellResult]:
    """The repeats of one cell."""
    fields = {"engine_version": version, **changes}
    return [altered(cell(live=live), repeat=turn, **fields) for turn, live in enumerate(lives, start=1)]


def followed(*medians: float, **changes: Any) -> list[CellResult]:
    """The repeats of a cell with these median latencies, in ms; the clocks agreed to 0.1 ms."""
    return [
        altered(cell(live=12, limit=12), repeat=turn, delivery=figures(median), **changes)
        for turn, median in enumerate(medians, start=1)
    ]


def figures(median: float) -> DeliveryFigures:
    return DeliveryFigures(
        http=("1.1",), seconds=10, published=100, received=1200, missed=0, repeated=0, disordered=0, requests=0,
        requests_per_second=0, latency_percentiles_ms=(median,) * 101, clocks_ms=0.1, first_ms=None, delay_ms=0,
        sent_bytes=1, received_bytes=1, origin=COST, browser=COST,
    )  # fmt: skip


def changed(a: list[CellResult], b: list[CellResult]) -> list[Difference]:
    return [each for one in compare(made(*a), made(*b)).changed for each in one.differences]


def on(system: str, *cells: CellResult, lab: str = "0.1.0") -> Results:
    results = made(*cells)
    results.machine, results.versions = Machine(system=system, cpus=2, load=0.5), {"seventh-tab": lab}
    return results


def test_a_run_beside_itself() -> None:
    run = made(*runs(6, 9, 6), *followed(1.0, 2.0, scenario="delivery"), cell(protocol="h2", live=12), cell(missing="none"))
    found = compare(run, run)
    assert (found.changed, found.differences, found.doubtful, found.single, found.only_before, found.only_after) == ((),) * 6
    assert found.compared == 3


def test_two_runs_with_nothing_in_common() -> None:
    assert compare(made(), made()).compared == 0
    found = compare(made(cell()), made(cell(protocol="h2", live=12)))
    assert (found.compared, found.changed) == (0, ())
    assert found.only_before == ("Chromium, tabs over HTTP/1.1 by server-sent events",)
    assert found.only_after == ("Chromium, tabs over HTTP/2 by server-sent events",)


def test_a_limit_moved_with_the_browser() -> None:
    found = compare(made(*runs(6, 6)), made(*runs(9, 9, version="157.0.2")))
    assert found.differences == (Difference("Chromium", "156.0.1", "157.0.2"),)
    assert found.moved == [
        "With Chromium 157 instead of 156, tabs over HTTP/1.1 by server-sent events: 9 live instead of 6. "
        "The browser update moved this limit."
    ]
    back = compare(made(*runs(9, version="157.0.2")), made(*runs(6)))
    assert back.moved[0].endswith("6 live instead of 9. The browser downgrade moved this limit.")


def test_a_small_update_is_told_in_full() -> None:
    [sentence] = compare(made(*runs(6)), made(*runs(9, version="156.0.12"))).moved
    assert sentence.startswith("With Chromium 156.0.12 instead of 156.0.1, ")
    assert sentence.endswith("The browser update moved this limit.")


@pytest.mark.parametrize(
    ("before", "after", "because"),
    [
        (on("Linux", *runs(6)), on("Linux", *runs(9)), "It moved, with the same browser."),
        (on("Linux", *runs(6)), on("Darwin", *runs(9)), "It moved, with the same browser, but the machine changed."),
        (
            on("Linux", *runs(6)),
            on("Darwin", *runs(9, version="157"), lab="0.2.0"),
            "It moved with another browser, but the machine and the lab changed too: which of them moved it is not known.",
        ),
        (
            on("Linux", *runs(6, cause=Limit.SOCKETS)),
            on("Linux", *runs(9, cause=Limit.SOCKETS, version="157")),
            "This limit is soft: it may have moved by chance alone.",
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
def test_a_limit_moves_only_beyond_the_spread(before: tuple[int, ...], after: tuple[int, ...], moved: bool) -> None:
    told = changed(runs(*before), runs(*after))
    assert ("live" in [one.what for one in told]) is moved


@pytest.mark.parametrize(
    ("field", "old", "new", "difference"),
    [
        ("kind", Kind.CONFIRMED, Kind.REFUTED, Difference("verdict", "confirmed", "refuted")),
        ("cause", Limit.SOCKETS, Limit.NONE, Difference("what held the others back", "sockets in total", "none found")),
        ("answer", "x", "y", Difference("answer", "x", "y")),
    ],
)
def test_words_change_when_no_repeat_says_the_same(field: str, old: Any, new: Any, difference: Difference) -> None:
    said: dict[str, Any] = {"kind": Kind.CONFIRMED, "cause": None, "answer": None}
    a, b = runs(6, 6, **{**said, field: old}), runs(6, 6, **{**said, field: new})
    assert changed(a, b) == [difference]
    assert compare(made(*a), made(*b)).moved == []
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
def test_latency_changes_only_beyond_spread_and_clocks(
    before: tuple[float, ...], after: tuple[float, ...], told: list[Difference]
) -> None:
    assert changed(followed(*before), followed(*after)) == told


def test_of_a_single_repeat_nothing_is_claimed() -> None:
    found = compare(made(*followed(1.0)), made(*followed(30.0, 31.0)))
    assert found.changed == ()
    assert found.single == ("Chromium, tabs over HTTP/1.1 by server-sent events",)
    assert compare(made(*followed(1.0)), made(*runs(12))).single == ()


@pytest.mark.parametrize(
    ("before", "after", "reason"),
    [
        (Kind.CONFIRMED, Kind.DISPUTED, "disputed in the second run"),
        (Kind.CONFIRMED, Kind.INCONCLUSIVE, "inconclusive in the second run"),
        (Kind.HARNESS_FAULT, Kind.DISPUTED, "harness fault in the first run and disputed in the second run"),
    ],
)
def test_what_is_in_doubt_is_not_compared(before: Kind, after: Kind, reason: str) -> None:
    found = compare(made(*runs(6, 6, kind=before)), made(*runs(9), *runs(9, kind=after)))
    assert (found.compared, found.changed) == (0, ())
    assert found.doubtful == (f"Chromium, tabs over HTTP/1.1 by server-sent events: {reason}",)


def test_cells_that_would_be_called_the_same_are_told_apart_by_what_differs() -> None:
    cells = [*runs(6), *runs(6, at_most=24), *runs(6, engine="firefox"), *runs(6, at_most=24, scenario="another")]
    found = compare(made(*cells), made())
    assert found.only_before == (
        "Chromium, tabs over HTTP/1.1 by server-sent events (s, at most 12)",
        "Chromium, tabs over HTTP/1.1 by server-sent events (s, at most 24)",
        "Firefox, tabs over HTTP/1.1 by server-sent events",
        "Chromium, tabs over HTTP/1.1 by server-sent events (another, at most 24)",
    )


def test_an_axis_that_one_of_them_lacks_is_a_dash() -> None:
    cells = [*runs(6, per_second=None), *runs(6, per_second=5.0), *runs(6, route="nginx")]
    assert compare(made(*cells), made()).only_before[:2] == (
        "Chromium, tabs over HTTP/1.1 by server-sent events (updates a second –)",
        "Chromium, tabs over HTTP/1.1 by server-sent events (updates a second 5)",
    )


def test_a_comparison_is_a_function_of_two_runs() -> None:
    a, b = made(*runs(6)), made(*runs(9))
    assert compare(a, b) == compare(a, b)
