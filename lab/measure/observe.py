"""Runs one cell and says what was seen. Whatever goes wrong becomes a fault of the observation, never a lost run."""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from lab.browser import Browser
from lab.errors import LabError
from lab.measure.activity import Watch
from lab.measure.control_tab import Control
from lab.measure.origin import Origin
from lab.measure.settling import Settling
from lab.measure.tabs import CellTabs
from lab.model.cell import Cell
from lab.model.ledger import AnyEvent
from lab.model.observation import Observation
from lab.model.openings import OPENINGS
from lab.scenario.scenario import Scenario

log = logging.getLogger(__name__)

CELL_S, TAB_S = 120.0, 2.0
"""A guard against a cell that never ends, not a measure of anything: so long for a cell, and for each tab of its own."""


class Sight:
    """What has been seen so far, so that a fault at the very end loses nothing of it."""

    def __init__(self) -> None:
        self.tabs: CellTabs | None = None
        self.events: tuple[AnyEvent, ...] = ()


async def observe(scenario: Scenario, cell: Cell, browser: Browser, origin: Origin) -> Observation:
    sight, faults = Sight(), []
    began = time.monotonic()
    limit = CELL_S if OPENINGS[cell.opened].doubling else CELL_S + TAB_S * cell.asked
    try:
        async with asyncio.timeout(limit):
            await walk(scenario, cell, browser, origin, sight)
    except TimeoutError as error:
        log.debug("%s", cell.name, exc_info=error)
        faults.append(f"the cell had not ended after {limit:.0f} s; something in it never answered")
    except LabError as error:
        log.debug("%s", cell.name, exc_info=error)
        faults.append(str(error))
    except Exception as error:  # a scenario is anyone's code: its slip costs its own cell, not the run
        log.debug("%s", cell.name, exc_info=error)
        faults.append(f"{scenario.path.name} failed with {type(error).__name__}: {error}")
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError  # A failure while tidying up must not hide that the run was broken off.
    tabs, claim = sight.tabs, scenario.claim(cell)
    assert claim is not None, cell.name
    return Observation(
        cell=cell,
        claim=claim,
        source=scenario.source,
        engine_version=browser.version,
        asked=tabs.asked if tabs else None,
        streams_per_connection=cell.streams,
        load=round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None,
        ledger=sight.events,
        tabs=tabs.seen if tabs else (),
        settled_ms=tabs.settled_ms if tabs else None,
        quiet_ms=tabs.quiet_ms if tabs else None,
        controls=tabs.controls if tabs else 0,
        releases=tabs.releases if tabs else (),
        sides=tuple(tabs.sides) if tabs else (),
        probes=tuple(tabs.probes) if tabs else (),
        listened=tabs.listened if tabs else None,
        drops=tuple(tabs.drops) if tabs else (),
        payloads=tabs.payloads if tabs else (),
        pictures=tabs.pictures if tabs else (),
        browser_log=tabs.browser_log if tabs else None,
        seconds=time.monotonic() - began,
        faults=tuple(faults),
    )


async def walk(scenario: Scenario, cell: Cell, browser: Browser, origin: Origin, sight: Sight) -> None:
    """Walk through the scenario's steps in a fresh profile. The ledger ends where the steps do: what the closing of the
    tabs lets through is no part of the cell."""
    start = await origin.begin(cell.name, cell.streams)
    async with cell_tabs(scenario, cell, browser, origin, start) as tabs:
        sight.tabs = tabs
        try:
            await scenario.steps(tabs)
        finally:
            sight.events = tuple(origin.events[start:])


@asynccontextmanager
async def cell_tabs(scenario: Scenario, cell: Cell, browser: Browser, origin: Origin, start: int) -> AsyncIterator[CellTabs]:
    """The tabs of a cell in a fresh profile, and the watch beside them; all is ended when the steps are.

    When the origin has ended or stands still, or something of the browser was lost, the steps are broken off with that failure.
    """
    profile = await browser.new_profile()
    watch = Watch(origin, start)
    control = Control(profile, origin, standing=cell.opened == "hosts")
    if cell.opened == "hosts":
        await control.begin()
    elif OPENINGS[cell.opened].doubling:
        control.ahead()
    tabs = CellTabs(scenario, cell, origin, start, browser, Settling(watch, control))
    await tabs.enter(profile)
    try:
        async with asyncio.TaskGroup() as beside:
            watching = [beside.create_task(watch.follow()), beside.create_task(browser.lost())]
            try:
                yield tabs
            finally:
                for task in watching:
                    task.cancel()
    except BaseExceptionGroup as group:
        raise first_fault(group) from group
    finally:
        await control.close()
        await tabs.close()


def first_fault(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """One exception for a group: the first of the lab's own kind, if there is one."""
    faults = group.subgroup(LabError)
    found: BaseException = faults or group
    while isinstance(found, BaseExceptionGroup):
        found = found.exceptions[0]
    return found
