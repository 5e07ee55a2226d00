"""Every scenario file reads as prose: short, with its question, without machinery."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import pytest

from lab.browser.engines import ENGINES
from lab.model.cell import Cell
from lab.scenario import catalogue, selection
from lab.scenario.selection import Choice
from tests.conftest import ROOT

FILES = sorted((ROOT / "scenarios").glob("*.py"))
ALL = catalogue.load(ROOT / "scenarios")


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_scenario_file(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    tree = ast.parse(text)
    question = ast.get_docstring(tree)
    assert question
    assert len(question) > 60
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            assert node.module == "lab", f"a scenario imports from lab only, not from {node.module}"
        assert not isinstance(node, ast.Import), "a scenario imports from lab only"


@pytest.mark.parametrize("name", ALL)
def test_a_claim_names_its_source(name: str) -> None:
    assert all(len(claim.source) > 10 for claim in ALL[name].claims)


def test_every_file_has_a_scenario() -> None:
    assert {one.path for one in ALL.values()} == set(FILES)


def chosen(breadth: str, *scenarios: str, repeat: int | None = None, **axes: Any) -> list[Cell]:
    found = [ALL[name] for name in scenarios] or list(ALL.values())
    return catalogue.selected(found, Choice(engines=tuple(ENGINES), breadth=breadth, repeat=repeat, axes=axes))


def test_the_quick_cells_are_of_the_main_ones_and_those_of_all() -> None:
    breadths = ("quick", "main", "thorough", "all")
    quick, main, thorough, every = ({cell.group for cell in chosen(breadth)} for breadth in breadths)
    assert quick < main < thorough < every
    assert {cell.scenario for cell in chosen("quick")} == set(ALL)
    assert {cell.repeat for cell in chosen("quick")} == {1}


def test_a_default_run_asks_every_question_in_every_engine_once() -> None:
    usual = [name for name, one in ALL.items() if not one.named_by]
    cells = chosen("main", *usual)
    assert {(cell.scenario, cell.engine) for cell in cells} == {(name, engine) for name in usual for engine in ENGINES}
    assert {cell.repeat for cell in cells} == {1}
    repeated = {(cell.engine, cell.opening) for cell in chosen("thorough", *usual) if cell.repeat == 3}
    assert repeated == {("chromium", "hosts")}, "only there chance decides"


def test_what_is_kept_for_thorough_runs_can_be_asked_for() -> None:
    assert not [cell for cell in chosen("main", "limits") if cell.opening == "hosts"]
    assert {cell.opening for cell in chosen("main", "limits", opening=("hosts",))} == {"hosts"}


def test_the_thorough_cells_have_every_name_once() -> None:
    limits = chosen("thorough", "limits", repeat=1)
    assert {cell.transport for cell in limits} == set(ALL["limits"].transports)
    assert {cell.opening for cell in (*limits, *chosen("thorough", "seventh_tab"))} == set(ALL["limits"].openings)
    assert "tabs" in {cell.opening for cell in chosen("main", "limits", opening=("tabs",))}
    assert {cell.streams for cell in limits if cell.protocol == "h2"} == set(ALL["limits"].streams)
    assert {cell.case for cell in chosen("thorough", "pools")} == set(ALL["pools"].cases)


def test_pools_are_compared_over_both_protocols() -> None:
    asked = {(cell.case, cell.protocol) for cell in chosen("thorough", "pools")}
    assert {("one page asks two hosts", "h1"), ("one page asks two hosts", "h2")} <= asked


def test_names_are_unique() -> None:
    every = chosen("all", repeat=2)
    assert len({cell.name for cell in every}) == len(every)


def test_a_setting_that_is_asked_for_takes_the_place_of_the_scenarios_own() -> None:
    limits = chosen("main", "limits", streams=(7,), protocol=("h2",), transport=("sse",), opening=("page",), repeat=1)
    assert [cell.streams for cell in limits] == [7, 7]


def test_every_cell_has_a_claim_and_its_scenarios_question() -> None:
    for one in ALL.values():
        for cell in selection.cells(one, Choice(engines=tuple(ENGINES), breadth="all")):
            assert one.claim(cell) is not None
            assert cell.question == one.question
