"""A run: each cell is observed, judged and recorded. As many cells are measured side by side as there are engines, where their
results are counts, and more where they mostly wait (lab/model/questions.py). No measured cell is lost.

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
from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Protocol

from lab import paths
from lab.browser.engines import ENGINES
from lab.errors import LabError, MachineError, NoAnswerError, NoBrowserError
from lab.measure.kept_tabs import KeptTabs
from lab.measure.observe import observe
from lab.measure.slowness import busy
from lab.model.browsers import LaunchAttempt
from lab.model.cell import PLAIN_CLIENT, Cell
from lab.model.observation import Observation
from lab.model.questions import QUESTIONS, Company
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
from lab.run.browser_logs import BrowserLogs
from lab.run.calibration import calibrate
from lab.run.folder import now
from lab.run.resources import Lanes, Plan, Resources, lanes
from lab.scenario.scenario import Scenario
from lab.tasks import side_by_side
from lab.text import first_sentence

HOPELESS = 3  # When nothing could be started for this many cells in a row, the rest would fare no better.
MORE_TRIES = 2  # A cell that the machine was too busy for is measured again, this often at most.
ASLEEP_AT_ONCE = 20  # Each is an origin and a proxy that wait: about 60 MB together.
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
        logs, finished, interrupted = BrowserLogs(), None, False
        try:
            async with lanes(plan, folder, logs) as means:
                await measure(plan, means, notebook, progress)
            finished = now()
        except (asyncio.CancelledError, KeyboardInterrupt):
            interrupted = True
            raise
        finally:
            last: list[Record] = [
                *(LogKept(name=name) for name in logs.names),
                RunEnded(finished=finished, interrupted=interrupted),
            ]
            failure = write_end(notebook, last, folder / paths.RESULTS)
            if failure and sys.exc_info()[0] is None:  # Else the reason why the run ended counts for more.
                raise failure
    return notebook.results


def write_end(notebook: Notebook, last: Sequence[Record], results: Path) -> MachineError | None:
    """Write the last records and results.json; the first failure of these, which is logged."""
    writes: list[Callable[[], object]] = [*(partial(notebook.add, one) for one in last)]
    writes.append(lambda: file.write(notebook.results, results))
    failures = []
    for write in writes:
        try:
            write()
        except MachineError as error:
            log.info("%s", error)
            failures.append(error)
    return next(iter(failures), None)


async def measure(plan: Plan, means: Lanes, notebook: Notebook, progress: Progress) -> None:
    """Calibrate each protocol, and measure the cells."""
    first = means.of(plan.cells[0].engine)
    for protocol in dict.fromkeys(cell.protocol for cell in plan.cells):
        result = notebook.add(Calibrated(observation=await calibrate(await first.origin(), first.leaf, protocol)))
        assert result is not None
        progress.calibrated(result)
    asleep = [cell for cell in plan.cells if company_of(cell) is Company.ASLEEP]
    await side_by_side(
        [measure_asleep(plan, asleep, means, notebook, progress), measure_awake(plan, means, notebook, progress)]
    )


async def measure_asleep(plan: Plan, cells: Sequence[Cell], means: Lanes, notebook: Notebook, progress: Progress) -> None:
    """Measure cells that do nothing but wait, many at once, beside all others. Each has an origin of its own, which ends when
    none is left for it."""
    left = deque(cells)

    async def one_after_the_other(number: int) -> None:
        lane = means.of(f"{PLAIN_CLIENT}-{number}")
        worker = Worker(plan, lane, notebook, progress, set())
        while left:
            await worker.measure(left.popleft())
        await lane.replace()

    await side_by_side([one_after_the_other(number) for number in range(min(ASLEEP_AT_ONCE, len(cells)))])


async def measure_awake(plan: Plan, means: Lanes, notebook: Notebook, progress: Progress) -> None:
    """Measure the other cells, and then again those that the machine was too busy for, each alone."""
    started: set[str] = set()
    names = engines_of([cell for cell in plan.cells if company_of(cell) is not Company.ASLEEP])
    workers = {name: Worker(plan, means.of(name), notebook, progress, started) for name in names}
    for company in Company:
        cells = [cell for cell in plan.cells if company_of(cell) is company]
        if company is Company.ASLEEP:
            continue
        if company is Company.NONE:
            for cell in sorted(cells, key=lambda one: (one.engine, one.scenario, one.protocol)):  # For tabs opened once.
                await workers[cell.engine].measure(cell)
        else:
            left, at_work = Left(cells), [(name, worker) for name, worker in workers.items() if cells]
            if company is Company.COMPARED:
                more = [(name, means.of(f"{name}-2")) for name in engines_of(cells)][: max(0, at_once() - len(at_work))]
                at_work += [(name, Worker(plan, lane, notebook, progress, started)) for name, lane in more]
            await side_by_side([worker.measure_all(left, name) for name, worker in at_work])
    tried = notebook.results.browsers
    if names and not any(one.version for one in tried):
        raise NothingStartedError(tried)
    for _ in range(MORE_TRIES):
        for cell in too_busy(plan, notebook.results):
            if cell.engine in workers:
                await workers[cell.engine].measure(cell)


def at_once() -> int:
    """How many cells that mostly wait are measured side by side: one more than there are processors."""
    return 1 + (os.cpu_count() or 1)


def company_of(cell: Cell) -> Company:
    """Which other cells may be measured beside a cell. The limit on all sockets together is soft, and moves on a busy machine:
    Firefox 153 held 899 when alone, and up to 908 beside others."""
    return Company.NONE if cell.opening == "hosts" else QUESTIONS[cell.question].company


class Left:
    """The cells that are left to measure."""

    def __init__(self, cells: Sequence[Cell]) -> None:
        self._of = {engine: deque(cell for cell in cells if cell.engine == engine) for engine in engines_of(cells)}

    def next(self, engine: str) -> Cell | None:
        """The next cell of this engine; if it has none left, of the engine that has most; None if there is none."""
        cells = self._of.get(engine) or max(self._of.values(), key=len, default=None)
        return cells.popleft() if cells else None


def engines_of(cells: Sequence[Cell]) -> list[str]:
    """The engines of these cells, in order."""
    return list(dict.fromkeys(cell.engine for cell in cells))


def too_busy(plan: Plan, results: Results) -> list[Cell]:
    """The cells that could not be judged because the machine was too busy."""
    busy = {one.name for one in results.cells if one.verdict.doubt is Doubt.BUSY_MACHINE}
    return [cell for cell in plan.cells if cell.name in busy]


class Worker:
    """Measures one cell at a time, with resources of its own. `started` are the engines that have run before, in any worker."""

    def __init__(self, plan: Plan, means: Resources, notebook: Notebook, progress: Progress, started: set[str]) -> None:
        self._scenarios = {one.name: one for one in plan.scenarios}
        self._means = means
        self._notebook = notebook
        self._progress = progress
        self._started = started
        self._kept = KeptTabs()
        self._hopeless = 0

    async def measure_all(self, left: Left, engine: str) -> None:
        """Measure cells until none is left: those of `engine` first, so that its browser is started only once."""
        while (cell := left.next(engine)) is not None:
            await self.measure(cell)

    async def measure(self, cell: Cell) -> None:
        """Measure one cell. It is `unsupported`, with the reason, when its engine can't be started; when that was started
        before and then can't be again, that is a fault. Raises LabError when nothing could be started for several cells in a
        row."""
        self._progress.cell_begins(cell)
        log.info("%s begins", cell.name)
        result = await self._measured(cell)
        log.info("%s ended, %s: %s", cell.name, result.verdict.kind, told(result))
        if result.verdict.kind is Kind.HARNESS_FAULT or broke_off(result):
            await self._means.replace(fault=True)  # The next cell gets a new browser and origin.
        self._progress.cell_ended(result)

    async def _measured(self, cell: Cell) -> CellResult:
        """Measure one cell, and write down what was seen."""
        scenario, notes = self._scenarios[cell.scenario], list[Record]()
        try:
            seen = await measure_cell(scenario, cell, self._means, self._kept, notes, cell.engine in self._started)
            self._hopeless = 0
            if seen.missing is None:
                self._started.add(cell.engine)
        except LabError as error:  # The origin, or a driver's helper process, did not start.
            late = busy(str(error)) if isinstance(error, NoAnswerError) else None
            self._hopeless += late is None
            if self._hopeless == HOPELESS:
                raise
            seen = unseen(scenario, cell, fault="" if late else str(error), too_busy=late)
        for note in notes:
            self._notebook.add(note)
        result = self._notebook.add(Observed(observation=seen))
        assert result is not None
        return result


def told(result: CellResult) -> str:
    """Why a verdict is what it is, for the log. Only of a fault more than the first sentence: the others may quote what a page
    received, and --verbose prints the log."""
    why = result.verdict.why
    return why if result.verdict.kind is Kind.HARNESS_FAULT else first_sentence(why)


def broke_off(result: CellResult) -> bool:
    """Whether the machine was too busy for a cell to come to its end: what did not answer may still hang."""
    return result.verdict.doubt is Doubt.BUSY_MACHINE and result.settled_ms is None


async def measure_cell(
    scenario: Scenario, cell: Cell, means: Resources, kept: KeptTabs, notes: list[Record], started: bool
) -> Observation:
    """One cell, in the engine's browser; `started` says whether that has run before. What else is to be written down of it goes
    into `notes`."""
    if cell.engine == PLAIN_CLIENT:
        return await observe(scenario, cell, None, await means.origin())
    browser, tried = await means.browser(cell)
    if tried:
        notes.append(BrowsersTried(attempts=tuple(tried)))
    if browser is not None:
        return await observe(scenario, cell, browser, await means.origin(), kept)
    title, reasons = ENGINES[cell.engine].title, "; ".join(f"{one.what}: {one.reason}" for one in tried)
    if started:
        return unseen(scenario, cell, fault=f"{title} has run before, but did not start again. {reasons}")
    return unseen(scenario, cell, missing=f"{title} did not start. {reasons}")


def unseen(
    scenario: Scenario, cell: Cell, *, fault: str = "", missing: str | None = None, too_busy: str | None = None
) -> Observation:
    """The observation of a cell for which something could not be started."""
    claim = scenario.claim(cell)
    assert claim is not None, cell.name
    faults = (fault,) if fault else ()
    return Observation(cell=cell, claim=claim, source=scenario.source, faults=faults, missing=missing, too_busy=too_busy)


def began(plan: Plan, folder: Path) -> RunBegan:
    """The first record of a run: its name, machine, versions and questions."""
    versions = {name: importlib.metadata.version(name) for name in PACKAGES}
    return RunBegan(
        run=folder.name,
        started=now(),
        planned=len(plan.cells),
        order=tuple(cell.name for cell in plan.cells),
        machine=Machine(
            system=f"{platform.system()} {platform.release()}, {platform.machine()}",
            cpus=os.cpu_count() or 1,
            load=round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None,
        ),
        versions={**versions, "python": sys.version.split()[0]},
        questions={one.name: one.words for one in plan.scenarios},
        start="python3 -m nox -s lab --" if paths.checkout() else "seventh-tab run",
    )
