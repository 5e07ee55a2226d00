"""A fault costs its own cell and nothing else; it names whose it is; and what had been seen before it is kept."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from lab.browser import Browser
from lab.errors import HarnessFaultError, InconclusiveError, NoAnswerError
from lab.measure import observe, slowness
from lab.measure.origin import Origin
from lab.model.cell import Cell
from lab.model.observation import Observation
from lab.scenario import catalogue
from lab.scenario.scenario import Scenario

CELL = Cell(scenario="seventh_tab", engine="chromium", protocol="h1", transport="sse", at_most=2)
SCENARIO = catalogue.load(catalogue.home())["seventh_tab"]
SLIP = '''"""A question that is long enough to be one."""
from lab import Tabs, scenario
@scenario(transports=["sse"], tabs=2, claim={"h1": 6}, source="somebody")
async def seventh_tab(tabs: Tabs) -> None:
    {}["nothing"]
'''


def observed(monkeypatch: pytest.MonkeyPatch, walk: Any, scenario: Scenario = SCENARIO) -> Any:
    """`observe` with something else in the place of the walk through the scenario's steps."""
    monkeypatch.setattr(observe, "walk", walk)
    return observe.observe(scenario, CELL, cast(Browser, SimpleNamespace(version="1")), cast(Origin, None))


def test_a_fault_costs_its_own_cell(monkeypatch: pytest.MonkeyPatch) -> None:
    async def walk(*_: Any) -> None:
        raise HarnessFaultError("gone")

    seen: Observation = asyncio.run(observed(monkeypatch, walk))
    assert (seen.faults, seen.unmet) == (("gone",), None)


@pytest.mark.parametrize(("times", "fault"), [(1.0, True), (3.9, True), (4.0, False), (20.0, False)])
def test_what_does_not_answer_on_a_busy_machine_is_no_fault(monkeypatch: pytest.MonkeyPatch, times: float, fault: bool) -> None:
    """It may only be slow: that can't be told apart, and the cell is measured again."""

    async def walk(*_: Any) -> None:
        raise NoAnswerError("a page did not answer")

    monkeypatch.setattr(slowness, "slowness", lambda: times)
    seen: Observation = asyncio.run(observed(monkeypatch, walk))
    busy = f"the machine was too busy: work took {times:.0f} times as long as alone, and a page did not answer"
    assert (seen.faults, seen.too_busy) == ((("a page did not answer",), None) if fault else ((), busy))


def test_what_has_gone_is_a_fault_on_a_busy_machine_too(monkeypatch: pytest.MonkeyPatch) -> None:
    async def walk(*_: Any) -> None:
        raise HarnessFaultError("gone")

    monkeypatch.setattr(slowness, "slowness", lambda: 20.0)
    seen: Observation = asyncio.run(observed(monkeypatch, walk))
    assert (seen.faults, seen.too_busy) == (("gone",), None)


def test_how_slow_a_machine_is_can_be_measured() -> None:
    """Never faster than alone, and a thread that shares its only processor with others is slower."""
    others = 5
    mine = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(mine)})  # What is started inherits it.
    busy = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(others)]
    try:
        assert max(slowness.slowness() for _ in range(5)) > 2
    finally:
        os.sched_setaffinity(0, mine)
        for process in busy:
            process.kill()
            process.wait()
    assert slowness.slowness() >= 0.99


def test_a_scenario_is_blamed_for_its_own_slip_with_its_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(SLIP)
    [mine] = catalogue.load_file(tmp_path / "mine.py")

    async def walk(scenario: Scenario, *_: Any) -> None:
        await scenario.steps(cast(Any, None))

    seen: Observation = asyncio.run(observed(monkeypatch, walk, mine))
    assert seen.faults == ("mine.py, line 5, failed with KeyError: 'nothing'",)


def test_a_scenario_is_blamed_for_a_slip_that_a_library_finds(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(SLIP.replace('{}["nothing"]', '__import__("json").loads("x")'))
    [mine] = catalogue.load_file(tmp_path / "mine.py")

    async def walk(scenario: Scenario, *_: Any) -> None:
        await scenario.steps(cast(Any, None))

    seen: Observation = asyncio.run(observed(monkeypatch, walk, mine))
    assert seen.faults[0].startswith("mine.py, line 5, failed with JSONDecodeError")


def test_the_lab_is_blamed_for_its_own_slip(monkeypatch: pytest.MonkeyPatch) -> None:
    """An error in our own verbs was said to be the scenario's."""

    async def walk(*_: Any) -> None:
        dict[str, int]()["7"]

    seen: Observation = asyncio.run(observed(monkeypatch, walk))
    assert seen.faults[0].startswith("the lab itself (observe.py, line ")
    assert "seventh_tab.py" not in seen.faults[0]


def test_a_precondition_that_is_not_met_is_no_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    async def walk(*_: Any) -> None:
        raise InconclusiveError("no limit was reached with 4 clients", "raise --tabs")

    seen: Observation = asyncio.run(observed(monkeypatch, walk))
    assert (seen.faults, seen.unmet) == ((), "no limit was reached with 4 clients: raise --tabs")


def test_a_failure_while_tidying_up_does_not_hide_an_interruption(monkeypatch: pytest.MonkeyPatch) -> None:
    async def walk(*_: Any) -> None:
        try:
            await asyncio.sleep(60)
        finally:
            raise HarnessFaultError("the browser did not close a profile")

    async def check() -> None:
        task = asyncio.create_task(observed(monkeypatch, walk))
        await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(check())


def test_a_failure_while_tidying_up_does_not_hide_the_one_before() -> None:
    """ "did not close a profile in 10 s" replaced the fault that had broken the cell off."""

    class Unclosable:
        async def close(self) -> None:
            raise HarnessFaultError("the browser did not close a profile")

    async def check() -> None:
        tabs: Any = Unclosable()
        control: Any = Unclosable()
        with pytest.raises(HarnessFaultError, match="the origin hung"):
            async with observe.closing(tabs, control):
                raise HarnessFaultError("the origin hung")
        with pytest.raises(HarnessFaultError, match="did not close"):
            async with observe.closing(tabs, control):
                pass

    asyncio.run(check())
