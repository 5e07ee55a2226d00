"""A run: every cell observed, judged and written down, one after the other. Nothing already measured is lost."""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import importlib.metadata
import os
import platform
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from itertools import groupby
from pathlib import Path
from typing import Protocol

import msgspec
from playwright.async_api import Playwright

from lab import certs, results
from lab.browser.driven import bounded
from lab.browser.driver import DrivenBrowser, playwright
from lab.browser.engines import ENGINES
from lab.browser.find import find
from lab.calibration import calibrate
from lab.cell import Cell
from lab.children import Brood
from lab.errors import HarnessFaultError, NoBrowserError, UsageError
from lab.judge import Kind, judge
from lab.observation import Observation, Tried
from lab.observe import observe
from lab.origin_client import Origin, origin
from lab.results import CellResult, Machine, Results
from lab.scenario import Scenario

RESULTS = "results.json"


class Plan(msgspec.Struct, frozen=True):
    """What to run, and how."""

    scenarios: tuple[Scenario, ...]
    cells: tuple[Cell, ...]
    headed: bool = False


class Progress(Protocol):
    def calibrated(self, result: CellResult) -> None: ...
    def cell_begins(self, cell: Cell) -> None: ...
    def cell_ended(self, result: CellResult) -> None: ...


class Workshop:
    """What cells are made with: an origin, Playwright's helper, and a browser that serves many cells. Each is replaced when
    it has died."""

    def __init__(self, plan: Plan, folder: Path, leaf: Path, brood: Brood) -> None:
        self._plan = plan
        self.folder = folder
        self.leaf = leaf
        self._brood = brood
        self._stack = AsyncExitStack()
        self._tool = AsyncExitStack()
        self._running: Playwright | None = None
        self._origin: Origin | None = None
        self._browser: DrivenBrowser | None = None

    async def origin(self) -> Origin:
        if self._origin is None or not self._origin.alive:
            self._origin = await self._stack.enter_async_context(origin(self.leaf, self.folder))
            self._brood.note()
        return self._origin

    async def browser(self, cell: Cell) -> tuple[DrivenBrowser | None, list[Tried]]:
        """The browser for a cell, and what was tried to get it (nothing, when it was there already). With hundreds of hosts it
        keeps a brief log."""
        brief, there = cell.opened == "hosts", self._browser
        if there is not None and there.alive and (there.engine, there.brief) == (cell.engine, brief):
            return there, []
        await self._end_browser()
        if self._running is None:
            self._running = await self._tool.enter_async_context(playwright())
            self._brood.note()
        self._browser, tried = await find(
            self._running,
            ENGINES[cell.engine],
            brief=brief,
            headed=self._plan.headed,
            spki=certs.spki_hash(self.leaf),
            log_to=self.folder,
        )
        self._brood.note()
        return self._browser, tried

    async def _end_browser(self) -> None:
        """One that does not close is left to the brood's end."""
        browser, self._browser = self._browser, None
        if browser is not None:
            with contextlib.suppress(HarnessFaultError):
                await browser.close()

    async def renew(self) -> None:
        """After a fault: the browser and the helper that took part in it serve no other cell."""
        await self._end_browser()
        tool, self._tool, self._running = self._tool, AsyncExitStack(), None
        with contextlib.suppress(HarnessFaultError):
            await bounded(tool.aclose(), "its helper process")

    async def close(self) -> None:
        await self.renew()
        await self._stack.aclose()


@asynccontextmanager
async def workshop(plan: Plan, folder: Path) -> AsyncIterator[Workshop]:
    with Brood() as brood, certs.minted(*certs.NAMES) as leaf:
        shop = Workshop(plan, folder, leaf, brood)
        try:
            yield shop
        finally:
            await shop.close()


async def run(plan: Plan, folder: Path, found: Results, progress: Progress) -> None:
    """Run every cell of a plan, each result into `found` as soon as it is there. results.json is whole after each.

    Raises NothingStartedError, with what was tried, when no engine could be started at all.
    """
    try:
        async with workshop(plan, folder) as shop:
            for protocol in dict.fromkeys(cell.protocol for cell in plan.cells):
                seen, verdict = await calibrate(await shop.origin(), shop.leaf, protocol)
                found.calibration.append(results.cell_result(seen, verdict))
                progress.calibrated(found.calibration[-1])
            for engine, cells in groupby(plan.cells, key=lambda cell: cell.engine):
                await run_engine(engine, list(cells), plan, shop, found, progress)
            if not any(tried.version for tried in found.browsers):
                raise NothingStartedError(found.browsers)
        found.finished = now()
    except (asyncio.CancelledError, KeyboardInterrupt):
        found.interrupted = True
        raise
    finally:
        results.write(found, folder / RESULTS)


