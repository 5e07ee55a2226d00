"""A browser tab and the clients in it, as far as they have come."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

from lab.browser import Tab
from lab.errors import HarnessFaultError
from lab.measure.settling import Settling
from lab.model.ledger import now_ms
from lab.model.observation import ClientSeen


class Page:
    """`clients` are the numbers of those in it, with the moment each was begun. `failed` is what the browser said when its
    navigation failed.

    A page is asked only once its document has loaded: until its navigation commits, Chromium holds back every DevTools command
    to it.
    """

    def __init__(self, tab: Tab, url: str, still: Settling) -> None:
        self.tab = tab
        self.url = url
        self.clients: dict[int, float] = {}
        self.loaded = False
        self.opening_ms: float | None = None
        self.failed: str | None = None
        self._still = still

    def __repr__(self) -> str:
        return f"<Page of {len(self.clients)} clients, {self.failed or ('loaded' if self.loaded else 'opening')}>"

    async def open(self, client: int | None = None) -> None:
        """Navigate, however long that takes; and when the page is one client's own, until that one is decided."""
        began = now_ms()
        if client is not None:
            self.clients[client] = began
        try:
            await self.tab.open(self.url)
            self.loaded = True
            self._still.attend(self.tab)
            self._still.watch.move()
            await self.tab.ask("lab.decided()")
            self.opening_ms = now_ms() - began
            if client is not None:
                self._still.opened_in(self.opening_ms)
        except HarnessFaultError as error:
            self.failed = error.message
        self._still.watch.move()

    async def add(self, verb: str, first: int, count: int, **how: str) -> None:
        """Begin more clients in it, by `verb` of the page's own (`add` or `frames`), until all of the page are decided."""
        began = now_ms()
        self.clients |= dict.fromkeys(range(first, first + count), began)
        await self.tab.ask(f"lab.{verb}({json.dumps({'first': first, 'count': count, **how})})")
        self._still.opened_in((now_ms() - began) / count)  # Where many open at once, one after the other moves.
        self._still.watch.move()

    async def trim(self) -> None:
        """Close those who wait, so that the wall is reached and nobody stands before it."""
        kept = await self.tab.ask("lab.trim()")
        self.clients = {number: self.clients[number] for number in kept}

    async def failures(self) -> int:
        return int(await self.tab.ask("lab.failures()")) if self.loaded else int(self.failed is not None)

    async def next(self) -> None:
        """Ask all who ever received something to receive another update."""
        await self.tab.ask("lab.next()")

    async def seen(self, reached: int | None = None) -> list[ClientSeen]:
        """What each client in it tells; live is who received an update when asked or, instead, has `reached` that one."""
        if not self.loaded:
            errors = (self.failed,) if self.failed else ()
            return [ClientSeen(one, document=False, live=False, begun_ms=at, errors=errors) for one, at in self.clients.items()]
        reports = await self.tab.ask("lab.report()")
        return [self._seen(report, reached) for report in reports if not report.get("closed")]

    def _seen(self, report: dict[str, Any], reached: int | None) -> ClientSeen:
        number, begun_ms = report["tab"], self.clients[report["tab"]]
        if not report["document"]:
            return ClientSeen(number, document=False, live=False, begun_ms=begun_ms)
        opening_ms = None
        if report["firstAt"] is not None:
            opening_ms = (
                self.opening_ms if len(self.clients) == 1 and self.opening_ms else report["firstAt"] - report["begunAt"]
            )
        return ClientSeen(
            number,
            document=True,
            live=report["live"] if reached is None else (report["lastSeq"] or 0) >= reached,
            received=report["received"],
            repeated=report["repeated"],
            skipped=report["skipped"],
            begun_ms=begun_ms,
            opening_ms=opening_ms,
            errors=tuple(report["errors"]),
            failed=report["failed"],
        )

    async def end(self, client: int, way: str) -> None:
        """End one client: `page` closes its stream, `tab` closes what it is in."""
        if way == "page":
            await self.tab.ask(f"lab.close({client})")
        elif len(self.clients) == 1:
            self._still.leave(self.tab)
            await self.tab.close()
            self.loaded = False
        else:
            await self.tab.ask(f"lab.remove({client})")


async def all_asked(
    pages: list[Page], still: Settling, patience: asyncio.Task[None], publish: Callable[[], Awaitable[object]]
) -> None:
    """Ask the clients of every loaded page for another update, `publish` one, and return when all have it or patience ends."""
    asked = [asyncio.create_task(page.next()) for page in pages if page.loaded]
    everyone: asyncio.Future[Any] = asyncio.gather(*asked, return_exceptions=True)
    try:
        await still.caught_up()  # By now each page has been asked.
        await publish()
        await asyncio.wait([everyone, patience], return_when=asyncio.FIRST_COMPLETED)
        if patience.done():
            patience.result()
    finally:
        for task in asked:
            task.cancel()
        await asyncio.wait(asked or [everyone])
