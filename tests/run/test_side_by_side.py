"""Which cells are measured at the same time, and in which order they stand in the results: without a browser."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from lab.errors import MachineError
from lab.model.browsers import LaunchAttempt
from lab.model.cell import Cell
from lab.model.observation import Observation
from lab.results.file import Results
from lab.results.observations import BrowsersTried
from lab.run import run as module
from lab.run.resources import Plan
from lab.scenario import catalogue
from lab.scenario.selection import Choice

ENGINES = ("chromium", "firefox")


def planned(*names: str, breadth: str = "main") -> Plan:
    scenarios = catalogue.choose(catalogue.load(catalogue.home()), names)
    choice = Choice(engines=ENGINES, breadth=breadth)
    return Plan(scenarios=tuple(scenarios), cells=tuple(catalogue.selected(scenarios, choice)))


class Beside:
    """A run whose cells take no time but turns of the event loop; `seen` has the cells that ran at each beginning of one."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, failing: str = "", turns: dict[str, int] | None = None) -> None:
        self.seen: list[list[Cell]] = []
        self.by: dict[str, set[str]] = {}
        self._now: list[Cell] = []
        self._failing = failing
        self._turns = turns or {}
        monkeypatch.setattr(module, "lanes", lambda *_: Lanes())
        monkeypatch.setattr(module, "measure_cell", self._measure_cell)

    async def _measure_cell(
        self, scenario: Any, cell: Cell, means: Any, kept: Any, notes: list[Any], started: bool
    ) -> Observation:
        notes.append(BrowsersTried(attempts=(LaunchAttempt(cell.engine, "fake", version="1"),)))
        self._now.append(cell)
        self.seen.append([*self._now])
        self.by.setdefault(means.lane, set()).add(cell.engine)
        for _ in range(self._turns.get(cell.engine, 3)):
            await asyncio.sleep(0)
        self._now.remove(cell)
        if cell.engine == self._failing:
            raise MachineError("nothing starts")
        return Observation(cell=cell, claim=scenario.claim(cell), source=scenario.source)


class Lanes:
    def __init__(self) -> None:
        self.leaf = Path()

    async def __aenter__(self) -> Lanes:
        return self

    async def __aexit__(self, *_: object) -> None: ...
    def of(self, engine: str) -> Any:
        return Lane(engine)


class Lane:
    def __init__(self, engine: str) -> None:
        self.lane = engine
        self.leaf = Path()

    async def origin(self) -> None: ...
    async def replace(self, *, fault: bool = False) -> None: ...


class Silent:
    def calibrated(self, result: Any) -> None: ...
    def cell_begins(self, cell: Any) -> None: ...
    def cell_ended(self, result: Any) -> None: ...


def run(plan: Plan, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Results:
    async def calibrate(*_: Any) -> Observation:
        return Observation(cell=plan.cells[0], claim=plan.scenarios[0].claims[0])

    monkeypatch.setattr(module, "calibrate", calibrate)
    return asyncio.run(module.run(plan, folder, Silent()))


def engines(cells: Sequence[Cell]) -> set[str]:
    return {cell.engine for cell in cells}


def test_counts_are_measured_side_by_side_and_latencies_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    beside, plan = Beside(monkeypatch), planned("pools", "drops", "delivery")
    results = run(plan, tmp_path, monkeypatch)
    together = [{cell.question for cell in cells} for cells in beside.seen if len(cells) > 1]
    assert {"pools"} in together
    assert {"drops"} in together
    assert all(len(questions) == 1 for questions in together), "drops wait for the counts"
    assert all(len(cells) == 1 for cells in beside.seen if cells[-1].question == "delivery")
    assert max(len(cells) for cells in beside.seen) == 2
    assert [one.cell for one in results.cells] == list(plan.cells), "in the order of the plan, whichever ended first"


def test_who_has_nothing_left_helps_the_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    beside = Beside(monkeypatch, turns={"firefox": 40, "chromium": 2})
    run(planned("pools"), tmp_path, monkeypatch)
    assert beside.by == {"chromium": {"chromium", "firefox"}, "firefox": {"firefox"}}


def test_a_count_that_a_busy_machine_changes_is_measured_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Firefox held 899 sockets when alone, and up to 908 beside others."""
    beside, plan = Beside(monkeypatch), planned("limits", breadth="thorough")
    run(plan, tmp_path, monkeypatch)
    assert any(cells[-1].opening == "hosts" for cells in beside.seen)
    assert all(len(cells) == 1 for cells in beside.seen if "hosts" in {cell.opening for cell in cells})


def test_a_lane_that_can_start_nothing_ends_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Beside(monkeypatch, failing="firefox")
    with pytest.raises(MachineError, match="nothing starts"):
        run(planned("pools"), tmp_path, monkeypatch)
