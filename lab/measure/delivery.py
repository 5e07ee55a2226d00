"""Delivery: the feed runs for a while, and the latency of every update is measured, from the origin's time stamp to the page's
handler."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Sequence

from lab.measure import clock_offset
from lab.measure.clock_offset import Offset
from lab.measure.context import CellContext
from lab.measure.page import Page
from lab.measure.page_script import Note
from lab.measure.settling import LIVE_UPDATES
from lab.measure.usage import used
from lab.model import ledger
from lab.model.delivery import ClientDelivery, DeliverySeen, UsageSpan
from lab.model.ledger import Counters
from lab.model.observation import ClientSeen
from lab.tasks import cancel_and_wait, wait_first

PER_SECOND = 5.0
IDLE_S, WINDOW_S, INTERVALS = 0.5, 3.0, 2
"""Length of each idle window, and of the measurement window (at least INTERVALS polling intervals)."""

IDLE_BEFORE, MOST_IDLE, FALLING = 2, 10, 0.8
"""Idle windows are measured until the browser's CPU time has stopped falling (no less than 0.8 of the window before), ten at
the most; the last two are the baseline, and one more after the measurement window. Else Firefox's start-up work would inflate
the baseline, and its cost would come out negative. The range of the three is the noise of the measured cost."""


async def follow_updates(
    context: CellContext, pages: Sequence[Page], openings: Sequence[asyncio.Task[None]]
) -> tuple[DeliverySeen, tuple[ClientSeen, ...]]:
    """Let the feed run until all `openings` that can end have ended; then follow every update of a measurement window between
    idle windows. Returns what each client received, and which clients have the last update.

    Raises HarnessFaultError if the control tab, or a page that had loaded, stops answering."""
    origin, per_second = context.origin, context.cell.per_second or PER_SECOND
    await origin.pace(per_second)
    await let_in(context, openings, per_second)
    await origin.pace(0)
    await context.settling.control.rest()
    loaded = [page for page in pages if page.loaded]
    await all_of([page.script.rest() for page in loaded])  # A page that polls answers slowly, which makes its clock uncertain.
    before = [await clock_offset.offset(page.script) for page in loaded]
    idle = await idle_before(context)
    await all_of([page.script.rouse() for page in loaded])
    began, running, ended = await window(context, loaded, per_second)
    await all_of([page.script.rest() for page in loaded])
    idle.append(await span(context, asyncio.sleep(IDLE_S)))
    after = [await clock_offset.offset(page.script) for page in loaded]
    offsets = [clock_offset.between(one, other) for one, other in zip(before, after, strict=True)]
    clients: list[ClientDelivery] = []
    for page, offset in zip(loaded, offsets, strict=True):
        ever = {report.tab for report in await page.script.report() if report.first_at is not None}
        clients += [
            delivered(tab, notes, offset, began.last, ended.last) for tab, notes in await page.script.heard() if tab in ever
        ]
    return DeliverySeen(
        clients=tuple(clients),
        began=began,
        ended=ended,
        clocks_ms=max((offset.within_ms for offset in offsets), default=0.0),
        idle=tuple(idle),
        running=running,
    ), tuple([client for page in pages for client in await page.seen(ended.last)])


async def let_in(context: CellContext, openings: Sequence[asyncio.Task[None]], per_second: float) -> None:
    """Wait while openings end: a long poll gives its connection back with each update. Returns when none has ended in the time
    that a live client needs for its next updates."""
    waiting = {one for one in openings if not one.done()}
    while waiting:
        await within_patience(context, asyncio.wait(waiting), 1000 * LIVE_UPDATES / per_second)
        if not (ended := {one for one in waiting if one.done()}):
            return
        waiting -= ended


async def idle_before(context: CellContext) -> list[UsageSpan]:
    """The last IDLE_BEFORE idle windows, once the browser's idle CPU time has stopped falling. If its processes can't be seen,
    that is not awaited."""
    spans: list[UsageSpan] = []
    while len(spans) < MOST_IDLE:
        spans.append(await span(context, asyncio.sleep(IDLE_S)))
        spent = [one.browser[1].cpu_s - one.browser[0].cpu_s for one in spans if one.browser]
        if len(spans) >= IDLE_BEFORE and (len(spent) < IDLE_BEFORE or spent[-1] >= FALLING * spent[-2]):
            break
    return spans[-IDLE_BEFORE:]


async def window(context: CellContext, loaded: Sequence[Page], per_second: float) -> tuple[Counters, UsageSpan, Counters]:
    """The measurement window: the origin's counters before it, what origin and browser used, the counters after it."""
    await all_of([page.script.listen() for page in loaded])
    began = await context.origin.meter(anew=True)
    running = await span(context, run_feed(context, loaded, per_second))
    return began, running, await context.origin.meter()


async def run_feed(context: CellContext, loaded: Sequence[Page], per_second: float) -> None:
    """Let the feed run for the length of the window; return when every live client has every update."""
    await context.origin.pace(per_second)
    await asyncio.sleep(max(WINDOW_S, INTERVALS * (context.cell.interval_ms or 0) / 1000))
    await context.origin.pace(0)
    last = (await context.origin.meter()).last
    await within_patience(context, all_of([page.script.reached(last) for page in loaded]))


async def span(context: CellContext, what: Awaitable[object]) -> UsageSpan:
    """What origin and browser used while `what` was awaited."""
    pid, roots = context.origin.started.pid, context.browser.roots
    began_ms, before = ledger.now_ms(), await used(pid, roots)
    await what
    ended_ms, after = ledger.now_ms(), await used(pid, roots)
    browser = None if before[1] is None or after[1] is None else (before[1], after[1])
    return UsageSpan((began_ms, ended_ms), (before[0], after[0]), browser)


async def within_patience(context: CellContext, what: Awaitable[object], more_ms: float = 0.0) -> None:
    """Wait for `what`, but no longer than a live client needs to receive an update, and `more_ms` until that is published.
    Raises the error of either: a control tab that never opens, or a page that answers with an error, must not look like a
    normal end."""

    async def awaited() -> None:
        await what

    patience = asyncio.create_task(context.settling.patience((context.cell.interval_ms or 0) + more_ms))
    try:
        await wait_first(patience, awaited())
    finally:
        await cancel_and_wait(patience)


async def all_of(asked: Sequence[Awaitable[object]]) -> None:
    """Wait for all of these; raise the first failure."""
    await asyncio.gather(*asked)


def delivered(tab: int, notes: Sequence[Note], offset: Offset, before: int, last: int) -> ClientDelivery:
    """What a client's notes say about the updates after number `before`, up to `last`. A client without notes missed them
    all."""
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
    return ClientDelivery(
        tab=tab,
        received=len(latencies),
        missed=last - before - len(latencies),
        repeated=repeated,
        disordered=disordered,
        latencies_ms=tuple(latencies.values()),
    )
