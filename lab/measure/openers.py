"""How clients are opened: one opener for each way in lab/openings.py, all begun by the same verb."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol
from urllib.parse import urlencode

from lab.browser import Tab
from lab.errors import HarnessFaultError
from lab.measure.origin import Origin
from lab.measure.page import Page
from lab.measure.settling import Settling
from lab.model.cell import AnyCase, Cell
from lab.model.drops import Drop
from lab.model.openings import OPENINGS
from lab.model.protocols import CONTROL
from lab.transports.sse import SILENT


class Opener(Protocol):
    """`pages` are the browser tabs it has opened; `ways` how a client of it can be ended."""

    pages: list[Page]
    ways: tuple[str, ...]

    async def begin(self, first: int, count: int) -> list[asyncio.Task[None]]:
        """Begin so many clients; a task for each opening, which ends when its clients are decided."""


class Addresses:
    """The addresses of one cell's pages and streams."""

    def __init__(self, cell: Cell, origin: Origin, case: AnyCase | None) -> None:
        self._origin = origin
        self._fields: dict[str, str | int] = {"cell": cell.name, "transport": cell.transport}
        if cell.interval_ms:
            self._fields["interval"] = cell.interval_ms
        if isinstance(case, Drop):
            self._fields["retry"] = SILENT if case.retry is None else case.retry

    def page(self, door: str, host: str = "", **query: str | int) -> str:
        return self._origin.url(door, f"/tab?{urlencode({**self._fields, **query}, safe='{}')}", host)

    def payload(self, name: str) -> str:
        """Where a page asks for a payload: a path of its own origin."""
        return f"/payload?{urlencode({**self._fields, 'tab': 1, 'name': name})}"

    def base(self, door: str, host: str = "") -> str:
        return self._origin.url(door, "", host)


Tabs = Callable[[], Awaitable[Tab]]


class TabsOpener:
    """A tab for each client; of the measured origin itself, or of another one that asks the measured one."""

    def __init__(self, cell: Cell, at: Addresses, new_tab: Tabs, still: Settling) -> None:
        self.pages: list[Page] = []
        self.ways: tuple[str, ...] = ("page", "origin", "tab")
        self._cell = cell
        self._at = at
        self._new_tab = new_tab
        self._still = still

    def _url(self, number: int) -> str:
        if self._cell.opened == "cross-tabs":
            return self._at.page(CONTROL.name, tab=number, base=self._at.base(self._cell.protocol))
        return self._at.page(self._cell.protocol, tab=number)

    async def begin(self, first: int, count: int) -> list[asyncio.Task[None]]:
        openings = []
        for number in range(first, first + count):
            page = Page(await self._new_tab(), self._url(number), self._still)
            self.pages.append(page)
            openings.append(asyncio.create_task(page.open(number)))
            self._still.watch.move()
        return openings


class PageOpener:
    """All clients in one page: as streams, in frames, or each asking a host of its own."""

    def __init__(self, cell: Cell, at: Addresses, new_tab: Tabs, still: Settling) -> None:
        self.pages: list[Page] = []
        self.ways: tuple[str, ...] = ("page", "origin", "tab") if cell.opened == "frames" else ("page", "origin")
        self._new_tab = new_tab
        self._still = still
        door = cell.protocol
        if cell.opened == "frames":
            self._url, self._verb, self._how = at.page(door), "frames", {"url": f"{at.page(door)}&tab={{n}}"}
        elif cell.opened == "hosts":
            self._url, self._verb, self._how = at.page(CONTROL.name), "add", {"base": at.base(door, "h{n}.localhost")}
        else:
            self._url, self._verb, self._how = at.page(door), "add", {"base": at.base(door)}

    async def load(self) -> None:
        """The page itself, while there is room for it."""
        page = Page(await self._new_tab(), self._url, self._still)
        self.pages.append(page)
        await page.open()
        if page.failed:
            raise HarnessFaultError(f"the page for all clients did not load: {page.failed}")

    async def begin(self, first: int, count: int) -> list[asyncio.Task[None]]:
        if not self.pages:
            await self.load()
        return [asyncio.create_task(self.pages[0].add(self._verb, first, count, **self._how))]


def opener(cell: Cell, at: Addresses, new_tab: Tabs, still: Settling) -> Opener:
    if OPENINGS[cell.opened].doubling:
        return PageOpener(cell, at, new_tab, still)
    return TabsOpener(cell, at, new_tab, still)
