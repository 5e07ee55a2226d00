"""What else a page does, tried one thing after the other while the streams are held: it passes, waits, or fails."""

from __future__ import annotations

import asyncio
import json

from lab.errors import HarnessFaultError
from lab.measure.openers import Addresses
from lab.measure.origin import Origin
from lab.measure.page import Page
from lab.measure.settling import Settling
from lab.model import ledger
from lab.model.cell import Cell
from lab.model.connections import stream_ended
from lab.model.ledger import now_ms
from lab.model.starvation import ProbeSeen
from lab.tasks import cancel_and_wait

KINDS = ("fetch", "xhr", "image", "script", "beacon", "websocket", "navigation")
"""What lab.probe in page.js can do."""

SAME, CROSS = "same-origin", "cross-origin"
FIRST = 900_001  # Probes are numbered from here, far from the clients.


class Probing:
    """Tries everything from `page`, where the streams are held, and then from the `other` one, of the same site but another
    origin: the second door."""

    def __init__(self, cell: Cell, origin: Origin, start: int, at: Addresses, page: Page, other: Page, still: Settling) -> None:
        self._cell = cell
        self._origin = origin
        self._start = start
        self._at = at
        self._page = page
        self._other = other
        self._still = still
        self._tried = 0

    async def all(self) -> list[ProbeSeen]:
        pages = ((SAME, self._page), (CROSS, self._other))
        return [await self._try(kind, where, page) for where, page in pages for kind in KINDS]

    async def _try(self, kind: str, where: str, page: Page) -> ProbeSeen:
        number = FIRST + self._tried
        self._tried += 1
        url = self._at.base(self._cell.protocol) + f"/probe?cell={self._cell.name}&tab={number}&kind={kind}"
        began = now_ms()
        asking = asyncio.create_task(self._ask(page, kind, url))
        self._still.watch.move()
        try:
            if not await self._still.until(lambda: bool(self._arrived(number) or failed(asking))):
                return await self._after_release(kind, where, number, page, asking)
            if not self._arrived(number):
                return ProbeSeen(kind, where, "failed", note=failed(asking))
            at_ms = self._arrived(number)[0]
            return ProbeSeen(kind, where, "passed", took_ms=round(at_ms - began, 1), arrived_ms=at_ms)
        finally:
            await self._tidy(page, asking)

    async def _ask(self, page: Page, kind: str, url: str) -> str:
        """Nothing, or what the page says of its failing."""
        try:
            return str(await page.tab.ask(f"lab.probe({json.dumps(kind)}, {json.dumps(url)})"))
        except HarnessFaultError as error:
            return error.message
        finally:
            self._still.watch.move()

    async def _tidy(self, page: Page, asking: asyncio.Task[str]) -> None:
        """Once the page has its answer too: a WebSocket that is closed before it knows that it is open lingers in Firefox."""
        await self._still.quietly(asking.done)
        await cancel_and_wait(asking)
        await page.tab.ask("lab.tidy()")

    async def _after_release(self, kind: str, where: str, number: int, page: Page, asking: asyncio.Task[str]) -> ProbeSeen:
        """It waits: end one held stream, see it come, and hold another stream in the place it leaves."""
        victim = min(self._page.clients)
        asked_ms = now_ms()
        await self._page.end(victim, "page")
        del self._page.clients[victim]
        self._still.watch.move()
        came = await self._still.until(lambda: bool(self._arrived(number)))
        await self._tidy(page, asking)
        events = self._origin.events[self._start :]
        ended_ms = stream_ended(events, self._cell.name, victim, asked_ms) or asked_ms
        at_ms = self._arrived(number)[0] if came else None
        another = max(self._page.clients) + 1
        again = asyncio.create_task(self._page.add("add", another, 1, base=self._at.base(self._cell.protocol)))
        self._still.watch.move()
        if not await self._still.until(again.done):
            await cancel_and_wait(again)
            raise HarnessFaultError(f"after the probe {kind} the pool could not be filled again")
        again.result()
        after_ms = round(at_ms - ended_ms, 1) if at_ms is not None else None
        note = None if came else "it did not come when a place was free"
        return ProbeSeen(kind, where, "waited", after_release_ms=after_ms, arrived_ms=at_ms, note=note)

    def _arrived(self, number: int) -> list[float]:
        """When the origin saw it: a list of one moment, or an empty one."""
        events = self._origin.events[self._start :]
        served = (event for event in events if isinstance(event, ledger.ProbeServed))
        return [event.at_ms for event in served if (event.cell, event.tab) == (self._cell.name, number)][:1]


def failed(asking: asyncio.Task[str]) -> str:
    """Why it failed; nothing while it has not. That it passed, the ledger says: of a beacon no page can know."""
    return asking.result() if asking.done() else ""
