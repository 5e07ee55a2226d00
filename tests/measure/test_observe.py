"""A fault costs its own cell and nothing else; and what had been seen before it is kept."""

from __future__ import annotations

import asyncio
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from lab.browser import Browser
from lab.browser.playwright.launch import unused
from lab.errors import HarnessFaultError
from lab.judge import judge
from lab.measure import observe
from lab.measure.origin import Origin
from lab.model.cell import Cell
from lab.model.observation import Observation
from lab.model.verdict import Kind
from lab.run.run import point_latest
from lab.scenario import catalogue

CELL = Cell("seventh_tab", "chromium", "h1", "sse", 2)
SCENARIO = catalogue.load(catalogue.home())["seventh_tab"]


def observed(monkeypatch: pytest.MonkeyPatch, walk: Any) -> Any:
    """`observe` with something else in the place of the walk through the scenario's steps."""
    monkeypatch.setattr(observe, "walk", walk)
    browser = SimpleNamespace(version="1")
    origin = SimpleNamespace(listening=SimpleNamespace(streams_per_connection=100), events=[])
    return observe.observe(SCENARIO, CELL, cast(Browser, browser), cast(Origin, origin))


@pytest.mark.parametrize("slip", [AttributeError("no verb opn"), TypeError("not awaitable"), HarnessFaultError("gone")])
def test_a_slip_costs_its_own_cell(monkeypatch: pytest.MonkeyPatch, slip: Exception) -> None:
    async def walk(*_: Any) -> None:
        raise slip

    seen: Observation = asyncio.run(observed(monkeypatch, walk))
    assert judge(seen).kind == Kind.HARNESS_FAULT
    assert str(slip) in seen.faults[0]


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


def test_the_log_of_an_earlier_browser_is_kept(tmp_path: Path) -> None:
    log = tmp_path / "chromium.netlog.json"
    assert unused(log) == log
    log.touch()
    assert unused(log).name == "chromium-2.netlog.json"
    unused(log).touch()
    assert unused(log).name == "chromium-3.netlog.json"


def test_latest_where_it_can_and_where_it_cannot_be_a_link(tmp_path: Path) -> None:
    run = tmp_path / "20261123-120000"
    run.mkdir()
    assert point_latest(run) == tmp_path / "latest"
    assert (tmp_path / "latest").resolve() == run
    (tmp_path / "latest").unlink()
    (tmp_path / "latest" / "kept").mkdir(parents=True)
    assert point_latest(run) == run
    assert {path.name for path in tmp_path.iterdir()} == {"latest", run.name}
