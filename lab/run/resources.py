"""What cells are made with: the run's plan and certificates, an origin, Playwright's helper and a browser."""

from __future__ import annotations

import contextlib
import logging
import os
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from pathlib import Path

import msgspec
from playwright.async_api import Playwright

from lab.browser.discover import find
from lab.browser.engines import ENGINES
from lab.browser.playwright.launch import DrivenBrowser, playwright
from lab.browser.playwright.tabs import bounded
from lab.errors import HarnessFaultError, MachineError
from lab.measure.origin import Origin, origin
from lab.model.browsers import LaunchAttempt
from lab.model.cell import Cell
from lab.run import certs
from lab.run.processes import ChildProcesses
from lab.scenario.scenario import Scenario

log = logging.getLogger(__name__)


class Plan(msgspec.Struct, frozen=True):
    """What to run, and how."""

    scenarios: tuple[Scenario, ...]
    cells: tuple[Cell, ...]
    headed: bool = False


class Resources:
    """What cells are made with: an origin, Playwright's helper, and a browser that serves many cells. Each is replaced when
    it has died."""

    def __init__(self, plan: Plan, folder: Path, leaf: Path, brood: ChildProcesses) -> None:
        self._plan = plan
        self.folder = folder
        self.leaf = leaf
        self._brood = brood
        self._serving = AsyncExitStack()
        self._tool = AsyncExitStack()
        self._running: Playwright | None = None
        self._origin: Origin | None = None
        self._browser: DrivenBrowser | None = None
        self._absent: set[str] = set()

    async def origin(self) -> Origin:
        if self._origin is None or not self._origin.alive:
            await self._end_origin()
            try:
                self._origin = await self._serving.enter_async_context(origin(self.leaf, self.folder))
            except MachineError as error:  # It may have been killed in the middle of it.
                log.info("the origin is started again: %s", error)
                self._origin = await self._serving.enter_async_context(origin(self.leaf, self.folder))
            log.info("the origin is process %d: %s", self._origin.process.pid, self._origin.listening)
            self._brood.note()
        return self._origin

    async def _end_origin(self) -> None:
        serving, self._serving, self._origin = self._serving, AsyncExitStack(), None
        await serving.aclose()

    async def browser(self, cell: Cell) -> tuple[DrivenBrowser | None, list[LaunchAttempt]]:
        """The browser for a cell, and what was tried to get it (nothing, when it was there already). With hundreds of hosts it
        keeps a brief log."""
        brief, there = cell.opened == "hosts", self._browser
        if there is not None and there.alive and (there.engine, there.brief) == (cell.engine, brief):
            return there, []
        await self._end_browser()
        tried: list[LaunchAttempt] = []
        try:
            self._browser, tried = await self._find(cell, brief)
        except HarnessFaultError as error:
            log.info("Playwright's helper is started again: %s", error)
        if self._browser is None and cell.engine not in self._absent:  # It, or its helper, may have been killed meanwhile.
            await self.renew()
            self._browser, again = await self._find(cell, brief)
            tried += [one for one in again if one not in tried]
        (self._absent.discard if self._browser else self._absent.add)(cell.engine)
        return self._browser, tried

    async def _find(self, cell: Cell, brief: bool) -> tuple[DrivenBrowser | None, list[LaunchAttempt]]:
        if self._running is None:
            self._running = await self._tool.enter_async_context(playwright())
            self._brood.note()
        browser, tried = await find(
            self._running,
            ENGINES[cell.engine],
            brief=brief,
            headed=self._plan.headed,
            spki=certs.spki_hash(self.leaf),
            log_to=self.folder,
        )
        self._brood.note()
        log.info("tried for %s: %s", cell.engine, tried)
        return browser, tried

    async def _end_browser(self) -> None:
        """One that does not close is left to the brood's end."""
        browser, self._browser = self._browser, None
        if browser is not None:
            with contextlib.suppress(HarnessFaultError):
                await browser.close()

    async def renew(self) -> None:
        """After a fault: nothing that took part in it serves another cell."""
        await self._end_browser()
        await self._end_origin()
        tool, self._tool, self._running = self._tool, AsyncExitStack(), None
        with contextlib.suppress(HarnessFaultError):
            await bounded(tool.aclose(), "its helper process")


@contextmanager
def temporary_files() -> Iterator[None]:
    """A folder of the run's own for the temporary files of all that it starts, which may be killed before it removes them. Its
    name is short: with more than some sixty letters Chromium does not start, for the socket that it makes in it."""
    before = os.environ.get("TMPDIR")
    with tempfile.TemporaryDirectory(prefix="7tab-", ignore_cleanup_errors=True) as folder:
        os.environ["TMPDIR"] = folder
        try:
            yield
        finally:
            os.environ.pop("TMPDIR")
            if before is not None:
                os.environ["TMPDIR"] = before


@asynccontextmanager
async def workshop(plan: Plan, folder: Path) -> AsyncIterator[Resources]:
    with temporary_files(), ChildProcesses() as brood, certs.minted(*certs.NAMES) as leaf:
        shop = Resources(plan, folder, leaf, brood)
        try:
            yield shop
        finally:
            await shop.renew()
