"""Starvation: while every stream is in use, a page sends other requests (probes), one after the other. Each passes, waits or
fails."""

from __future__ import annotations

import asyncio
from functools import partial

from lab.browser import PageScriptError
from lab.errors import HarnessFaultError
from lab.measure.context import CellContext
from lab.measure.page import Page
from lab.measure.page_script import PageScript
from lab.model import ledger
from lab.model.connections import stream_ended
from lab.model.ledger import now_ms
from lab.model.starvation import ProbeSeen
from lab.tasks import cancel_and_wait

PROBES = ("fetch", "xhr", "image", "script", "beacon", "websocket", "navigation")
"""The kinds of probe that lab/origin/pages/client.js can send."""

SAME, CROSS = "same-origin", "cross-origin"
FIRST = 900_001  # Probes have numbers from here on, clients far smaller ones.


async def probe_all(context: CellContext, page: Page, other: Page) -> list[ProbeSeen]:
    """Send every kind of probe from `page`, which has the streams, and then from the `other` page, which is of the same site
    but another origin (the second door)."""
    pages = [(kind, where, one) for where, one in ((SAME, page), (CROSS, other)) for kind in PROBES]
    return [
        await try_one(context, page, kind=kind, where=where, asked=asked, number=FIRST + at)
        for at, (kind, where, asked) in enumerate(pages)
    ]


async def try_one(context: CellContext, held: Page, *, kind: str, where: str, asked: Page, number: int) -> ProbeSeen:
    """Send one probe from page `asked`, and see what happens to it. `held` is the page that has the streams."""
    began = now_ms()
    asking = asyncio.create_task(ask(context, asked, kind, context.addresses.probe(context.cell.protocol, number, kind)))
    context.move()
    try:
        if not await context.settling.until(lambda: bool(arrived(context, number) or failed(asking))):
            return await after_release(context, held, kind=kind, where=where, number=number, asked=asked, asking=asking)
        if not arrived(context, number):
            return ProbeSeen(kind, where, "failed", note=failed(asking))
        at_ms = arrived(context, number)[0]
        return ProbeSeen(kind, where, "passed", took_ms=round(at_ms - began, 1), arrived_ms=at_ms)
    finally:
        await tidy(context, asked, asking)


async def ask(context: CellContext, page: Page, kind: str, url: str) -> str:
    """Let the page send a probe. Returns "" when it was answered, else why it failed."""
    try:
        return await page.script.probe(kind, url)
    except PageScriptError:  # A fault of the lab: it must not pass for a probe that the browser failed.
        raise
    except HarnessFaultError as error:
        return error.message
    finally:
        context.move()


async def tidy(context: CellContext, page: Page, asking: asyncio.Task[str]) -> None:
    """Remove what a probe left, once the page has its answer: Firefox keeps a WebSocket for a while if it is closed before the
    page knows that it is open."""
    await context.settling.quietly(asking.done)
    await cancel_and_wait(asking)
    await page.script.tidy()


async def after_release(
    context: CellContext, held: Page, *, kind: str, where: str, number: int, asked: Page, asking: asyncio.Task[str]
) -> ProbeSeen:
    """The probe waits: end one stream, see whether the probe then arrives, and open another stream in the free place."""
    victim = min(held.clients)
    asked_ms = now_ms()
    await held.end(victim, "page")
    del held.clients[victim]
    context.move()
    came = await context.settling.until(lambda: bool(arrived(context, number)))
    await tidy(context, asked, asking)
    ended_ms = stream_ended(context.events, context.cell.name, victim, asked_ms) or asked_ms
    at_ms = arrived(context, number)[0] if came else None
    await hold_another(context, held, kind)
    after_ms = round(at_ms - ended_ms, 1) if at_ms is not None else None
    note = None if came else "it did not come when a place was free"
    return ProbeSeen(kind, where, "waited", after_release_ms=after_ms, arrived_ms=at_ms, note=note)


async def hold_another(context: CellContext, held: Page, kind: str) -> None:
    """Open one more client in the free place. Raises HarnessFaultError if it does not go live."""
    another, base = max(held.clients) + 1, context.addresses.base(context.cell.protocol)
    again = asyncio.create_task(held.add(another, 1, partial(one_more, another, base)))
    context.move()
    if not await context.settling.until(again.done):
        await cancel_and_wait(again)
        raise HarnessFaultError(f"after the probe {kind} the pool could not be filled again")
    again.result()


async def one_more(number: int, base: str, script: PageScript) -> None:
    """Begin one more client in a page."""
    await script.add(first=number, count=1, base=base)


def arrived(context: CellContext, number: int) -> list[float]:
    """When a probe reached the origin (ms): a list of one moment, or an empty list."""
    served = context.ledger.of(ledger.ProbeServed)
    return [event.at_ms for event in served if (event.cell, event.tab) == (context.cell.name, number)][:1]


def failed(asking: asyncio.Task[str]) -> str:
    """Why a probe failed; "" if it has not. Only the ledger says whether it passed: a page can't know that of a beacon."""
    return asking.result() if asking.done() else ""
