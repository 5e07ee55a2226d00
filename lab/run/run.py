"""A run: every cell observed, judged and written down, one after the other. Nothing already measured is lost."""

from __future__ import annotations

import asyncio
import datetime
import importlib.metadata
import logging
import os
import platform
import sys
from collections.abc import Callable, Sequence
from itertools import groupby
from pathlib import Path
from typing import Protocol

from lab.browser.engines import ENGINES
from lab.errors import LabError, NoBrowserError, UsageError
from lab.judge import judge
from lab.measure.observe import observe
from lab.model.browsers import LaunchAttempt
from lab.model.cell import Cell
from lab.model.observation import Observation
from lab.model.verdict import Kind
from lab.results import file as results
from lab.results.file import CellResult, Machine, Results
from lab.run.calibration import calibrate
from lab.run.resources import Plan, Resources, workshop
from lab.scenario.scenario import Scenario

RESULTS = "results.json"
HOPELESS = 3  # So many cells in a row for which nothing could be started: the rest would fare no better.

log = logging.getLogger(__name__)


class Progress(Protocol):
    def calibrated(self, result: CellResult) -> None: ...
    def cell_begins(self, cell: Cell) -> None: ...
    def cell_ended(self, result: CellResult) -> None: ...


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

    def __init__(self, tried: Sequence[LaunchAttempt]) -> None:
        super().__init__("no browser could be started", f"run: {sys.executable} -m lab doctor --install")
        self.tried = tuple(tried)


async def run_engine(
    engine: str, cells: Sequence[Cell], plan: Plan, shop: Resources, found: Results, progress: Progress
) -> None:
    """The cells of one engine. All are `unsupported`, with the reason, when it can't be started; when it was started once
    and then can't be again, that is a fault. Raises LabError when nothing could be started for several cells in a row."""
    scenarios = {one.name: one for one in plan.scenarios}
    started, hopeless = False, 0
    for cell in cells:
        progress.cell_begins(cell)
        log.info("%s begins", cell.name)
        try:
            seen = await run_cell(scenarios[cell.scenario], cell, shop, found, started)
            started, hopeless = started or seen.missing is None, 0
        except LabError as error:  # The origin, or Playwright's helper, did not start.
            hopeless += 1
            if hopeless == HOPELESS:
                raise
            seen = unseen(scenarios[cell.scenario], cell, fault=str(error))
        verdict = judge(seen)
        log.info("%s ended, %s: %s", cell.name, verdict.kind, verdict.why)
        if verdict.kind == Kind.HARNESS_FAULT:
            await shop.renew()  # What failed in one cell shall not fail the next.
        result = results.cell_result(seen, verdict)
        found.cells.append(result)
        results.write(found, shop.folder / RESULTS)
        progress.cell_ended(result)


async def run_cell(scenario: Scenario, cell: Cell, shop: Resources, found: Results, started: bool) -> Observation:
    browser, tried = await shop.browser(cell)
    found.browsers.extend(one for one in tried if one not in found.browsers)
    if browser is not None:
        seen = await observe(scenario, cell, browser, await shop.origin())
        if browser.network_log and browser.network_log.name not in found.network_logs:
            found.network_logs.append(browser.network_log.name)
        return seen
    title, reasons = ENGINES[cell.engine].title, "; ".join(f"{one.what}: {one.reason}" for one in tried)
    if started:
        return unseen(scenario, cell, fault=f"{title} ran, and did not start again. {reasons}")
    return unseen(scenario, cell, missing=f"{title} did not start. {reasons}")


def unseen(scenario: Scenario, cell: Cell, *, fault: str = "", missing: str | None = None) -> Observation:
    """Of a cell for which something could not be started."""
    claim = scenario.claim(cell)
    assert claim is not None, cell.name
    faults = (fault,) if fault else ()
    return Observation(cell=cell, claim=claim, source=scenario.source, faults=faults, missing=missing)


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
