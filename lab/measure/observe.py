"""Measures one cell: runs its scenario's steps in a fresh browser profile, and returns an observation.

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
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from lab.browser import Browser
from lab.errors import InconclusiveError, LabError, NoAnswerError
from lab.measure.activity import Activity
from lab.measure.context import Addresses, CellContext, Seen
from lab.measure.control_tab import ControlTab
from lab.measure.kept_tabs import KeptTabs
from lab.measure.origin import Origin
from lab.measure.routes import ROUTES
from lab.measure.settling import Settling
from lab.measure.slowness import busy
from lab.measure.tabs import CellTabs
from lab.model.cell import Cell
from lab.model.observation import Observation
from lab.model.openings import OPENINGS
from lab.paths import PACKAGE
from lab.scenario.scenario import Scenario

log = logging.getLogger(__name__)

CELL_S, TAB_S = 120.0, 2.0
"""Watchdog against a cell that never ends: seconds for a cell, and more seconds for each tab if clients have tabs of their
own."""


async def observe(
    scenario: Scenario, cell: Cell, browser: Browser, origin: Origin, kept: KeptTabs | None = None
) -> Observation:
    """Measure one cell, with the tabs that an earlier cell has `kept` for it, if there are any. An error in the cell is not
    raised: the observation has it in `faults` or `unmet`. Raises only
    asyncio.CancelledError, when the run itself is interrupted."""
    seen, faults, unmet, too_busy = Seen(), list[str](), None, None
    began = time.monotonic()
    limit = CELL_S if OPENINGS[cell.opening].doubling else CELL_S + TAB_S * cell.at_most
    try:
        async with asyncio.timeout(limit):
            await walk(scenario, cell, browser, origin, seen, kept or KeptTabs())
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
        engine_version=browser.version,
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
        screenshots=seen.screenshots,
        faults=tuple(faults),
        unmet=unmet,
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


async def walk(scenario: Scenario, cell: Cell, browser: Browser, origin: Origin, seen: Seen, kept: KeptTabs) -> None:
    """Run the scenario's steps in a fresh profile, or in kept tabs. What they see goes into `seen`."""
    ledger = await origin.begin(cell.name, cell.streams)
    case = scenario.cases.get(cell.case)
    async with ROUTES[cell.route].open(origin.started.doors) as route:
        key = (scenario.name, cell.protocol, cell.at_most, cell.streams, cell.route) if scenario.keep_tabs else None
        activity, (profile, blank) = Activity(origin), await kept.take(key, browser)
        control = ControlTab(profile, origin, standing=cell.opening == "hosts")
        context = CellContext(
            cell=cell,
            case=case,
            origin=origin,
            ledger=ledger,
            browser=browser,
            addresses=Addresses(cell, case, route, origin.host),
            settling=Settling(activity, control),
        )
        tabs = CellTabs(context, seen)
        tabs.enter(profile, blank)
        async with closing(tabs, control), watched(activity, browser):
            if cell.opening == "hosts":
                await control.begin()
            elif OPENINGS[cell.opening].doubling:
                control.ahead()
            try:
                await scenario.steps(tabs)
            finally:
                seen.ledger = tuple(ledger.events)
            if key is not None:
                await control.close()
                await kept.keep(key, profile, [*await tabs.leave(), *control.tabs], context)
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
async def watched(activity: Activity, browser: Browser) -> AsyncIterator[None]:
    """Cancel the steps as soon as the origin has ended or hangs, or the browser or one of its tabs has crashed; raise that
    failure."""
    try:
        async with asyncio.TaskGroup() as beside:
            watching = [beside.create_task(activity.follow()), beside.create_task(browser.lost())]
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
