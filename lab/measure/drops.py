"""Dropping: while the feed runs, every client loses its stream; then it shows who comes back, when, and what got lost."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import Sequence

from lab.measure import clock_offset as clocks
from lab.measure.clock_offset import Offset
from lab.measure.delivery import PER_SECOND, Note, ask_all
from lab.measure.origin import Origin
from lab.measure.page import Page
from lab.measure.settling import Settling
from lab.model import ledger
from lab.model.cell import Cell
from lab.model.drops import ClientAfterDrop, Drop, DropSeen
from lab.model.ledger import AnyEvent, StreamClosed, StreamOpened
from lab.model.observation import ClientSeen

BACK_S = 30.0
"""A guard, not a measure: who is not live again by then counts as one who did not come back."""

RETRIES = 2
"""Who was turned away is watched for so many times of what it should have waited, and the quiet time besides."""


class Dropping:
    def __init__(self, cell: Cell, case: Drop, origin: Origin, start: int, pages: Sequence[Page], still: Settling) -> None:
        self._cell = cell
        self._case = case
        self._origin = origin
        self._start = start
        self._pages = pages
        self._still = still

    async def drop(self, how: str) -> tuple[DropSeen, tuple[ClientSeen, ...]]:
        loaded = [page for page in self._pages if page.loaded]
        before = [await clocks.offset(page.tab) for page in loaded]
        await self._pace(self._cell.per_second or PER_SECOND)
        await ask_all(loaded, "lab.listen()")
        await self._within_guard(loaded, "lab.next()")  # Each notes what it had before.
        dropped = await self._dropped(how)
        await self._within_guard(loaded, f"lab.reached({(await self._origin.meter()).last + 1})")
        watched_ms = await self._watched() if self._case.status else 0.0
        await self._pace(0)
        await self._within_guard(loaded, f"lab.reached({(await self._origin.meter()).last})")
        ended = await self._origin.meter()
        after = [await clocks.offset(page.tab) for page in loaded]
        offsets = [clocks.between(one, other) for one, other in zip(before, after, strict=True)]
        seen = tuple([tab for page in self._pages for tab in await page.seen(ended.last)])
        failed = {tab.tab: tab.failed for tab in seen}
        events = self._origin.events[self._start :]
        clients = [
            back(client, notes, failed.get(client), offset, of_tab(events, self._cell.name, client), dropped.at_ms, ended.last)
            for page, offset in zip(loaded, offsets, strict=True)
            for client, notes in await page.tab.ask("lab.heard()")
        ]
        return DropSeen(
            how=how,
            dropped_ms=dropped.at_ms,
            retry=self._case.retry,
            status=self._case.status,
            watched_ms=watched_ms,
            clocks_ms=round(max((offset.within_ms for offset in offsets), default=0.0), 2),
            ended=ended,
            clients=tuple(clients),
        ), seen

    async def _dropped(self, how: str) -> ledger.StreamsDropped:
        name, case = self._cell.name, self._case
        if case.status:
            await self._origin.control("POST", f"/control/refuse?cell={name}&status={case.status}&type={case.content_type}")
        mark = len(self._origin.events)
        await self._origin.control("POST", f"/control/drop?cell={name}&how={how}")

        def found() -> list[ledger.StreamsDropped]:
            return [event for event in self._origin.events[mark:] if isinstance(event, ledger.StreamsDropped)]

        await self._origin.wait_for(lambda: bool(found()))
        return found()[0]

    async def _watched(self) -> float:
        """Time for who was turned away to come again after all, in ms."""
        began = ledger.now_ms()
        await asyncio.sleep((RETRIES * (self._case.retry or 0) + self._still.quiet_ms) / 1000)
        return round(ledger.now_ms() - began)

    async def _within_guard(self, loaded: Sequence[Page], expression: str) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(BACK_S):
                await ask_all(loaded, expression)

    async def _pace(self, per_second: float) -> None:
        await self._origin.control("POST", f"/control/pace?per_second={per_second}")


Streams = Sequence[tuple[StreamOpened, StreamClosed | None]]


def of_tab(events: Sequence[AnyEvent], cell: str, tab: int) -> Streams:
    """The requests of one client, in order, each with its end."""
    closed = {event.stream: event for event in events if isinstance(event, StreamClosed)}
    return [
        (event, closed.get(event.stream))
        for event in events
        if isinstance(event, StreamOpened) and (event.cell, event.tab) == (cell, tab)
    ]


def back(
    tab: int, notes: Sequence[Note], failed: str | None, offset: Offset, streams: Streams, dropped_ms: float, last: int
) -> ClientAfterDrop:
    held = [closed for opened, closed in streams if opened.at_ms <= dropped_ms and closed and closed.at_ms >= dropped_ms]
    asked = [opened for opened, _ in streams if opened.at_ms > dropped_ms]
    asked_ms = asked[0].at_ms if asked else None
    before = [note for note in notes if asked_ms is None or note[2] + offset.ms < asked_ms]
    since = notes[len(before) :]
    numbers = Counter(seq for seq, *_ in notes if seq <= last)
    return ClientAfterDrop(
        tab=tab,
        had=max((seq for seq, *_ in before), default=None),
        closed_ms=held[-1].at_ms if held else None,
        asked_ms=asked_ms,
        asks=len(asked),
        http=asked[0].http if asked else None,
        last_event_id=asked[0].last_event_id if asked else None,
        live_ms=round(since[0][2] + offset.ms, 3) if since else None,
        missed=last + 1 - min(numbers) - len(numbers) if numbers else 0,
        repeated=numbers.total() - len(numbers),
        kinds=dict(sorted(Counter(kind for *_, kind in notes if kind).items())),
        failed=failed,
    )
