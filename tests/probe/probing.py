"""Probes of apps, a few at once: most of a probe is waiting. Each has a process of its own, for it ends all its children."""

from __future__ import annotations

import asyncio
import multiprocessing
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from lab.cli.probe import load_do
from lab.model.verdict import Kind
from lab.probe import visit
from lab.probe.interface import Engine, engine_of
from lab.probe.probe import Order, Progress, probe_browsers, probe_wire
from lab.results.file import CellResult
from lab.wire.address import parse
from lab.wire.ask import Asking
from lab.wire.connection import Trust

AT_ONCE = 3
WATCH_S = 1.0
REST_MS, STILL_MS = 2500.0, 1200.0
"""These apps open their streams at once, so the first tab is watched for a shorter time."""


def probed(url: str, folder: Path, engine: str, tabs: int, do: Path | None = None) -> CellResult:
    """What a probe of a URL says in one browser. `do`: the user's file."""
    visit.REST_MS, visit.STILL_MS = REST_MS, STILL_MS
    address = parse(url)
    asking = Asking(own=address.origin, trust=Trust(insecure=True), watch_s=WATCH_S)
    order = Order(address=address, asking=asking, tabs=tabs, engines=(engine,), do=load_do(do) if do else None, do_file=do)

    async def whole() -> CellResult:
        wire, _ = await probe_wire(order)
        results = await probe_browsers(order, wire, folder, Progress())
        return results.cells[0]

    return asyncio.run(whole())


@contextmanager
def pool(at_once: int = AT_ONCE) -> Iterator[ProcessPoolExecutor]:
    """Processes in which probes run. What has not begun when the block is left is not begun any more."""
    made = ProcessPoolExecutor(at_once, mp_context=multiprocessing.get_context("spawn"), max_tasks_per_child=1)
    try:
        yield made
    finally:
        made.shutdown(cancel_futures=True)


Found = Future[CellResult]


def agreed(cell: CellResult) -> Engine:
    """The probe's answer, whose prediction was verified."""
    assert cell.verdict.kind is Kind.CONFIRMED, cell.verdict
    found = engine_of(cell)
    assert found.predicted_tab == found.verified_tab
    return found
