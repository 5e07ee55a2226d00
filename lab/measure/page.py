"""A browser tab with a page of the lab, and the state of the clients in it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from lab.browser import PageScriptError, Tab
from lab.errors import HarnessFaultError
from lab.measure.page_script import ClientReport, LabScript, PageScript
from lab.measure.settling import Settling
from lab.model.ledger import now_ms
from lab.model.observation import ClientSeen
from lab.tasks import cancel_and_wait


class Page:
    """One tab with a page of the lab. `clients` maps the number of each client in it to the moment it was begun (ms). `failed`
    is the browser's message if the navigation failed.

    A page is asked only once its document has loaded: until then Chromium holds back every DevTools command to it. So a page
    without a document is known by its navigation, which has not ended.
    """

    def __init__(self, tab: Tab, url: str, settling: Settling) -> None:
        self.tab = tab
        self.script: PageScript = LabScript(tab)
        self.url = url
        self.clients: dict[int, float] = {}
        self.loaded = False
        self.closed = False
        self.opening_ms: float | None = None
        self.failed: str | None = None
        self._settling = settling

    def __repr__(self) -> str:
        return f"<Page of {len(self.clients)} clients, {self.failed or ('loaded' if self.loaded else 'opening')}>"

    async def open(self, client: int | None = None) -> None:
        """Navigate, however long that takes, and wait until the page's clients are decided: live, or failed for good. `client`
        is the number of the client, if the page belongs to one."""
        began = now_ms()
        if client is not None:
            self.clients[client] = began
        try:
            await self.tab.open(self.url)
            self.loaded = True
            self._settling.attend(self.script)
            self._settling.activity.move()
            await self.script.decided()
            self.opening_ms = now_ms() - began
            if client is not None:
                self._settling.opened_in(self.opening_ms)
        except PageScriptError:  # A fault of the lab: it must not pass for a page that the browser could not load.
            raise
        except HarnessFaultError as error:
            self.failed = error.message
        self._settling.activity.move()

    async def add(self, first: int, count: int, begin: Callable[[PageScript], Awaitable[None]]) -> None:
        """Begin `count` more clients in the page, numbered from `first`, by a method of its script; wait until all clients of
        the page are decided."""
        began = now_ms()
        self.clients |= dict.fromkeys(range(first, first + count), began)
        await begin(self.script)
        self._settling.opened_in((now_ms() - began) / count)  # Of many that open at once, each is a move.
        self._settling.activity.move()

    async def trim(self) -> None:
        """Close the clients that wait: the limit stays reached, and no client waits for it."""
        self.clients = {number: self.clients[number] for number in await self.script.trim()}

    async def failures(self) -> int:
        """How many of the page's clients have failed for good."""
        return await self.script.failures() if self.loaded else int(self.failed is not None)

    async def seen(self, reached: int | None = None) -> list[ClientSeen]:
        """What each client of the page reports. Without `reached` a client is live if it received one more update when asked;
        with it, if it has received update number `reached`."""
        if not self.loaded:
            errors = (self.failed,) if self.failed else ()
            return [ClientSeen(one, document=False, live=False, begun_ms=at, errors=errors) for one, at in self.clients.items()]
        return [self._seen(report, reached) for report in await self.script.report() if not report.closed]

    def _seen(self, report: ClientReport, reached: int | None) -> ClientSeen:
        begun_ms = self.clients[report.tab]
        if not report.document:
            return ClientSeen(report.tab, document=False, live=False, begun_ms=begun_ms)
        opening_ms = None
        if report.first_at is not None:
            alone = len(self.clients) == 1 and self.opening_ms
            opening_ms = self.opening_ms if alone else report.first_at - report.begun_at
        return ClientSeen(
            report.tab,
            document=True,
            live=report.live if reached is None else (report.last_seq or 0) >= reached,
            received=report.received,
            repeated=report.repeated,
            skipped=report.skipped,
            begun_ms=begun_ms,
            opening_ms=opening_ms,
            errors=report.errors,
            failed=report.failed,
        )

    async def end(self, client: int, how: str) -> None:
        """End one client: `page` closes its stream, `tab` closes the tab or frame that it is in."""
        if how == "page":
            await self.script.close(client)
        elif len(self.clients) == 1:
            self._settling.leave(self.script)
            self.closed = True
            await self.tab.close()
            self.loaded = False
        else:
            await self.script.remove(client)


async def ask_for_update(
    pages: Sequence[Page], settling: Settling, publish: Callable[[], Awaitable[None]], interval_ms: int | None
) -> None:
    """Ask the clients of every loaded page for one more update, and `publish` one. Returns when all have it, or when a live
    client that polls every `interval_ms` would have it."""
    asked = [asyncio.create_task(page.script.next()) for page in pages if page.loaded]
    everyone: asyncio.Future[Any] = asyncio.gather(*asked, return_exceptions=True)
    patience = asyncio.create_task(settling.patience(interval_ms))
    try:
        await settling.pages_responsive()  # By now each page has been asked.
        await publish()
        await asyncio.wait([everyone, patience], return_when=asyncio.FIRST_COMPLETED)
        if patience.done():
            patience.result()
    finally:
        for task in asked:
            task.cancel()
        await asyncio.wait([everyone])
        await cancel_and_wait(patience)
