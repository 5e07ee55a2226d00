"""A run: each cell is observed, judged and recorded, one after the other. No measured cell is lost.

Each observation is appended to observations.jsonl as soon as its cell ends. results.json is a function of that file, and is
written at the end of the run, however it ends. `seventh-tab judge` writes it again.
"""

from __future__ import annotations

import asyncio
import importlib.metadata
import logging
import os
import platform
import sys
from collections.abc import Callable, Sequence
from itertools import groupby
from pathlib import Path
from typing import Protocol

from lab import paths
from lab.browser.engines import ENGINES
from lab.errors import LabError, MachineError, NoBrowserError
from lab.measure.observe import observe
from lab.model.browsers import LaunchAttempt
from lab.model.cell import Cell
from lab.model.observation import Observation
from lab.model.verdict import Doubt, Kind
from lab.results import file
from lab.results.file import CellResult, Machine, Results
from lab.results.observations import (
    BrowsersTried,
    Calibrated,
    LogKept,
    ObservationsFile,
    Observed,
    Record,
    RunBegan,
    RunEnded,
    RunRecord,
)
from lab.run.calibration import calibrate
from lab.run.folder import now
from lab.run.resources import Plan, Resources, resources
from lab.scenario.scenario import Scenario
from lab.text import first_sentence

HOPELESS = 3  # When nothing could be started for this many cells in a row, the rest would fare no better.
MORE_TRIES = 2  # A cell that the machine was too busy for is measured again, this often at most.
PACKAGES = ("seventh-tab", "playwright", "hypercorn", "h2", "trio")

log = logging.getLogger(__name__)


class Progress(Protocol):
    """The contract of what shows a run's progress. Cells may be under way side by side: each begins, and ends after that."""

    def calibrated(self, result: CellResult) -> None: ...
    def cell_begins(self, cell: Cell) -> None: ...
    def cell_ended(self, result: CellResult) -> None: ...


class Notebook:
    """What a run writes down. A record that the disk has no room for is in the results all the same."""

    def __init__(self, written: ObservationsFile, record: RunRecord) -> None:
        self._file = written
        self._record = record

    def add(self, record: Record) -> CellResult | None:
        """Write a record down; what came of it, where it was an observation. Raises MachineError for a full disk."""
        result = self._record.add(record)
        self._file.append(record)
        return result

    @property
    def results(self) -> Results:
        """What is known so far; it grows."""
        return self._record.results


class NothingStartedError(NoBrowserError):
    """No engine could be started at all. `tried` are all attempts."""

    def __init__(self, tried: Sequence[LaunchAttempt]) -> None:
        super().__init__("no browser could be started", f"run: {sys.executable} -m lab doctor --install")
        self.tried = tuple(tried)


async def run(plan: Plan, folder: Path, progress: Progress, begun: Callable[[Results], None] = lambda _: None) -> Results:
    """Measure every cell of a plan, and write into `folder`. `begun` is called once with the results, which then grow.

    Raises NothingStartedError when no engine could be started at all, MachineError for a full disk, and other LabErrors when
    nothing could be started for several cells in a row. What was measured by then is in the results, and on the disk as far as
    there is room.
    """
    record = RunRecord()
    with ObservationsFile(folder / paths.OBSERVATIONS) as written:
        notebook = Notebook(written, record)
        notebook.add(began(plan, folder))
        begun(notebook.results)
        finished, interrupted = None, False
        try:
            async with resources(plan, folder) as means:
                await measure(plan, means, notebook, progress)
            finished = now()
        except (asyncio.CancelledError, KeyboardInterrupt):
            interrupted = True
            raise
        finally:
            failure = write_end(notebook, RunEnded(finished=finished, interrupted=interrupted), folder / paths.RESULTS)
            if failure and sys.exc_info()[0] is None:  # Else the reason why the run ended counts for more.
                raise failure
    return notebook.results


def write_end(notebook: Notebook, end: RunEnded, results: Path) -> MachineError | None:
    """Write the last record and results.json; the first failure of the two, which is logged."""
    writes: tuple[Callable[[], object], ...] = (lambda: notebook.add(end), lambda: file.write(notebook.results, results))
    failures = []
    for write in writes:
        try:
            write()
        except MachineError as error:
            log.info("%s", error)
            failures.append(error)
    return next(iter(failures), None)


