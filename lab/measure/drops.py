"""Drops: while the feed runs, every client loses its stream. Each client is followed: does it reconnect, when, and what has it
lost?"""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import Awaitable, Sequence

from lab.measure import clock_offset
from lab.measure.clock_offset import Offset
from lab.measure.context import CellContext
from lab.measure.delivery import PER_SECOND, all_of
from lab.measure.page import Page
from lab.measure.page_script import Note
from lab.model import ledger
from lab.model.drops import ClientAfterDrop, Drop, DropSeen
from lab.model.ledger import AnyEvent, StreamClosed, StreamOpened, StreamsDropped
from lab.model.observation import ClientSeen

BACK_S = 30.0
"""Watchdog: a client that is not live again after this many seconds counts as lost."""

RETRIES = 2
"""After a refusal, watch for RETRIES × `retry` plus the quiet time, to be sure that no client reconnects."""


async def drop_streams(
    context: CellContext, case: Drop, pages: Sequence[Page], how: str
) -> tuple[DropSeen, tuple[ClientSeen, ...]]:
    """Drop every stream of the cell (`end`, `reset` or `shut`) while the feed runs, and follow each client until it is live
    again or has given up. Returns the drop, and each client with whether it has the last update."""
    origin = context.origin
    loaded = [page for page in pages if page.loaded]
    before = [await clock_offset.offset(page.script) for page in loaded]
    await origin.pace(context.cell.per_second or PER_SECOND)
    await all_of([page.script.listen() for page in loaded])
    await within_watchdog([page.script.next() for page in loaded])  # Each page notes the last update before the drop.
    dropped = await drop_now(context, case, how)
    newest = (await origin.meter()).last
    await within_watchdog([page.script.reached(newest + 1) for page in loaded])
    watched_ms = await watch_refused(context, case) if case.status else 0.0
    await origin.pace(0)
    newest = (await origin.meter()).last
    await within_watchdog([page.script.reached(newest) for page in loaded])
    ended = await origin.meter()
    after = [await clock_offset.offset(page.script) for page in loaded]
    offsets = [clock_offset.between(one, other) for one, other in zip(before, after, strict=True)]
    seen = tuple([client for page in pages for client in await page.seen(ended.last)])
    failed = {client.tab: client.failed for client in seen}
    clients = [
        after_drop(
            tab,
            notes,
            failed=failed.get(tab),
            offset=offset,
            requests=requests_of(context.events, context.cell.name, tab),
            dropped_ms=dropped.at_ms,
            last=ended.last,
        )
        for page, offset in zip(loaded, offsets, strict=True)
        for tab, notes in await page.script.heard()
    ]
    return DropSeen(
        how=how,
        dropped_ms=dropped.at_ms,
        retry=case.retry,
        status=case.status,
        watched_ms=watched_ms,
        clocks_ms=round(max((offset.within_ms for offset in offsets), default=0.0), 2),
        ended=ended,
        clients=tuple(clients),
    ), seen


async def drop_now(context: CellContext, case: Drop, how: str) -> StreamsDropped:
    """Drop the streams, and return the ledger's event. If the case has a status, it answers new requests from now on."""
    if case.status:
        await context.origin.refuse(context.cell.name, case.status, case.content_type)
    return await context.origin.drop(context.cell.name, how)


async def watch_refused(context: CellContext, case: Drop) -> float:
    """Wait for further requests of refused clients. Returns how long that was, in ms."""
    began = ledger.now_ms()
    await asyncio.sleep((RETRIES * (case.retry or 0) + context.settling.quiet_ms) / 1000)
    return round(ledger.now_ms() - began)


async def within_watchdog(asked: Sequence[Awaitable[object]]) -> None:
    """Wait for all answers, but no longer than the watchdog: a client that does not come back is a result, not a failure."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(BACK_S):
            await all_of(asked)


Requests = Sequence[tuple[StreamOpened, StreamClosed | None]]


def requests_of(events: Sequence[AnyEvent], cell: str, tab: int) -> Requests:
    """The requests of one client, in order, each with the event of its end; None while it is open."""
    closed = {event.stream: event for event in events if isinstance(event, StreamClosed)}
    return [
        (event, closed.get(event.stream))
        for event in events
        if isinstance(event, StreamOpened) and (event.cell, event.tab) == (cell, tab)
    ]


def after_drop(
    tab: int,
    notes: Sequence[Note],
    *,
    failed: str | None,
    offset: Offset,
    requests: Requests,
    dropped_ms: float,
    last: int,
) -> ClientAfterDrop:
    """What one client did after a drop, from its notes and the ledger, in times of the origin's clock."""
    held = [closed for opened, closed in requests if opened.at_ms <= dropped_ms and closed and closed.at_ms >= dropped_ms]
    asked = [opened for opened, _ in requests if opened.at_ms > dropped_ms]
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
