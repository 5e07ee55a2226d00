"""Listening: the feed runs for a while, and every update is followed from the origin's stamp to the page's handler."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

from lab.browser import Browser
from lab.measure import clock_offset as clocks
from lab.measure.clock_offset import Offset
from lab.measure.origin import Origin
from lab.measure.page import Page
from lab.measure.usage import used
from lab.model import ledger
from lab.model.cell import Cell
from lab.model.delivery import ClientDelivery, DeliverySeen, UsageSpan
from lab.model.ledger import Counters
from lab.model.observation import ClientSeen
from lab.tasks import wait_first

PER_SECOND = 5.0
IDLE_S, WINDOW_S = 1.0, 5.0
INTERVALS = 3
"""So long does a cell lie idle, before and after, and so long does it listen; where clients poll, for three of their intervals
at least."""

CALM_S, MOST_LOOKS, FALLING = 0.5, 10, 0.8
"""Before it lies idle, what the opening of the tabs set going may end: half a second after the other is looked at, until one
costs no less than this share of the one before. Firefox was busy for seconds, and then cost less than nothing."""

Note = tuple[int, float, float, str]
Patience = Callable[[], Coroutine[Any, Any, None]]
Rest = Callable[[], Coroutine[Any, Any, None]]


class Listening:
    """`patience` says how long a client may take to show that it is live: it ends when that time is over. `rest` leaves nothing
    else running in the browser."""

    def __init__(
        self, cell: Cell, origin: Origin, browser: Browser, pages: Sequence[Page], patience: Patience, rest: Rest
    ) -> None:
        self._cell = cell
        self._origin = origin
        self._browser = browser
        self._pages = pages
        self._patience = patience
        self._rest = rest

    async def listen(self, opened: Callable[[], Coroutine[Any, Any, object]]) -> tuple[DeliverySeen, tuple[ClientSeen, ...]]:
        """Begin when all that can open have `opened`, now that the feed runs; end when all that are live have every update."""
        await self._pace(self._cell.per_second or PER_SECOND)
        await self._within_patience(opened())
        await self._pace(0)
        await self._rest()
        loaded = [page for page in self._pages if page.loaded]
        await ask_all(loaded, "lab.rest()")  # A page that polls is slow to tell the time.
        await self._calm()
        before = [await clocks.offset(page.tab) for page in loaded]
        idle_before = await self._spend(asyncio.sleep(IDLE_S))  # The same tabs, with nothing to say and nobody asking.
        await ask_all(loaded, "lab.rouse()")
        began, spent, ended = await self._window(loaded)
        await ask_all(loaded, "lab.rest()")
        idle_after = await self._spend(asyncio.sleep(IDLE_S))
        after = [await clocks.offset(page.tab) for page in loaded]
        offsets = [clocks.between(one, other) for one, other in zip(before, after, strict=True)]
        heard = [
            told
            for page, offset in zip(loaded, offsets, strict=True)
            for told in heard_of(await page.tab.ask("lab.heard()"), offset, began.last, ended.last)
        ]
        return DeliverySeen(
            tabs=tuple(heard),
            began=began,
            ended=ended,
            clocks_ms=max((offset.within_ms for offset in offsets), default=0.0),
            idle=(idle_before, idle_after),
            spent=spent,
        ), tuple([tab for page in self._pages for tab in await page.seen(ended.last)])

    async def _calm(self) -> None:
        before = math.inf
        for _ in range(MOST_LOOKS):
            spent = await self._spend(asyncio.sleep(CALM_S))
            cost = spent.browser[1].cpu_s - spent.browser[0].cpu_s
            if cost >= FALLING * before:
                return
            before = cost

    async def _window(self, loaded: Sequence[Page]) -> tuple[Counters, UsageSpan, Counters]:
        await ask_all(loaded, "lab.listen()")
        began = await self._origin.meter(anew=True)
        spent = await self._spend(self._feed_runs(loaded))
        return began, spent, await self._origin.meter()

    async def _feed_runs(self, loaded: Sequence[Page]) -> None:
        await self._pace(self._cell.per_second or PER_SECOND)
        await asyncio.sleep(max(WINDOW_S, INTERVALS * (self._cell.interval_ms or 0) / 1000))
        await self._pace(0)
        last = (await self._origin.meter()).last
        await self._within_patience(ask_all(loaded, f"lab.reached({last})"))

    async def _spend(self, what: Coroutine[Any, Any, object]) -> UsageSpan:
        roots = self._browser.roots
        began_ms, before = ledger.now_ms(), await used(self._origin.listening.pid, roots)
        await what
        ended_ms, after = ledger.now_ms(), await used(self._origin.listening.pid, roots)
        return UsageSpan((began_ms, ended_ms), (before[0], after[0]), (before[1], after[1]))

    async def _within_patience(self, what: Coroutine[Any, Any, object]) -> None:
        patience = asyncio.create_task(self._patience())
        try:
            await wait_first(patience, what)
        finally:
            patience.cancel()
            await asyncio.wait([patience])

    async def _pace(self, per_second: float) -> None:
        await self._origin.control("POST", f"/control/pace?per_second={per_second}")


async def ask_all(pages: Sequence[Page], expression: str) -> None:
    await asyncio.gather(*[page.tab.ask(expression) for page in pages])


def heard_of(told: Sequence[tuple[int, Sequence[Note]]], offset: Offset, before: int, last: int) -> list[ClientDelivery]:
    """What a page's notes say of the updates after `before`, up to `last`, for each of its clients that ever received one."""
    return [heard(tab, notes, offset, before, last) for tab, notes in told if notes]


def heard(tab: int, notes: Sequence[Note], offset: Offset, before: int, last: int) -> ClientDelivery:
    latencies: dict[int, float] = {}
    repeated = disordered = 0
    for seq, stamp_ms, page_ms, _ in notes:
        if not before < seq <= last:
            continue
        if seq in latencies:
            repeated += 1
            continue
        disordered += bool(latencies) and seq < max(latencies)
        latencies[seq] = round(page_ms + offset.ms - stamp_ms, 2)
    return ClientDelivery(tab, len(latencies), last - before - len(latencies), repeated, disordered, tuple(latencies.values()))
