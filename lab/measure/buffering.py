"""Buffering: the same short stream is read by a page and by the plain client, with a browser's Accept-Encoding and with
`identity`, and by both once more directly, without the proxy. All at the same time: what a reader loses through the proxy and
not directly, is the proxy's doing and not the machine's.
"""

from __future__ import annotations

import asyncio
from functools import partial

import msgspec

from lab.browser import Tab
from lab.errors import NoAnswerError
from lab.measure import clock_offset
from lab.measure.clock_offset import Offset
from lab.measure.context import CellContext
from lab.measure.page import Page
from lab.measure.page_script import Dripped
from lab.measure.plain import PlainReading, read
from lab.model.buffering import App, BufferingSeen, Reading
from lab.model.ledger import StreamOpened
from lab.model.observation import ClientSeen
from lab.model.protocols import PROTOCOLS
from lab.model.wire import BROWSER, IDENTITY

EVENTS, INTERVAL_MS, LEAD_MS = 20, 100, 400
"""How many events, the time between them, and the pause before the first, in ms."""

LATEST_S = 10.0
"""Watchdog: how long after its end a stream may still be held back, in seconds."""

PAGE, AS_BROWSER, PLAIN, DIRECT, PAGE_DIRECT = (
    "page", "plain client (as a browser asks)", "plain client (identity)", "direct", "page, direct",
)  # fmt: skip
"""The names of the readers. Each is the client of its place, from 1."""

CORS = ("Access-Control-Allow-Origin", "*")
"""Lets the page, which came through the proxy, read a stream from the origin's own port."""


async def drip_all(context: CellContext, tab: Tab, app: App) -> tuple[BufferingSeen, tuple[ClientSeen, ...]]:
    """Read the stream in every way. Returns what each reader received, and the page as the cell's one client."""
    page = Page(tab, context.addresses.page(context.cell.protocol), context.settling)
    await page.open()
    if page.failed:
        raise NoAnswerError(f"the page did not come through the proxy: {page.failed}")
    before = await clock_offset.offset(page.script)
    seconds = (LEAD_MS + EVENTS * INTERVAL_MS) / 1000 + LATEST_S
    plain = partial(read, context.origin, seconds=seconds, multiplexed=PROTOCOLS[context.cell.protocol].multiplexed)
    in_page, page_direct, *others = await asyncio.gather(
        by_page(page, url(context, app, 1), seconds),
        by_page(page, url(context, app, 5, direct=True), seconds),
        plain(url(context, app, 2), BROWSER),
        plain(url(context, app, 3), IDENTITY),
        plain(url(context, app, 4, direct=True), IDENTITY),
    )
    offset = clock_offset.between(before, await clock_offset.offset(page.script))
    readings = [from_page(context, PAGE, 1, in_page, offset)]
    for number, (name, one) in enumerate(zip((AS_BROWSER, PLAIN, DIRECT), others, strict=True), start=2):
        readings.append(from_plain(context, name, number, one))
    readings.append(from_page(context, PAGE_DIRECT, 5, page_direct, offset))
    got = len(readings[0].late_ms)
    client = ClientSeen(1, document=True, live=got == EVENTS, received=got, begun_ms=opened_ms(context, 1))
    return BufferingSeen(
        lead_ms=LEAD_MS, interval_ms=INTERVAL_MS, events=EVENTS, clocks_ms=round(offset.within_ms, 2), readings=tuple(readings)
    ), (client,)


def url(context: CellContext, app: App, number: int, *, direct: bool = False) -> str:
    """The URL of the stream for one reader; `direct`: at the origin's own port."""
    query: dict[str, str | int] = {"events": EVENTS, "interval": INTERVAL_MS, "lead": LEAD_MS}
    query |= {"comment": 1} if app.comment else {}
    query |= {"padding": app.padding} if app.padding else {}
    fields = [*app.fields, CORS] if direct else [*app.fields]
    query |= {"fields": ";".join(f"{name}:{value}" for name, value in fields)} if fields else {}
    proxied = context.addresses.drip(context.cell.protocol, number, **query)
    if not direct:
        return proxied
    base = context.addresses.base(context.cell.protocol)
    return context.origin.url(context.cell.protocol, proxied.removeprefix(base))


async def by_page(page: Page, url: str, seconds: float) -> Dripped:
    """What the page received; after the watchdog's time, nothing."""
    try:
        async with asyncio.timeout(seconds):
            return await page.script.drip(url, EVENTS)
    except TimeoutError:
        return Dripped(asked=0.0, opened=None, events=(), error=f"the stream had not ended after {seconds:.0f} s")


def opened_ms(context: CellContext, number: int) -> float | None:
    """When the first request of a reader reached the origin (ms); None if it did not."""
    opened = [one.at_ms for one in context.ledger.of(StreamOpened) if one.tab == number]
    return opened[0] if opened else None


def from_page(context: CellContext, name: str, number: int, seen: Dripped, offset: Offset) -> Reading:
    """A reading of the page, in the origin's time."""
    began = opened_ms(context, number)
    head = None if seen.opened is None or began is None else round(seen.opened + offset.ms - began, 1)
    late = tuple(round(when + offset.ms - sent, 1) for _, sent, when in seen.events)
    return Reading(reader=name, head_ms=head, late_ms=late, error=seen.error if len(seen.events) < EVENTS else None)


def from_plain(context: CellContext, name: str, number: int, seen: PlainReading) -> Reading:
    """The plain client's reading."""
    began = opened_ms(context, number)
    late = tuple(round(at - stamp(data), 1) for at, data in seen.events)
    return Reading(
        reader=name,
        head_ms=None if seen.head_ms is None or began is None else round(seen.head_ms - began, 1),
        late_ms=late,
        coding=seen.coding,
        http=seen.http,
        reads=seen.reads,
        error=seen.error,
    )


def stamp(data: bytes) -> float:
    """The moment at which an event was sent (ms)."""
    return float(msgspec.json.decode(data)["at_ms"])
