"""Measures limits in the browser that visits the app: a short cell of the lab's own origin, before each prediction.

How it works. One page opens streams (or WebSockets) over the app's protocol, twice as many in each step, until one waits. The
pages and the origin's ledger must agree on the number. Then, while the pool is full, a button of the page is clicked that sends
a request, and tabs with one stream each are opened one by one, until one waits: some browsers have further connections for
navigations, and some of these for what a click sends.
"""

from __future__ import annotations

import asyncio
import time
from typing import Any, cast

from lab.browser import Browser, Visit, VisitedTab, VisitOptions
from lab.errors import HarnessFaultError
from lab.measure.activity import Activity
from lab.measure.context import Addresses, CellContext, Seen
from lab.measure.control_tab import ControlTab
from lab.measure.observe import closing, watched
from lab.measure.origin import Origin
from lab.measure.page import Page
from lab.measure.routes import ROUTES
from lab.measure.settling import Settling
from lab.measure.tabs import CellTabs
from lab.model.cell import Cell
from lab.model.connections import live_streams
from lab.model.ledger import now_ms
from lab.model.probe import LimitSeen
from lab.model.protocols import PROTOCOLS
from lab.tasks import cancel_and_wait

NAME = "probe_limits"
STREAMS, SOCKETS = "streams", "WebSockets"
TRANSPORTS = {STREAMS: "sse", SOCKETS: "websocket"}

MOST_TABS = 8
"""How many tabs are opened at most on connections beyond a limit."""

BUTTON = """() => {
  const button = document.createElement("button"), giveUp = new AbortController();
  button.style = "position: fixed; inset: 0";
  globalThis.answered = new Promise(done => {
    globalThis.giveUp = () => { giveUp.abort(); done(false) };
    button.onclick = () => fetch("/", {cache: "no-store", signal: giveUp.signal}).then(() => done(true), () => done(false));
  });
  document.body.append(button);
}"""


async def measure(
    browser: Browser, origin: Origin, protocol: str, *, what: str = STREAMS, at_most: int, allowed: int = 100
) -> LimitSeen:
    """How many streams (or WebSockets) over a protocol are live at once in this browser, up to `at_most`. `allowed`: how many
    streams the origin allows on an HTTP/2 connection.

    Raises HarnessFaultError if the pages and the ledger disagree."""
    cell = Cell(
        scenario=NAME, engine=browser.engine, protocol=protocol, transport=TRANSPORTS[what], opening="page",
        at_most=at_most, streams=allowed,
    )  # fmt: skip
    began = time.monotonic()
    ledger = await origin.begin(cell.name, cell.streams)
    async with ROUTES[cell.route].open(origin.started.doors, origin.certs) as route:
        activity, profile = Activity(origin), await browser.new_visit(VisitOptions(insecure=True))  # The certificate is ours.
        control = ControlTab(profile, origin)
        context = CellContext(
            cell=cell, case=None, origin=origin, ledger=ledger, browser=browser, route=route,
            addresses=Addresses(cell, None, route, origin.host), settling=Settling(activity, control),
        )  # fmt: skip
        tabs = CellTabs(context, Seen())
        tabs.enter(profile)
        async with closing(tabs, control), watched(activity.follow(), browser.lost()):
            control.ahead()
            await tabs.grow()
            opened = len(tabs.pages[0].clients)
            live = len(live_streams(context.rows(), now_ms()))
            await tabs.pages[0].trim()
            if len(tabs.pages[0].clients) != live:
                raise HarnessFaultError(
                    f"the limit of this browser is not known: its page says {len(tabs.pages[0].clients)}, the ledger {live}",
                    "run the probe again",
                )
            reached = opened > live
            clicks, extra = None, 0
            if reached and what == STREAMS and not PROTOCOLS[protocol].multiplexed:
                clicks = await click(context, cast("VisitedTab", tabs.pages[0].tab))  # A visit has no other tabs.
                extra = await further_tabs(context, profile, opened)
    return LimitSeen(
        protocol=protocol,
        what=what,
        opened=opened,
        live=live,
        reached=reached,
        extra=extra,
        clicks=clicks,
        allowed=cell.streams if PROTOCOLS[protocol].multiplexed else None,
        seconds=round(time.monotonic() - began, 2),
    )


async def click(context: CellContext, tab: VisitedTab) -> bool:
    """Whether a request that a click sends is answered while the pool is full."""

    async def press(page: Any) -> None:
        await page.evaluate(BUTTON)
        await page.mouse.click(1, 1)

    async def answered() -> None:
        await tab.ask("answered")
        context.move()

    await tab.act(press)
    asking = asyncio.create_task(answered())
    try:
        return await context.settling.until(asking.done)
    finally:
        if not asking.done():
            await tab.ask("giveUp()")
        await asking


async def further_tabs(context: CellContext, profile: Visit, opened: int) -> int:
    """How many tabs with a stream each still go live while the pool is full."""
    openings: list[asyncio.Task[None]] = []
    try:
        for number in range(opened + 1, opened + 1 + MOST_TABS):
            url = context.addresses.page(context.cell.protocol, tab=number)
            page = Page(await profile.new_tab(), url, context.settling)
            openings.append(asyncio.create_task(page.open(number)))
            context.move()
            if not await context.settling.until(openings[-1].done):
                return len(openings) - 1
        return len(openings)
    finally:
        for one in openings:
            await cancel_and_wait(one)
