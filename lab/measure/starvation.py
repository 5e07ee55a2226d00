"""Starvation: what else a page does, tried one thing after the other while the streams are held: it passes, waits, or fails."""

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

KINDS = ("fetch", "xhr", "image", "script", "beacon", "websocket", "navigation")
"""What `probe` in lab/origin/pages/client.js can do."""

SAME, CROSS = "same-origin", "cross-origin"
FIRST = 900_001  # Probes are numbered from here, far from the clients.


async def probe_all(context: CellContext, page: Page, other: Page) -> list[ProbeSeen]:
    """Try everything from `page`, where the streams are held, and then from the `other` one, of the same site but another
    origin (the second door)."""
    pages = [(kind, where, one) for where, one in ((SAME, page), (CROSS, other)) for kind in KINDS]
    return [
        await try_one(context, page, kind=kind, where=where, asked=asked, number=FIRST + at)
        for at, (kind, where, asked) in enumerate(pages)
    ]


async def try_one(context: CellContext, held: Page, *, kind: str, where: str, asked: Page, number: int) -> ProbeSeen:
    """One thing, asked for by page `asked`; `held` is the page that holds the streams."""
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
    """Nothing, or what the page says of its failing."""
    try:
        return await page.script.probe(kind, url)
    except PageScriptError:  # A fault of the lab: it must not pass for a probe that the browser failed.
        raise
    except HarnessFaultError as error:
        return error.message
    finally:
        context.move()


async def tidy(context: CellContext, page: Page, asking: asyncio.Task[str]) -> None:
    """Once the page has its answer too: a WebSocket that is closed before it knows that it is open lingers in Firefox."""
    await context.settling.quietly(asking.done)
    await cancel_and_wait(asking)
    await page.script.tidy()


async def after_release(
    context: CellContext, held: Page, *, kind: str, where: str, number: int, asked: Page, asking: asyncio.Task[str]
) -> ProbeSeen:
    """It waits: end one held stream, see it come, and hold another stream in the place it leaves."""
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
    """Fill the freed place again. Raises HarnessFaultError when that can't be done."""
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
    """When a probe reached the origin: a list of one moment, or an empty one."""
    served = context.ledger.of(ledger.ProbeServed)
    return [event.at_ms for event in served if (event.cell, event.tab) == (context.cell.name, number)][:1]


def failed(asking: asyncio.Task[str]) -> str:
    """Why it failed; nothing while it has not. That it passed, the ledger says: of a beacon no page can know."""
    return asking.result() if asking.done() else ""
