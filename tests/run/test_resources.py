"""What cells are made with, by the fake driver: browsers are kept while they serve, and replaced when they don't."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from lab.browser import fake
from lab.browser.engines import ENGINES
from lab.browser.fake import FakeSession
from lab.errors import HarnessFaultError, MachineError
from lab.model.browsers import LaunchAttempt
from lab.model.cell import Cell
from lab.run import resources as module
from lab.run.browser_logs import BrowserLogs
from lab.run.resources import Plan, Resources, lanes

CELL = Cell(scenario="any", engine="fake", protocol="h1", transport="sse", at_most=2)
HOSTS = Cell(scenario="any", engine="fake", protocol="h1", transport="sse", at_most=2, opening="hosts")


@pytest.fixture(autouse=True)
def driver(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setitem(ENGINES, "fake", fake.ENGINE)
    monkeypatch.delenv(fake.ENGINE.variable, raising=False)
    yield


def within(tmp_path: Path, check: Callable[[Resources], Any]) -> None:
    async def run() -> None:
        async with lanes(Plan((), ()), tmp_path, BrowserLogs()) as means:
            await check(means.of("fake"))

    asyncio.run(run())


def test_a_browser_serves_many_cells(tmp_path: Path) -> None:
    async def check(means: Resources) -> None:
        first, attempts = await means.browser(CELL)
        assert attempts == [LaunchAttempt("fake", "in memory", version="1.0")]
        again, attempts = await means.browser(CELL)
        assert (again, attempts) == (first, [])

    within(tmp_path, check)


def test_with_hundreds_of_hosts_it_keeps_a_brief_log(tmp_path: Path) -> None:
    async def check(means: Resources) -> None:
        whole, _ = await means.browser(CELL)
        brief, _ = await means.browser(HOSTS)
        assert whole is not None
        assert brief is not None
        assert (whole.brief, whole.alive, brief.brief, brief.alive) == (False, False, True, True)

    within(tmp_path, check)


def test_one_that_has_died_is_replaced(tmp_path: Path) -> None:
    async def check(means: Resources) -> None:
        browser, _ = await means.browser(CELL)
        assert isinstance(browser, fake.FakeBrowser)
        browser.crash()
        again, attempts = await means.browser(CELL)
        assert again is not browser
        assert len(attempts) == 1
        await means.replace()
        third, _ = await means.browser(CELL)
        assert third is not again

    within(tmp_path, check)


def test_an_engine_that_never_starts_is_tried_twice_and_then_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its driver is started again the first time, because that may be the reason; never again, for it was not."""
    sessions = counted(monkeypatch)
    monkeypatch.setenv(fake.ENGINE.variable, fake.ABSENT)

    async def check(means: Resources) -> None:
        missing, attempts = await means.browser(CELL)
        assert missing is None
        assert [one.reason for one in attempts] == [f"{fake.ABSENT}: no such file"]
        assert [one.fix for one in attempts] == ["correct or unset SEVENTH_TAB_FAKE"]
        assert len(sessions) == 2
        assert (await means.browser(CELL))[0] is None
        assert len(sessions) == 2

    within(tmp_path, check)


def test_a_driver_that_does_not_start_is_started_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sessions = counted(monkeypatch, failing=1)

    async def check(means: Resources) -> None:
        browser, _ = await means.browser(CELL)
        assert browser is not None
        assert len(sessions) == 2

    within(tmp_path, check)


def test_a_driver_that_never_starts_is_for_the_caller(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    counted(monkeypatch, failing=9)

    async def check(means: Resources) -> None:
        with pytest.raises(HarnessFaultError, match="the helper did not start"):
            await means.browser(CELL)

    within(tmp_path, check)


def test_whatever_is_started_has_the_runs_folder_for_temporary_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And this process does not."""
    sessions, origins, before = counted(monkeypatch), list[Mapping[str, str]](), os.environ.get("TMPDIR")

    @asynccontextmanager
    async def origin(leaf: Path, folder: Path, *, of: str, environment: Mapping[str, str]) -> AsyncIterator[Any]:
        assert of == "fake"
        origins.append(environment)
        if len(origins) == 1:
            raise MachineError("it was killed while it started")
        yield SimpleNamespace(process=SimpleNamespace(pid=2**22 + 1), started={}, alive=True)

    monkeypatch.setattr(module, "origin", origin)
    folders = []

    async def check(means: Resources) -> None:
        await means.browser(CELL)
        await means.origin()
        await means.origin()
        folders.append(Path(sessions[0]["TMPDIR"]))
        assert folders[0].is_dir()
        assert os.environ.get("TMPDIR") == before
        assert [one["TMPDIR"] for one in (*sessions, *origins)] == [str(folders[0])] * 3

    within(tmp_path, check)
    assert not folders[0].exists()


def counted(monkeypatch: pytest.MonkeyPatch, failing: int = 0) -> list[Mapping[str, str]]:
    """The environments of the driver's sessions so far; the first ones fail."""
    environments: list[Mapping[str, str]] = []
    real = fake.session

    @asynccontextmanager
    async def session(environment: Mapping[str, str], started: Callable[[int], None]) -> AsyncIterator[FakeSession]:
        environments.append(environment)
        if len(environments) <= failing:
            raise HarnessFaultError("the helper did not start")
        async with real(environment, started) as running:
            yield running

    monkeypatch.setattr(fake, "session", session)
    return environments
