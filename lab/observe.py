"""Runs one cell and says what was seen. Whatever goes wrong becomes a fault of the observation, never a lost run."""

from __future__ import annotations

import asyncio
import time

import msgspec

from lab.browser import Browser
from lab.errors import LabError
from lab.observation import Observation
from lab.origin_client import Origin
from lab.scenario import Cell, Scenario
from lab.tabs import cell_tabs

CELL_S, TAB_S = 60.0, 2.0
"""A guard against a cell that never ends, not a measure of anything: so long for a cell, and for each of its tabs."""


async def observe(scenario: Scenario, cell: Cell, browser: Browser, origin: Origin) -> Observation:
    seen = Observation(
        cell=cell,
        claim=scenario.claims[cell.protocol],
        engine_version=browser.version,
        streams_per_connection=origin.listening.streams_per_connection,
    )
    began = time.monotonic()
    limit = CELL_S + TAB_S * cell.asked
    try:
        async with asyncio.timeout(limit):
            seen = await walk(scenario, seen, browser, origin)
    except TimeoutError:
        fault = f"the cell had not ended after {limit:.0f} s; something in it never answered"
        seen = msgspec.structs.replace(seen, faults=(fault,))
    except LabError as error:
        seen = msgspec.structs.replace(seen, faults=(str(error),))
    return msgspec.structs.replace(seen, seconds=time.monotonic() - began)


async def walk(scenario: Scenario, seen: Observation, browser: Browser, origin: Origin) -> Observation:
    """Walk through the scenario's steps in a fresh profile. The ledger ends where the steps do: what the closing of the
    tabs lets through is no part of the cell."""
    start = await origin.begin(seen.cell.name)
    async with cell_tabs(seen.cell, origin, start, browser) as tabs:
        await scenario.steps(tabs)
        events = tuple(origin.events[start:])
    return msgspec.structs.replace(
        seen,
        ledger=events,
        tabs=tabs.seen,
        settled_ms=tabs.settled_ms,
        quiet_ms=tabs.quiet_ms,
        controls=tabs.controls,
        release=tabs.release,
        browser_log=tabs.browser_log,
    )
