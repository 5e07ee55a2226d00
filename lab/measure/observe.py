"""Measures one cell: runs its scenario's steps in a fresh browser profile or in kept tabs, and returns an observation.

Rules.
1. Whatever goes wrong in a cell becomes a fault of its observation, never the end of the run. The fault says whose fault it is.
2. What had been seen before a fault is kept.
3. The ledger of a cell ends with its steps: what happens while the tabs are closed is not part of the cell.
"""

from __future__ import annotations

import asyncio
import logging
import os
import time
import traceback
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import cast

from lab.browser import Browser
from lab.errors import HarnessFaultError, InconclusiveError, LabError, NoAnswerError, UnsupportedError
from lab.measure.activity import Activity
from lab.measure.context import Addresses, CellContext, Seen
from lab.measure.control_tab import ControlTab
from lab.measure.kept_tabs import KeptTabs
from lab.measure.origin import Origin
from lab.measure.routes import ROUTES
from lab.measure.settling import Settling
from lab.measure.silence import watch_streams
from lab.measure.slowness import busy
from lab.measure.tabs import CellTabs
from lab.model.cell import AnyCase, Cell
from lab.model.ledger import now_ms
from lab.model.observation import Observation
from lab.model.openings import OPENINGS
from lab.model.silence import Silence
from lab.paths import PACKAGE
from lab.scenario.scenario import Scenario
from lab.scenario.verbs import Tabs

log = logging.getLogger(__name__)

CELL_S, TAB_S = 120.0, 2.0
"""Watchdog against a cell that never ends: seconds for a cell, and more seconds for each tab if clients have tabs of their
own."""


async def observe(
    scenario: Scenario, cell: Cell, browser: Browser | None, origin: Origin, kept: KeptTabs | None = None
) -> Observation:
    """Measure one cell, with the tabs that an earlier cell has `kept` for it, if there are any; without a `browser` if it needs
    none. An error in the cell is not raised: the observation has it in `faults`, `unmet`, `missing` or `too_busy`. Raises only
    asyncio.CancelledError, when the run itself is interrupted."""
    seen, faults, unmet, too_busy, missing = Seen(), list[str](), None, None, None
    began = time.monotonic()
    case = scenario.cases.get(cell.case)
    limit = CELL_S if OPENINGS[cell.opening].doubling else CELL_S + TAB_S * cell.at_most
    limit += case.seconds if isinstance(case, Silence) else 0
    try:
        async with asyncio.timeout(limit):
            if browser is None:
                await walk_without_browser(scenario, cell, origin, seen)
            else:
                await walk(scenario, cell, browser, origin, seen, kept or KeptTabs())
    except UnsupportedError as error:
        missing = str(error)
    except (TimeoutError, NoAnswerError) as error:
        log.debug("%s", cell.name, exc_info=error)
        late = f"the cell had not ended after {limit:.0f} s: something in it never answered"
        what = str(error) if isinstance(error, NoAnswerError) else late
        too_busy = busy(what)
        faults += [] if too_busy else [what]
    except InconclusiveError as error:
        log.debug("%s", cell.name, exc_info=error)
        unmet = str(error)
    except LabError as error:
        log.debug("%s", cell.name, exc_info=error)
        faults.append(str(error))
    except Exception as error:  # a scenario is a user's code: its error ends the cell, not the run
        log.debug("%s", cell.name, exc_info=error)
        faults.append(f"{culprit(error, scenario.path)} failed with {type(error).__name__}: {error}")
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError  # A failure while tidying up must not hide that the run was interrupted.
    claim = scenario.claim(cell)
    assert claim is not None, cell.name
    return Observation(
        cell=cell,
        claim=claim,
        source=scenario.source,
        engine_version=browser.version if browser else None,
        opened=seen.opened,
        load=round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None,
        seconds=time.monotonic() - began,
        clients=seen.clients,
        ledger=seen.ledger,
        browser_log=seen.browser_log,
        releases=seen.releases,
        settled_ms=seen.settled_ms,
        quiet_ms=seen.quiet_ms,
        controls=seen.controls,
        sides=tuple(seen.sides),
        probes=tuple(seen.probes),
        delivery=seen.delivery,
        drops=tuple(seen.drops),
        payloads=seen.payloads,
        proxy=seen.proxy,
        hops=seen.hops,
        buffering=seen.buffering,
        silence=seen.silence,
        screenshots=seen.screenshots,
        faults=tuple(faults),
        unmet=unmet,
        missing=missing,
        too_busy=too_busy,
    )


