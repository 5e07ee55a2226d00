"""Hops: what a proxy announces, by which protocol a page and a WebSocket pass it, what the origin learns of a tab that is
closed, and what a reload of the proxy does to open streams. How many clients stay live is measured as everywhere (tabs.py)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import msgspec

from lab.browser import Tab
from lab.errors import NoAnswerError
from lab.measure.context import CellContext
from lab.measure.kept_tabs import still_open
from lab.measure.page import Page
from lab.measure.plain import settings_of
from lab.measure.starvation import ask, tidy
from lab.model import ledger
from lab.model.connections import live_streams
from lab.model.hops import HopsSeen, LeavingSeen, ReloadSeen, WebSocketSeen
from lab.model.ledger import now_ms
from lab.model.protocols import PROTOCOLS

VISITOR, SOCKET = 800_001, 800_002
"""The numbers of the tab that looks around and is closed, and of its WebSocket. Clients have far smaller ones."""

LEAVING_S = 3.0
"""How long the ledger is watched for the end of a closed tab's stream, in seconds; as long again after an update."""

CLEAR_S = 1.0
"""How long what the visitor has left may take to end by itself, in seconds."""

CUT_S, BACK_S = 1.5, 5.0
"""After a reload: how long the ledger is watched for streams that end; and if some do, for clients that come back."""


async def look_around(context: CellContext, tab: Tab) -> HopsSeen:
    """Open one tab, and see by which protocols it and its WebSocket pass the proxy; then close it, and see when the origin
    learns of that."""
    door = context.cell.protocol
    seen = await announced(context)
    page = Page(tab, context.addresses.page(door, tab=VISITOR), context.settling)
    opening = asyncio.create_task(page.open(VISITOR))
    context.move()
    if not await context.settling.until(opening.done):
        opening.cancel()
        raise NoAnswerError("the first page did not come through the proxy")
    await opening
    negotiated = await page.script.protocol()
    websocket = await open_websocket(context, page)
    leaving = await leave(context, page)
    await clear(context)
    return msgspec.structs.replace(
        seen, front=context.route.front, negotiated=negotiated or None, websocket=websocket, leaving=leaving
    )


async def announced(context: CellContext) -> HopsSeen:
    """What the proxy announces, and the connections to it so far."""
    door = context.cell.protocol
    settings = await settings_of(context.origin, context.addresses.base(door)) if PROTOCOLS[door].multiplexed else None
    return HopsSeen(
        front=context.route.front,
        announced=(settings or {}).get("MAX_CONCURRENT_STREAMS"),
        connect=None if settings is None else bool(settings.get("ENABLE_CONNECT_PROTOCOL")),
    )


async def at_the_verdict(context: CellContext, seen: HopsSeen | None) -> HopsSeen:
    """What was seen, with the connections to the proxy so far. A search for a limit has not looked around: then with what the
    proxy announces."""
    front, met = context.route.front, context.route.met
    return msgspec.structs.replace(seen or await announced(context), front=front, met=met)


async def open_websocket(context: CellContext, page: Page) -> WebSocketSeen:
    """Let the page open a WebSocket through the proxy."""
    before = len(context.route.front)
    url = context.addresses.probe(context.cell.protocol, SOCKET, "websocket")
    asking = asyncio.create_task(ask(context, page, "websocket", url))
    context.move()
    await context.settling.until(asking.done)
    why = asking.result() if asking.done() else "nothing answered"
    served = [one for one in context.ledger.of(ledger.ProbeServed) if one.tab == SOCKET]
    rows = {row.connection: row for row in context.rows()}
    behind = next((rows[one.connection].protocol for one in served if one.connection in rows), None)
    seen = WebSocketSeen(
        passed=not why, why=why, connections=len(context.route.front) - before, behind=behind if not why else None
    )
    await tidy(context, page, asking)
    return seen


async def leave(context: CellContext, page: Page) -> LeavingSeen:
    """Close the tab while its stream is silent. If the origin does not learn of it, send it an update."""
    began = now_ms()
    await page.end(VISITOR, "tab")
    context.move()
    learned = await watch(context, LEAVING_S, lambda: visitor_ended(context, began) is not None)
    if not learned:
        await context.origin.publish()
        await watch(context, LEAVING_S, lambda: visitor_ended(context, began) is not None)
    ended = visitor_ended(context, began)
    return LeavingSeen(
        learned_ms=None if ended is None else round(ended - began, 1),
        watched_ms=round(now_ms() - began, 1),
        after_update=not learned,
    )


async def clear(context: CellContext) -> None:
    """End whatever the visitor has left at the origin, so that it takes no place of a client's: a proxy may not pass on that a
    stream or a WebSocket has ended."""
    await context.origin.end(context.cell.name, VISITOR)
    await watch(context, CLEAR_S, lambda: not left(context))
    if left(context):
        await context.origin.drop(context.cell.name, "reset")
        await context.origin.wait_for(lambda: not still_open(context))


def left(context: CellContext) -> set[int]:
    """The connections on which the visitor's WebSocket came, or its stream is open."""
    sockets = {one.connection for one in context.ledger.of(ledger.ProbeServed) if one.tab == SOCKET}
    streams = {one.connection for one in live_streams(context.rows(), now_ms()) if one.tab == VISITOR}
    return (sockets | streams) & still_open(context)


def visitor_ended(context: CellContext, since_ms: float) -> float | None:
    """When the closed tab's stream ended at the origin (ms); None if it has not."""
    streams = {one.stream for one in context.ledger.of(ledger.StreamOpened) if one.tab == VISITOR}
    ended = [one.at_ms for one in context.ledger.of(ledger.StreamClosed) if one.stream in streams]
    return ended[0] if ended and len(ended) == len(streams) else None


async def watch(context: CellContext, seconds: float, done: Callable[[], bool]) -> bool:
    """Watch the ledger until `done()` is true (returns True), `seconds` at most."""
    try:
        async with asyncio.timeout(seconds):
            await context.origin.wait_for(done)
    except TimeoutError:
        return False
    return True


async def reload(context: CellContext, seen: HopsSeen) -> HopsSeen:
    """Let the proxy read its configuration anew while clients have streams open, if it can."""
    if not context.route.can_reload:
        return seen
    began = now_ms()
    open_before = {one.stream: one.tab for one in live_streams(context.rows(), began)}
    await context.route.reload()

    def ended() -> list[int]:
        return [one.stream for one in context.ledger.of(ledger.StreamClosed) if one.stream in open_before]

    def back() -> dict[int, float]:
        cut = {open_before[stream] for stream in ended()}
        opened = [one for one in context.ledger.of(ledger.StreamOpened) if one.at_ms >= began and one.tab in cut]
        return {one.tab: round(one.at_ms - began, 1) for one in reversed(opened)}

    await watch(context, CUT_S, lambda: len(ended()) == len(open_before))
    if ended():
        await watch(context, BACK_S, lambda: len(back()) == len(open_before))
    reloaded = ReloadSeen(
        streams=len(open_before),
        ended=len(ended()),
        back_ms=tuple(sorted(back().values())),
        watched_ms=round(now_ms() - began, 1),
    )
    return msgspec.structs.replace(seen, reload=reloaded, front=context.route.front)
