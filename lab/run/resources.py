"""Resources: what cells are measured with: the run's folder and certificates, and origins and browsers. Cells that are measured
side by side share no origin and no browser.

Rules. This file knows browsers only by their contract (lab.browser), and drivers only by the engines' rows. A dead browser or
origin is replaced before the next cell; after a fault, both are. If one does not start, it is started a second time, because it
may have been killed during its start; a second failure is raised or returned.
"""

from __future__ import annotations

import asyncio
import logging
import os
import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from pathlib import Path

import msgspec

from lab.browser import Browser, LaunchOptions, Session
from lab.browser.discover import driver_of, find
from lab.browser.engines import ENGINES, Engine
from lab.errors import HarnessFaultError, MachineError, NoAnswerError
from lab.measure.origin import Origin, origin
from lab.model.browsers import LaunchAttempt
from lab.model.cell import Cell
from lab.run import certs
from lab.run.browser_logs import BrowserLogs
from lab.run.processes import ChildProcesses
from lab.scenario.scenario import Scenario

BRIEF = "hosts"
"""The opening for which browsers keep a brief log: a full log of hundreds of hosts would have gigabytes."""

log = logging.getLogger(__name__)


class Plan(msgspec.Struct, frozen=True):
    """What to run: the cells of some scenarios, in their order. `headed`: show the browsers' windows. `keep_logs`: keep the
    browsers' own logs."""

    scenarios: tuple[Scenario, ...]
    cells: tuple[Cell, ...]
    headed: bool = False
    keep_logs: bool = False


class Shared(msgspec.Struct, frozen=True):
    """What all resources of a run share: its plan and folder, the folder of its certificates (`leaf`), the environment of
    every process that it starts, these processes, and the browsers' own logs. `starting` is held while a driver starts: it
    finds its new process among this process's children, and changes this process's TMPDIR for a moment."""

    plan: Plan
    folder: Path
    leaf: Path
    environment: Mapping[str, str]
    children: ChildProcesses
    logs: BrowserLogs
    starting: asyncio.Lock


class Resources:
    """The resources for one cell after the other; `name` is in the names of their files."""

    def __init__(self, shared: Shared, name: str) -> None:
        self.leaf = shared.leaf
        self._shared = shared
        self._name = name
        self._children = shared.children
        self._serving = AsyncExitStack()
        self._origin: Origin | None = None
        self._drivers: dict[str, AsyncExitStack] = {}
        self._sessions: dict[str, Session] = {}
        self._browser: Browser | None = None
        self._absent: set[str] = set()

    async def origin(self) -> Origin:
        """The running origin, or a new one if it has died. Raises MachineError if it does not start."""
        if self._origin is None or not self._origin.alive:
            await self._end_origin()
            try:
                self._origin = await self._start_origin()
            except (MachineError, NoAnswerError) as error:  # It may have been killed during its start.
                log.info("the origin is started again: %s", error)
                self._origin = await self._start_origin()
        return self._origin

    async def _start_origin(self) -> Origin:
        starting = origin(self.leaf, self._shared.folder, of=self._name, environment=self._shared.environment)
        running = await self._serving.enter_async_context(starting)
        self._children.add(running.process.pid)
        log.info("the origin is process %d: %s", running.process.pid, running.started)
        return running

    async def _end_origin(self) -> None:
        serving, self._serving, self._origin = self._serving, AsyncExitStack(), None
        await serving.aclose()

    async def browser(self, cell: Cell) -> tuple[Browser | None, list[LaunchAttempt]]:
        """The browser for a cell (None: no candidate starts), and the attempts to start it (none if it was already running).

        Raises HarnessFaultError if the engine's driver does not start."""
        brief, there = cell.opening == BRIEF, self._browser
        if there is not None and there.alive and (there.engine, there.brief) == (cell.engine, brief) and not heavy(there):
            return there, []
        await self._end_browser()
        attempts: list[LaunchAttempt] = []
        try:
            self._browser, attempts = await self._find(ENGINES[cell.engine], brief)
        except HarnessFaultError as error:
            log.info("the driver of %s is started again: %s", cell.engine, error)
        if self._browser is None and cell.engine not in self._absent:  # It may have been killed during its start.
            await self.replace()
            self._browser, again = await self._find(ENGINES[cell.engine], brief)
            attempts += [one for one in again if one not in attempts]
        (self._absent.discard if self._browser else self._absent.add)(cell.engine)
        return self._browser, attempts

    async def _find(self, engine: Engine, brief: bool) -> tuple[Browser | None, list[LaunchAttempt]]:
        leaf = certs.spki_hash(self.leaf)
        plan = self._shared.plan
        options = LaunchOptions(
            headed=plan.headed, leaf=leaf, log_folder=self._shared.folder, brief=brief, keep_log=plan.keep_logs
        )
        browser, attempts = await find(await self._session(engine), engine, options)
        if browser is not None:
            self._children.add(*(browser.roots or ()))
            self._shared.logs.begin(browser)
        log.info("tried for %s: %s", engine.name, attempts)
        return browser, attempts

    async def _session(self, engine: Engine) -> Session:
        """The running session of an engine's driver."""
        if engine.driver not in self._sessions:
            stack = self._drivers.setdefault(engine.driver, AsyncExitStack())
            starting = driver_of(engine).session(self._shared.environment, self._children.add)
            async with self._shared.starting:
                self._sessions[engine.driver] = await stack.enter_async_context(starting)
        return self._sessions[engine.driver]

    async def _end_browser(self, *, fault: bool = False) -> None:
        """Close the browser, and end its log. If it does not close, its processes are ended at the end of the run."""
        browser, self._browser = self._browser, None
        if browser is not None:
            try:
                with suppress(HarnessFaultError):
                    await browser.close()
            finally:  # Ctrl-C too.
                await self._shared.logs.end(browser, fault=fault)

    async def replace(self, *, fault: bool = False) -> None:
        """End the browser, the origin and the drivers, so that the next cell gets new ones. After a `fault` the end of the
        browser's log is kept."""
        self._children.note()
        await self._end_browser(fault=fault)
        await self._end_origin()
        drivers, self._drivers, self._sessions = self._drivers, {}, {}
        for stack in drivers.values():
            with suppress(HarnessFaultError):
                await stack.aclose()


