"""Runs one cell and says what was seen. Whatever goes wrong becomes a fault of the observation, never a lost run."""

from __future__ import annotations

import asyncio
import time

from lab.browser import Browser
from lab.errors import LabError
from lab.ledger import AnyEvent
from lab.observation import Observation
from lab.origin_client import Origin
from lab.scenario import Cell, Scenario
from lab.tabs import CellTabs, cell_tabs

CELL_S, TAB_S = 60.0, 2.0
"""A guard against a cell that never ends, not a measure of anything: so long for a cell, and for each of its tabs."""


class Sight:
    """What has been seen so far, so that a fault at the very end loses nothing of it."""

    def __init__(self) -> None:
        self.tabs: CellTabs | None = None
        self.events: tuple[AnyEvent, ...] = ()


async def observe(scenario: Scenario, cell: Cell, browser: Browser, origin: Origin) -> Observation:
    sight, faults = Sight(), []
    began, limit = time.monotonic(), CELL_S + TAB_S * cell.asked
    try:
        async with asyncio.timeout(limit):
            await walk(scenario, cell, browser, origin, sight)
    except TimeoutError:
        faults.append(f"the cell had not ended after {limit:.0f} s; something in it never answered")
    except LabError as error:
        faults.append(str(error))
    except Exception as error:  # noqa: BLE001  # a scenario is anyone's code: its slip costs its own cell, not the run
        faults.append(f"{scenario.path.name} failed with {type(error).__name__}: {error}")
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError  # A failure while tidying up must not hide that the run was broken off.
    tabs = sight.tabs
    return Observation(
        cell=cell,
        claim=scenario.claims[cell.protocol],
        source=scenario.source,
        engine_version=browser.version,
        streams_per_connection=origin.listening.streams_per_connection,
        ledger=sight.events,
        tabs=tabs.seen if tabs else (),
        settled_ms=tabs.settled_ms if tabs else None,
        quiet_ms=tabs.quiet_ms if tabs else None,
        controls=tabs.controls if tabs else 0,
        release=tabs.release if tabs else None,
        browser_log=tabs.browser_log if tabs else None,
        seconds=time.monotonic() - began,
        faults=tuple(faults),
    )


async def walk(scenario: Scenario, cell: Cell, browser: Browser, origin: Origin, sight: Sight) -> None:
    """Walk through the scenario's steps in a fresh profile. The ledger ends where the steps do: what the closing of the
    tabs lets through is no part of the cell."""
    start = await origin.begin(cell.name)
    async with cell_tabs(cell, origin, start, browser) as tabs:
        sight.tabs = tabs
        try:
            await scenario.steps(tabs)
        finally:
            sight.events = tuple(origin.events[start:])