class NothingStartedError(NoBrowserError):
    """Carries the table of what was tried."""

    def __init__(self, tried: Sequence[Tried]) -> None:
        super().__init__("no browser could be started", f"run: {sys.executable} -m lab doctor --install")
        self.tried = tuple(tried)


async def run_engine(
    engine: str, cells: Sequence[Cell], plan: Plan, shop: Workshop, found: Results, progress: Progress
) -> None:
    """The cells of one engine. All are `unsupported`, with the reason, when it can't be started; when it was started once
    and then can't be again, that is a fault."""
    scenarios = {one.name: one for one in plan.scenarios}
    started = False
    for cell in cells:
        progress.cell_begins(cell)
        browser, tried = await shop.browser(cell)
        found.browsers.extend(one for one in tried if one not in found.browsers)
        if browser is not None:
            started = True
            seen = await observe(scenarios[cell.scenario], cell, browser, await shop.origin())
            if browser.network_log and browser.network_log.name not in found.network_logs:
                found.network_logs.append(browser.network_log.name)
        else:
            seen = not_there(scenarios[cell.scenario], cell, tried, started)
        verdict = judge(seen)
        if verdict.kind == Kind.HARNESS_FAULT:
            await shop.renew()  # What failed in one cell shall not fail the next.
        result = results.cell_result(seen, verdict)
        found.cells.append(result)
        results.write(found, shop.folder / RESULTS)
        progress.cell_ended(result)


def not_there(scenario: Scenario, cell: Cell, tried: Sequence[Tried], started: bool) -> Observation:
    reasons = "; ".join(f"{one.what}: {one.reason}" for one in tried)
    claim, title = scenario.claim(cell), ENGINES[cell.engine].title
    assert claim is not None, cell.name
    if started:
        return Observation(
            cell=cell, claim=claim, source=scenario.source, faults=(f"{title} ran, and did not start again. {reasons}",)
        )
    return Observation(cell=cell, claim=claim, source=scenario.source, missing=f"{title} did not start. {reasons}")


def now() -> str:
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")


def new_results(plan: Plan, folder: Path) -> Results:
    packages = ("seventh-tab", "playwright", "hypercorn", "h2", "trio")
    versions = {name: importlib.metadata.version(name) for name in packages}
    return Results(
        run=folder.name,
        started=now(),
        planned=len(plan.cells),
        machine=Machine(
            system=f"{platform.system()} {platform.release()}, {platform.machine()}",
            cpus=os.cpu_count() or 1,
            load=round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None,
        ),
        versions={**versions, "python": sys.version.split()[0]},
        questions={one.name: one.question for one in plan.scenarios},
    )


def make_folder(out: Path, clock: Callable[[], str] = now) -> Path:
    """A new folder for a run, named by the time. Raises UsageError when `out` can't be written."""
    stamp = clock()[:19].replace("-", "").replace(":", "").replace("T", "-")
    try:
        out.mkdir(parents=True, exist_ok=True)
        for number in range(1, 1000):
            folder = out / (stamp if number == 1 else f"{stamp}-{number}")
            if not folder.exists():
                folder.mkdir()
                return folder
    except OSError as error:
        raise UsageError(f"no report can be written in {out}: {error.strerror}", "choose another folder with --out") from error
    raise UsageError(f"{out} has a thousand runs of this second", "choose another folder with --out")


def point_latest(folder: Path) -> Path:
    """Let reports/latest name this run, and return it; the run's own folder where no such link can be made."""
    link, new = folder.parent / "latest", folder.parent / f".latest-{folder.name}"
    try:
        new.symlink_to(folder.name, target_is_directory=True)
        new.replace(link)
    except OSError:  # No links on this file system, or a real folder of that name: then there is no short way.
        new.unlink(missing_ok=True)
        return folder
    return link
