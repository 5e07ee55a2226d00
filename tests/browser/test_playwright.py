"""Playwright's border: whose fault its exceptions are, and what its helper process leaves behind."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import playwright.async_api
import psutil
import pytest
from playwright.async_api import Error

from lab.browser import LaunchError, LaunchOptions, PageScriptError
from lab.browser import playwright as driver
from lab.browser.discover import find
from lab.browser.engines import ENGINES
from lab.browser.playwright import launch
from lab.browser.playwright.launch import helpers, launch_error
from lab.browser.playwright.tabs import HELPER_DIED, PlaywrightTab, mapped
from lab.errors import HarnessFaultError
from lab.run.resources import temporary_files
from tests.browser.conftest import Run


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (Error("Page.goto: net::ERR_CONNECTION_REFUSED\nCall log:\n  - navigating"), "Page.goto: net::ERR_CONNECTION_REFUSED"),
        (playwright.async_api.TimeoutError("Page.close: Timeout 30000ms exceeded."), "Page.close: Timeout 30000ms exceeded."),
        (Error(""), "Error"),
        (Exception(f"Page.evaluate: {HELPER_DIED}"), f"Page.evaluate: {HELPER_DIED}"),
    ],
)
def test_what_the_browser_is_blamed_for(error: Exception, reason: str) -> None:
    with pytest.raises(HarnessFaultError) as blamed, mapped():
        raise error
    assert blamed.value.message == f"the browser failed: {reason}"
    assert blamed.value.todo.startswith("run the cell again; if it persists")
    assert blamed.value.__cause__ is error
    with pytest.raises(LaunchError), mapped(launch_error):
        raise error


@pytest.mark.parametrize(
    "bug",
    [
        KeyError("data"),
        TypeError("'NoneType' object is not iterable"),
        Exception("anything else"),
        OSError(28, "No space left on device"),
        HarnessFaultError("of the lab's own"),
    ],
    ids=repr,
)
def test_a_bug_of_the_lab_is_nobody_elses(bug: Exception) -> None:
    """Before the table, each of these was `the browser failed`."""
    with pytest.raises(type(bug)) as found, mapped():
        raise bug
    assert found.value is bug


class Bug:
    """A page of Playwright's, in which the lab's own code slips."""

    async def evaluate(self, expression: str) -> object:
        found: dict[str, object] = {}
        return found["no such key"]


def test_a_slip_in_our_code_passes_through_a_tab(run: Run) -> None:
    with pytest.raises(KeyError):
        run(PlaywrightTab(Bug()).ask("lab.live()"))  # type: ignore[arg-type]  # what a test asks for


def test_whatever_is_asked_after_the_helper_died_is_the_browsers_fault(run: Run) -> None:
    """And its browser, an orphan then, is what a run has to end itself."""

    async def check() -> None:
        started: list[int] = []
        async with driver.session(None, started.append) as session:
            browser, attempts = await find(session, ENGINES["chromium"])
            assert browser is not None, attempts
            profile = await browser.new_profile()
            tab = await profile.new_tab()
            waiting = asyncio.ensure_future(tab.ask("new Promise(() => {})"))
            await asyncio.sleep(0.05)
            [helper] = started
            assert psutil.Process(helper) in helpers()
            psutil.Process(helper).kill()
            for asked in (waiting, tab.ask("1"), tab.screenshot(), tab.open("about:blank"), tab.close()):
                with pytest.raises(HarnessFaultError, match=r"^the browser failed: .*Connection closed") as error:
                    await asked
                assert not isinstance(error.value, PageScriptError)
            with pytest.raises(HarnessFaultError, match=r"^the browser failed"):
                await profile.new_tab()
            with pytest.raises(LaunchError):
                await session.launch(driver.candidates(ENGINES["chromium"])[-1], LaunchOptions())
        assert browser.roots
        orphans = [psutil.Process(pid) for pid in browser.roots if psutil.pid_exists(pid)]
        for orphan in orphans:
            orphan.kill()
        psutil.wait_procs(orphans, timeout=5)

    run(check())


def test_the_helper_and_its_browser_have_the_runs_folder_for_temporary_files(run: Run) -> None:
    """And this process keeps its own. (Not pytest's folder: with a path so long Chromium does not start.)"""

    async def check(folder: Path) -> None:
        before, started = os.environ.get("TMPDIR"), list[int]()
        environment = {**os.environ, "TMPDIR": str(folder), "MARK": "7"}
        async with driver.session(environment, started.append) as session:
            assert os.environ.get("TMPDIR") == before
            assert psutil.Process(started[0]).environ()["TMPDIR"] == str(folder)
            browser, attempts = await find(session, ENGINES["chromium"])
            assert browser is not None, attempts
            [root] = [psutil.Process(pid) for pid in browser.roots or ()]
            assert root.environ()["TMPDIR"] == str(folder)
            assert root.environ()["MARK"] == "7"
            assert os.listdir(folder), "the profile is there"  # noqa: PTH208  # nothing blocks here
            await browser.close()
        assert os.environ.get("TMPDIR") == before
        assert not psutil.pid_exists(started[0])

    with temporary_files() as folder:
        run(check(folder))


def test_a_helper_that_stands_still_is_told_of_and_ended(run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Something that never answers in its place."""
    silent = tmp_path / "silent"
    silent.write_text(f"#!{sys.executable}\nimport time\ntime.sleep(60)\n")
    silent.chmod(0o755)
    monkeypatch.setattr(launch, "HELPER_START_S", 1.0)
    monkeypatch.setenv("PLAYWRIGHT_NODEJS_PATH", str(silent))
    started: list[int] = []

    async def check() -> None:
        with pytest.raises(HarnessFaultError, match=r"^the browser failed: Playwright's helper process did not start in 1 s"):
            async with driver.session(None, started.append):
                pass
        [helper] = started
        assert not psutil.pid_exists(helper), "its end was awaited: else asyncio would complain of it later"

    run(check())


def test_a_helper_that_is_not_there(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLAYWRIGHT_NODEJS_PATH", "/no/such/node")

    async def check() -> None:
        with pytest.raises(HarnessFaultError, match=r"^the browser failed: Playwright's helper process did not start: "):
            async with driver.session():
                pass

    run(check())
