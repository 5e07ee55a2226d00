"""How a value becomes text: the same in every medium, never a number where none is known."""

from __future__ import annotations

import pytest

from lab.judge.figures import Cost
from lab.model.verdict import KINDS, Kind, Limit
from lab.report.sections import CHAPTERS, sections
from lab.report.tables import Back, Column, Count, Found, Spread, Value, live_of_opened, text
from lab.results import file
from lab.results.repeats import repeats
from lab.text import NONE
from tests.conftest import ROOT
from tests.results.test_file import altered, cell, made


def cost(cpu_s: float | None, within_s: float | None) -> Cost:
    return Cost(cpu_s=cpu_s, cpu_within_s=within_s, memory_bytes=None)


@pytest.mark.parametrize(
    ("value", "column", "said"),
    [
        (None, Column("k", "k"), NONE),
        ("words", Column("k", "k"), "words"),
        (0, Column("k", "k", number=True), "0"),
        (1234, Column("k", "k", number=True), "1234"),
        (5, Column("k", "k", digits=1), "5"),
        (5.25, Column("k", "k", digits=1), "5.2"),
        (99.94, Column("k", "k", digits=1), "99.9"),
        (156.4, Column("k", "k", digits=1), "156"),
        (361_400_000, Column("k", "k", unit="MB"), "361"),
        (0.3386, Column("k", "k", unit="%", digits=1), "33.9"),
        (Kind.HARNESS_FAULT, Column("k", "k"), "harness fault"),
        (Limit.CONNECTIONS, Column("k", "k"), "connections per host"),
        (Spread(()), Column("k", "k"), NONE),
        (Spread((6, 6)), Column("k", "k"), "6"),
        (Spread((9, 6, 7)), Column("k", "k"), "6 to 9"),
        (Count((), 12), Column("k", "k"), NONE),
        (Count((6, 7), 12), Column("k", "k"), "6 to 7 of 12"),
        (Count((12, 12), 12), Column("k", "k"), "all 12"),
        (Count((1,), 1), Column("k", "k"), "1 of 1"),
        (Count((12,), 24, bare=True), Column("k", "k"), "12"),
        (Back(3003.4, 3, 3, 0), Column("k", "k", unit="ms"), "3003"),
        (Back(3003.4, 2, 3, 4), Column("k", "k", unit="ms"), "2 of 3: 3003, 4 lost"),
        (Back(None, 0, 3, 0), Column("k", "k", unit="ms"), "none came back"),
        (Found(Count((9,), 12), Kind.REFUTED, "g"), Column("k", "k"), "9 of 12 ✗"),
        (Found("x", Kind.CONFIRMED, "g"), Column("k", "k"), "x"),
        (Found("x", Kind.DISPUTED, "g", differs=True), Column("k", "k"), "x ? ≠"),
    ],
)
def test_a_value_as_text(value: Value, column: Column, said: str) -> None:
    assert text(value, column) == said


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (cost(2.0, 0.5), "2.0 ± 0.5"),
        (cost(16.7, 0.0), "16.7 ± 0.1"),  # Two idle windows that happen to agree are no proof of no error.
        (cost(-4.5, 7.7), "below 7.7"),
        (cost(0.385, 1.086), "below 1.5"),
        (cost(0.0, 0.0), "below 0.1"),
        (cost(1.0, 1.0), "below 2.0"),
        (cost(None, None), NONE),
        (cost(None, 1.0), NONE),
        (cost(2.0, None), NONE),
    ],
)
def test_a_cost_within_its_own_noise_is_told_as_a_bound(value: Cost, said: str) -> None:
    """D2: never a negative number, nor one that may be nothing but noise."""
    assert text(value, Column("k", "k", digits=1)) == said


def test_a_column_has_its_unit_in_its_heading() -> None:
    assert Column("k", "median", unit="ms").heading == "median (ms)"
    assert Column("k", "live").heading == "live"
    assert Column("k", "median", unit="ms", group="Chromium 156").heading == "Chromium 156: median (ms)"
    assert Column("k", "", unit="ms", group="Chromium 156").heading == "Chromium 156"


OTHERS = {"probe", "hops", "buffering", "silence"}
"""The questions that a run asks only by name, or not at all."""


def test_a_row_has_values_for_its_columns_only() -> None:
    """A misspelt key would be a silent gap."""
    run = file.read(ROOT / "reports" / "sample" / "results.json.gz")
    found = [(table, row) for section in sections(run) for table in section.tables for row in table.rows]
    assert {section.question for section in sections(run)} == CHAPTERS.keys() - OTHERS
    for table, row in found:
        assert set(row.values) <= {column.key for column in table.columns}, table.title
        assert len({column.key for column in table.columns}) == len(table.columns)


def test_how_many_of_how_many() -> None:
    def said(*runs: object) -> str:
        [one] = repeats(made(*runs))  # type: ignore[arg-type]  # they are cells
        return live_of_opened(one)

    assert said(cell(), cell()) == "6 of 12"
    assert said(altered(cell(), at_most=24)) == "6 live", "a search opens as many as it takes"
    assert said(cell(missing="none here")) == "not measured"


@pytest.mark.parametrize("kind", Kind)
def test_every_kind_has_its_words(kind: Kind) -> None:
    assert text(kind, Column("verdict", "verdict")) == KINDS[kind].label
