"""What a terminal shows of results: it fits into 80 columns, tells every cell, and obeys nothing."""

from __future__ import annotations

import pytest
from rich.console import Console, RenderableType

from lab.model.verdict import KINDS, Kind
from lab.report.sections import sections
from lab.report.tables import Column, Row, Table
from lab.report.terminal import results_tables, surprises, table_of
from lab.results import file
from tests.conftest import ROOT
from tests.report.test_render import HOSTILE
from tests.results.test_file import altered, cell, made

WIDTH = 80
EVIL = f"{HOSTILE} [/bold] [red] \x1b]0;x\x07"


def printed(*found: RenderableType, colour: bool = False) -> str:
    console = Console(width=WIDTH, highlight=False, force_terminal=colour, color_system="standard" if colour else None)
    with console.capture() as captured:
        for one in found:
            console.print(one)
    return captured.get()


def test_the_sample_fits_and_no_verdict_is_cut_off() -> None:
    sample = file.read(ROOT / "reports" / "sample" / "results.json.gz")
    said = printed(*results_tables(sample))
    assert max(len(line) for line in said.splitlines()) <= WIDTH
    verdicts = sum(column.key == "verdict" and column.brief for section in sections(sample) for table in section.tables
                   for column in table.columns for _ in table.rows)  # fmt: skip
    assert sum(line.rstrip().endswith(tuple(row.label for row in KINDS.values())) for line in said.splitlines()) == verdicts


def test_a_table_has_its_scenario_its_cells_and_their_numbers() -> None:
    said = printed(*results_tables(made(cell(), cell(protocol="h2", live=12))))
    assert "s: Live clients, and the limit that held the others back" in said
    lines = [" ".join(line.split()) for line in said.splitlines()]
    assert "Chromium 156, h1, Server-sent 6 12 connections per host confirmed" in lines
    assert any(line.startswith("Chromium 156, h2 (100), Server-sent 12 12 none found") for line in lines)


def test_columns_that_are_not_brief_are_left_out() -> None:
    columns = (Column("a", "first"), Column("b", "second", brief=False))
    said = printed(table_of(Table("title", "about", columns, (Row(None, "x", {"a": 1, "b": 2}),))))
    assert "first" in said
    assert "second" not in said
    assert said.strip().startswith("title")


@pytest.mark.parametrize("kind", Kind)
def test_a_verdict_has_its_label_and_its_colour(kind: Kind) -> None:
    row = Row(None, "x", {"verdict": kind})
    table = Table("t", "about", (Column("verdict", "verdict"),), (row,))
    assert KINDS[kind].label in printed(table_of(table))
    assert "\x1b[" in printed(table_of(table), colour=True)


def test_surprises_are_what_needs_a_word() -> None:
    calm, busy = cell(), altered(cell(live=9), protocol="h1-clear")
    differs = [altered(cell(protocol="h2", live=live), repeat=turn) for turn, live in enumerate((10, 12), start=1)]
    results = made(calm, busy, *differs)
    results.calibration = [altered(cell(), kind=Kind.HARNESS_FAULT, why="7 were held")]
    lines = surprises(results)
    assert lines[0] == "calibration over HTTP/1.1 over TLS: harness fault: 7 were held"
    assert lines[1].startswith("s: Chromium 156, HTTP/1.1 without TLS, server-sent events, tabs: refuted: The claim is 6 live")
    assert any("10 to 12 live: no reason is known" in line for line in lines)
    assert surprises(made(calm)) == []


def test_nothing_from_elsewhere_is_obeyed() -> None:
    one = altered(cell(live=9), scenario=EVIL, engine=EVIL, engine_version=EVIL, why=EVIL, case=EVIL)
    results = made(one)
    said = printed(*results_tables(results)) + "".join(surprises(results))
    assert "\x1b" not in said
    assert "\x07" not in said
    assert "[/bold]" in said