def heavy(browser: Browser) -> bool:
    """Whether a browser's log takes so much space that the browser must be started again."""
    return browser.network_log is not None and browser.network_log.heavy


@contextmanager
def temporary_files() -> Iterator[Path]:
    """A folder for the temporary files of all processes of the run, which may be killed before they remove them.

    Its name is short: Chromium makes a socket there, and does not start if the path has more than about sixty characters.
    Raises MachineError if the folder can't be created."""
    try:
        folder = tempfile.TemporaryDirectory(prefix="7tab-", ignore_cleanup_errors=True)
    except OSError as error:
        raise MachineError(
            f"no folder for temporary files can be made: {error.strerror or error}",
            "free disk space, or set TMPDIR to a folder that can be written",
        ) from error
    with folder as name:
        yield Path(name)


class Lanes:
    """The resources of a run: a lane for each engine, whose cells it measures first."""

    def __init__(self, shared: Shared) -> None:
        self._shared = shared
        self._made: dict[str, Resources] = {}

    def of(self, engine: str) -> Resources:
        """The resources of an engine's lane; made when they are first asked for."""
        return self._made.setdefault(engine, Resources(self._shared, engine))

    async def close(self) -> None:
        """End every browser, origin and driver."""
        for one in self._made.values():
            await one.replace()


@asynccontextmanager
async def lanes(plan: Plan, folder: Path, logs: BrowserLogs) -> AsyncIterator[Lanes]:
    """The resources of a run that writes into `folder`. At the end all processes are ended, and temporary files are removed;
    `logs` then has the names of the browsers' logs that were kept.

    Raises MachineError if there is no space for certificates or temporary files."""
    with temporary_files() as temporary, ChildProcesses() as children, certs.minted() as leaf:
        environment = {**os.environ, "TMPDIR": str(temporary)}
        made = Lanes(
            Shared(
                plan=plan,
                folder=folder,
                leaf=leaf,
                environment=environment,
                children=children,
                logs=logs,
                starting=asyncio.Lock(),
            )
        )
        try:
            yield made
        finally:
            await made.close()