def culprit(error: BaseException, scenario: Path) -> str:
    """Whose code raised an error, in words: the scenario's, with its line, or the lab's."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [one for one in frames if Path(one.filename) == scenario or Path(one.filename).is_relative_to(PACKAGE)]
    innermost = (ours or frames)[-1]
    if Path(innermost.filename) == scenario:
        return f"{scenario.name}, line {innermost.lineno},"
    return f"the lab itself ({Path(innermost.filename).name}, line {innermost.lineno}; please report it)"


class WithoutBrowser:
    """The verbs of a cell that needs no browser: there is one. What it sees goes into `seen`."""

    def __init__(self, cell: Cell, case: AnyCase | None, origin: Origin, addresses: Addresses, seen: Seen) -> None:
        self._cell, self._case, self._origin, self._addresses, self._seen = cell, case, origin, addresses, seen

    def __getattr__(self, verb: str) -> object:
        raise HarnessFaultError(f"{verb}() needs a browser", "leave out browsers=False in the scenario, or use watch() only")

    async def watch(self) -> None:
        if not isinstance(self._case, Silence):
            raise HarnessFaultError("watch() needs to know for how long", "give the scenario cases={…: Silence(seconds=…)}")
        self._seen.silence = await watch_streams(self._cell, self._case, self._origin, self._addresses)
        self._seen.opened, self._seen.settled_ms = len(self._seen.silence.streams), now_ms()


async def walk_without_browser(scenario: Scenario, cell: Cell, origin: Origin, seen: Seen) -> None:
    """Run the steps of a scenario that needs no browser. What they see goes into `seen`."""
    ledger = await origin.begin(cell.name, cell.streams)
    case = scenario.cases.get(cell.case)
    async with ROUTES[cell.route].open(origin.started.doors, origin.certs) as route:
        seen.proxy = route.proxy
        steps = WithoutBrowser(cell, case, origin, Addresses(cell, case, route, origin.host), seen)
        async with watched(Activity(origin).follow(), route.lost()):
            try:
                await scenario.steps(cast(Tabs, steps))
            finally:
                seen.ledger = tuple(ledger.events)


async def walk(scenario: Scenario, cell: Cell, browser: Browser, origin: Origin, seen: Seen, kept: KeptTabs) -> None:
    """Run the scenario's steps in a fresh profile, or in kept tabs. What they see goes into `seen`."""
    ledger = await origin.begin(cell.name, cell.streams)
    case = scenario.cases.get(cell.case)
    async with ROUTES[cell.route].open(origin.started.doors, origin.certs) as route:
        seen.proxy = route.proxy
        key = (cell.at_most, cell.streams) if scenario.keep_tabs else None
        activity, (profile, blank) = Activity(origin), await kept.take(key, browser)
        standing = cell.opening == "hosts"
        control = ControlTab(profile, origin, make=None if standing else partial(kept.control, browser), standing=standing)
        context = CellContext(
            cell=cell,
            case=case,
            origin=origin,
            ledger=ledger,
            browser=browser,
            route=route,
            addresses=Addresses(cell, case, route, origin.host),
            settling=Settling(activity, control),
        )
        tabs = CellTabs(context, seen)
        tabs.enter(profile, blank)
        async with closing(tabs, control), watched(activity.follow(), browser.lost(), route.lost()):
            if standing:
                await control.begin()
            elif OPENINGS[cell.opening].doubling:
                control.ahead()
            try:
                await scenario.steps(tabs)
            finally:
                seen.ledger = tuple(ledger.events)
            if key is not None:
                await control.close()
                await kept.keep(key, profile, await tabs.leave(), context)
                tabs.forget(profile)


@asynccontextmanager
async def closing(tabs: CellTabs, control: ControlTab) -> AsyncIterator[None]:
    """Close the tabs at the end. If the cell has already failed, a failure to close is only logged, so that it does not replace
    the first one."""
    try:
        yield
    except BaseException:
        try:
            await close_both(tabs, control)
        except LabError as error:
            log.info("while tidying up after another failure: %s", error)
        raise
    await close_both(tabs, control)


async def close_both(tabs: CellTabs, control: ControlTab) -> None:
    """Close the tabs whatever becomes of the control tab."""
    try:
        await control.close()
    finally:
        await tabs.close()


@asynccontextmanager
async def watched(*losses: Coroutine[None, None, None]) -> AsyncIterator[None]:
    """Cancel the steps as soon as one of `losses` ends: the origin has ended or hangs, the browser or one of its tabs has
    crashed, the proxy has ended. Raise that failure."""
    try:
        async with asyncio.TaskGroup() as beside:
            watching = [beside.create_task(loss) for loss in losses]
            try:
                yield
            finally:
                for task in watching:
                    task.cancel()
    except BaseExceptionGroup as group:
        raise first_fault(group) from group


def first_fault(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """One exception of a group: the first LabError, if there is one."""
    faults = group.subgroup(LabError)
    found: BaseException = faults or group
    while isinstance(found, BaseExceptionGroup):
        found = found.exceptions[0]
    return found
