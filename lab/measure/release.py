"""The release proof: one live stream is ended, and who waited comes in its place. It turns "did not open" into "was waiting
for this very place"."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from lab.browser import Browser
from lab.measure.openers import Opener
from lab.measure.origin import Origin
from lab.measure.page import Page
from lab.measure.settling import Settling
from lab.model import ledger
from lab.model.browsers import HeldRequest
from lab.model.cell import Cell
from lab.model.connections import arrivals, connections_of, live_streams, most_streams, stream_ended
from lab.model.ledger import AnyEvent, now_ms
from lab.model.observation import Arrival, ClientSeen, Release


class Ended:
    """One release as it was begun: whom, how and when."""

    def __init__(self, client: int, way: str, at_ms: float, waiting: Sequence[int]) -> None:
        self.client = client
        self.way = way
        self.at_ms = at_ms
        self.waiting = tuple(waiting)
        self.held: tuple[HeldRequest, ...] = ()


class Proof:
    def __init__(self, cell: Cell, origin: Origin, start: int, browser: Browser, still: Settling) -> None:
        self._cell = cell
        self._browser = browser
        self._origin = origin
        self._start = start
        self._still = still

    async def releases(self, openers: Sequence[Opener], seen: Sequence[ClientSeen]) -> tuple[Release, ...]:
        """End one live stream in each way that there is, one after the other, each time with somebody waiting.

        Before that, who takes turns at the places has come to rest, and who just got its document has asked for its stream:
        Firefox gives a connection that fell idle before anybody asked for it to none of them later.

        A control opening runs to its end afterwards: time enough for one too many to come, which would show that they were not
        waiting for these places at all.
        """
        pages = {client: page for one in openers for page in one.pages for client in page.clients}
        failed = [tab.tab for tab in seen if tab.failed]
        ended: list[Ended] = []
        for way in openers[-1].ways:
            if not ended or self._documents_since(ended[-1].at_ms):
                await self._still.quietly(lambda: False)
            holding = self._holding()
            last = [tab for tab in holding if any(tab in page.clients for page in openers[-1].pages)]
            waiting = [tab.tab for tab in seen if tab.tab not in {*holding, *failed, *(one.client for one in ended)}]
            waiting = [tab for tab in waiting if not self._came(tab, ended)]
            if not holding or not (waiting or failed):
                break
            victim = (last or holding)[0]
            one = Ended(victim, way, now_ms(), waiting or failed)
            ended.append(one)
            await self._end(victim, way, pages[victim])
            self._still.watch.move()
            if not waiting:
                await self._try_again(failed, pages)
                break
            if not await self._still.until(lambda one=one: bool(self._arrivals(one))):  # type: ignore[misc]  # mypy 10684
                log = await self._browser.account(self._cell.name)
                one.held = log.held if log else ()
                break
        if ended:
            await asyncio.shield(self._still.control.begin())
        nexts = [*ended[1:], None]
        return tuple(self._release(one, after) for one, after in zip(ended, nexts[: len(ended)], strict=True))

    async def _end(self, client: int, way: str, page: Page) -> None:
        if way == "origin":
            await self._origin.control("POST", f"/control/end?cell={self._cell.name}&tab={client}")
        else:
            await page.end(client, way)

    async def _try_again(self, failed: Sequence[int], pages: dict[int, Page]) -> None:
        """Those whom the browser refused don't wait: they must ask again. There is one place for two of them."""
        await self._still.quietly(lambda: False)  # The one who was ended is gone.
        for client in failed[:2]:
            await pages[client].tab.ask(f"lab.again({client})")

    def _events(self) -> list[AnyEvent]:
        return self._origin.events[self._start :]

    def _holding(self) -> list[int]:
        return sorted({one.tab for one in live_streams(connections_of(self._events(), self._cell.name), now_ms())})

    def _documents_since(self, at_ms: float) -> bool:
        events = self._events()
        return any(
            isinstance(one, ledger.DocumentServed) and one.cell == self._cell.name for one in events if one.at_ms >= at_ms
        )

    def _arrivals(self, one: Ended) -> tuple[ledger.StreamOpened, ...]:
        return arrivals(self._events(), self._cell.name, one.waiting, one.at_ms)

    def _came(self, client: int, ended: Sequence[Ended]) -> bool:
        """Whether it came in before: who takes turns is not waiting as those are who never had one."""
        return bool(ended) and bool(arrivals(self._events(), self._cell.name, (client,), ended[0].at_ms))

    def _release(self, one: Ended, after: Ended | None) -> Release:
        """The release as the ledger tells it: when the stream ended, and who came until the next one."""
        events = self._events()
        ended_ms = stream_ended(events, self._cell.name, one.client, one.at_ms) or one.at_ms
        until = after.at_ms if after else now_ms()
        rows = connections_of(events, self._cell.name)
        opened = {row.connection: row.opened_ms for row in rows}
        arrived = tuple(
            Arrival(come.tab, come.at_ms - ended_ms, come.connection, opened.get(come.connection, 0.0) < one.at_ms)
            for come in self._arrivals(one)
            if come.at_ms < until
        )
        most = most_streams(rows, ended_ms, until)
        return Release(one.client, one.way, ended_ms, one.waiting, arrived, most, one.held)