async def measure(plan: Plan, means: Resources, notebook: Notebook, progress: Progress) -> None:
    """Calibrate each protocol, measure the cells engine by engine, and then again those that the machine was too busy for."""
    for protocol in dict.fromkeys(cell.protocol for cell in plan.cells):
        result = notebook.add(Calibrated(observation=await calibrate(await means.origin(), means.leaf, protocol)))
        assert result is not None
        progress.calibrated(result)
    for _, cells in groupby(plan.cells, key=lambda cell: cell.engine):
        await measure_engine(list(cells), plan, means, notebook, progress)
    tried = notebook.results.browsers
    if not any(one.version for one in tried):
        raise NothingStartedError(tried)
    for _ in range(MORE_TRIES):
        for _, cells in groupby(too_busy(plan, notebook.results), key=lambda cell: cell.engine):
            await measure_engine(list(cells), plan, means, notebook, progress)


def too_busy(plan: Plan, results: Results) -> list[Cell]:
    """The cells that could not be judged because the machine was too busy."""
    busy = {one.name for one in results.cells if one.verdict.doubt is Doubt.BUSY_MACHINE}
    return [cell for cell in plan.cells if cell.name in busy]


async def measure_engine(cells: Sequence[Cell], plan: Plan, means: Resources, notebook: Notebook, progress: Progress) -> None:
    """Cells of one engine. All are `unsupported`, with the reason, when it can't be started; when it was started once and then
    can't be again, that is a fault. Raises LabError when nothing could be started for several cells in a row."""
    scenarios = {one.name: one for one in plan.scenarios}
    started, hopeless = False, 0
    for cell in cells:
        progress.cell_begins(cell)
        log.info("%s begins", cell.name)
        notes: list[Record] = []
        try:
            seen = await measure_cell(scenarios[cell.scenario], cell, means, notes, started)
            started, hopeless = started or seen.missing is None, 0
        except LabError as error:  # The origin, or a driver's helper process, did not start.
            hopeless += 1
            if hopeless == HOPELESS:
                raise
            seen = unseen(scenarios[cell.scenario], cell, fault=str(error))
        for note in notes:
            notebook.add(note)
        result = notebook.add(Observed(observation=seen))
        assert result is not None
        log.info("%s ended, %s: %s", cell.name, result.verdict.kind, told(result))
        if result.verdict.kind is Kind.HARNESS_FAULT:
            await means.replace()  # The next cell gets a new browser and origin.
        progress.cell_ended(result)


def told(result: CellResult) -> str:
    """Why a verdict is what it is, for the log. Only of a fault more than the first sentence: the others may quote what a page
    received, and --verbose prints the log."""
    why = result.verdict.why
    return why if result.verdict.kind is Kind.HARNESS_FAULT else first_sentence(why)


async def measure_cell(scenario: Scenario, cell: Cell, means: Resources, notes: list[Record], started: bool) -> Observation:
    """One cell, in the engine's browser; `started` says whether that has run before. What else is to be written down of it goes
    into `notes`."""
    browser, tried = await means.browser(cell)
    if tried:
        notes.append(BrowsersTried(attempts=tuple(tried)))
    if browser is not None:
        seen = await observe(scenario, cell, browser, await means.origin())
        if browser.network_log and tried:  # A browser that was just started has begun a log.
            notes.append(LogKept(name=browser.network_log.name))
        return seen
    title, reasons = ENGINES[cell.engine].title, "; ".join(f"{one.what}: {one.reason}" for one in tried)
    if started:
        return unseen(scenario, cell, fault=f"{title} has run before, but did not start again. {reasons}")
    return unseen(scenario, cell, missing=f"{title} did not start. {reasons}")


def unseen(scenario: Scenario, cell: Cell, *, fault: str = "", missing: str | None = None) -> Observation:
    """The observation of a cell for which something could not be started."""
    claim = scenario.claim(cell)
    assert claim is not None, cell.name
    faults = (fault,) if fault else ()
    return Observation(cell=cell, claim=claim, source=scenario.source, faults=faults, missing=missing)


def began(plan: Plan, folder: Path) -> RunBegan:
    """The first record of a run: its name, machine, versions and questions."""
    versions = {name: importlib.metadata.version(name) for name in PACKAGES}
    return RunBegan(
        run=folder.name,
        started=now(),
        planned=len(plan.cells),
        machine=Machine(
            system=f"{platform.system()} {platform.release()}, {platform.machine()}",
            cpus=os.cpu_count() or 1,
            load=round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None,
        ),
        versions={**versions, "python": sys.version.split()[0]},
        questions={one.name: one.words for one in plan.scenarios},
        start="python3 -m nox -s lab --" if paths.checkout() else "seventh-tab run",
    )
