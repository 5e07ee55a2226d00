"""The release proof: one live stream is ended, and a waiting client takes its place. It turns "did not open" into "was waiting
for exactly this place". (A *place* is a connection or a stream, whatever the limit counts.)

Rules.
1. A stream is ended in each possible way once: by its page, by the origin, and by closing its tab or frame. Each time, a client
   must be waiting.
2. Each time a waiting client must reach the ledger, and never may more streams be open at once than before.
3. This file only records what happens. Whether it proves anything, the judge decides (`unproven` in lab/judge/limits.py).

What it may not know: the claim, and the cause that the judge will infer.

How it works. Before each release, newly served pages must have loaded and sent their requests: Firefox never gives a connection
to a request that was queued after the connection had become idle. After the last release it
opens the control tab once more: during that time one client too many could come, which would show that the clients were not
waiting for these places.

What is still ugly: if the browser refuses a client instead of letting it wait (WebSockets), no client is waiting. Then two of
the refused clients try again, for one place.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from lab.measure.context import CellContext
from lab.measure.openers import Opener
from lab.measure.page import Page
from lab.model import ledger
from lab.model.browsers import HeldRequest
from lab.model.connections import arrivals, live_streams, most_streams, stream_ended
from lab.model.ledger import now_ms
from lab.model.observation import Arrival, ClientSeen, Release


@dataclass
class Ending:
    """One release when it begins: the client, how it is ended (page, origin or tab), the moment (ms), and the clients that were
    waiting."""

    client: int
    how: str
    at_ms: float
    waiting: tuple[int, ...]
    held: tuple[HeldRequest, ...] = ()


MORE_PLACES = 10
"""How many places are freed at most, one after the other, while no client comes, where a limit is soft. The one on all sockets
together is: a browser that has let in a few too many lets nobody in until it is below. (Firefox 153 once held 903 instead of
899.) A proxy's may be: Apache's mod_http2 lowers it when streams are reset (mod_http2/h2_mplx.c, m_be_annoyed)."""


async def releases(context: CellContext, openers: Sequence[Opener], seen: Sequence[ClientSeen]) -> tuple[Release, ...]:
    """End one live stream in each possible way, one after the other, while a client is waiting. Stops early if no client is
    live or waiting, or none takes the place (of a soft limit: none of MORE_PLACES). Returns what happened after each."""
    pages = {client: page for one in openers for page in one.pages for client in page.clients}
    failed = tuple(client.tab for client in seen if client.failed)
    endings: list[Ending] = []
    kept: set[int] = set()  # Clients whose end a proxy has kept from the origin.
    ways = deque(openers[-1].ends)
    while ways:
        how = ways.popleft()
        if not endings:
            await context.settling.quietly()
        elif served := documents_since(context, endings[-1].at_ms):
            await requests_sent(context, [pages[client] for client in served if client in pages])
        holding = [client for client in clients_holding(context) if client not in kept]
        waiting = still_waiting(context, seen, holding, failed, endings)
        if not holding or not (waiting or failed):
            break
        one = await end_one(context, openers[-1], pages, how=how, holding=holding, waiting=waiting or failed)
        if one is None:
            continue
        endings.append(one)
        context.move()
        if not waiting:
            await try_again(context, failed, pages)
            break
        if not await context.settling.until(lambda one=one: bool(came(context, one))):  # type: ignore[misc]  # mypy 10684
            if context.route.proxy and stream_ended(context.events, context.cell.name, one.client, one.at_ms) is None:
                kept.add(endings.pop().client)  # No place was freed.
                continue
            log = await context.browser.account(context.cell.name)
            one.held = log.held if log else ()
            soft = context.cell.opening == "hosts" or context.route.proxy is not None
            if one.held or not soft or len(endings) == MORE_PLACES:
                break
            ways.append(how)
    if endings:
        await asyncio.shield(context.settling.control.begin())
    nexts = [*endings[1:], None]
    return tuple(release_of(context, one, after) for one, after in zip(endings, nexts[: len(endings)], strict=True))


def still_waiting(
    context: CellContext,
    seen: Sequence[ClientSeen],
    holding: Sequence[int],
    failed: Sequence[int],
    endings: Sequence[Ending],
) -> tuple[int, ...]:
    """The clients that wait and have not had a place since the first release. Clients that poll take turns, so some had one
    before."""
    since = endings[0].at_ms if endings else None
    ended = {one.client for one in endings}
    waiting = [client.tab for client in seen if client.tab not in {*holding, *failed, *ended}]
    if since is None:
        return tuple(waiting)
    return tuple(tab for tab in waiting if not arrivals(context.events, context.cell.name, (tab,), since))


async def end_one(
    context: CellContext, opener: Opener, pages: dict[int, Page], *, how: str, holding: Sequence[int], waiting: tuple[int, ...]
) -> Ending | None:
    """End the stream of one client that has one, if possible a client of this opener. None if the origin found no open stream
    of any of them: their requests had just been answered."""
    last = [tab for tab in holding if any(tab in page.clients for page in opener.pages)]
    for victim in last or holding:
        one = Ending(victim, how, now_ms(), waiting)
        if how != "origin":
            await pages[victim].end(victim, how)
            return one
        if await context.origin.end(context.cell.name, victim):
            return one
    return None


async def try_again(context: CellContext, failed: Sequence[int], pages: dict[int, Page]) -> None:
    """Let two refused clients try again. They are not waiting, so they must send a new request. One place is free."""
    await context.settling.quietly()  # Until the ended stream is gone.
    for client in failed[:2]:
        await pages[client].script.again(client)


def clients_holding(context: CellContext) -> list[int]:
    """The numbers of the clients that have a stream open now."""
    return sorted({one.tab for one in live_streams(context.rows(), now_ms())})


def documents_since(context: CellContext, at_ms: float) -> list[int]:
    """The numbers of the clients whose documents were served at or after the moment `at_ms`."""
    served = context.ledger.of(ledger.DocumentServed)
    return [one.tab for one in served if one.cell == context.cell.name and one.at_ms >= at_ms]


async def requests_sent(context: CellContext, pages: Sequence[Page]) -> None:
    """Return when these pages, whose documents were served, have loaded and their requests have left them: a whole control
    opening after their answers goes the same way. Returns too when nothing moves any more."""
    if await context.settling.until(lambda: all(page.loaded or page.failed for page in pages)):
        await context.settling.pages_responsive()
        await asyncio.shield(context.settling.control.begin())


def came(context: CellContext, one: Ending) -> tuple[ledger.StreamOpened, ...]:
    """The streams that waiting clients have opened since a release."""
    return arrivals(context.events, context.cell.name, one.waiting, one.at_ms)


def release_of(context: CellContext, one: Ending, after: Ending | None) -> Release:
    """The release as the ledger shows it: when the stream ended, and which clients came before the next release (`after`)."""
    ended_ms = stream_ended(context.events, context.cell.name, one.client, one.at_ms) or one.at_ms
    until = after.at_ms if after else now_ms()
    rows = context.rows()
    opened = {row.connection: row.opened_ms for row in rows}
    arrived = tuple(
        Arrival(come.tab, come.at_ms - ended_ms, come.connection, opened.get(come.connection, 0.0) < one.at_ms)
        for come in came(context, one)
        if come.at_ms < until
    )
    most = most_streams(rows, ended_ms, until)
    return Release(
        tab=one.client,
        ended_by=one.how,
        ended_ms=ended_ms,
        waiting=one.waiting,
        arrived=arrived,
        most=most,
        held=one.held,
    )
