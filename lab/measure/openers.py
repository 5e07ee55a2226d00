"""Openers: one for each row of lab/model/openings.py. An opener begins clients (tabs, frames, streams of a page) by `begin`."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Protocol

from lab.browser import Tab
from lab.errors import HarnessFaultError
from lab.measure.context import CellContext
from lab.measure.page import Page
from lab.measure.page_script import PageScript
from lab.model.openings import OPENINGS
from lab.model.protocols import CONTROL

NewTab = Callable[[], Awaitable[Tab]]
Begin = Callable[[PageScript, int, int], Awaitable[None]]
"""A function that begins `count` clients, numbered from `first`, by a page's script: (script, first, count)."""

EVERY_END = ("page", "origin", "tab")
STREAM_ENDS = ("page", "origin")


class Opener(Protocol):
    """The contract. `pages` are the browser tabs that it has opened. `ends` are the ways in which its clients can be ended:
    page, origin or tab."""

    @property
    def pages(self) -> list[Page]: ...
    @property
    def ends(self) -> tuple[str, ...]: ...
    async def begin(self, first: int, count: int) -> list[asyncio.Task[None]]:
        """Begin `count` clients, numbered from `first`. Returns a task for each opening, which ends when its clients are
        decided: live, or failed for good."""


class TabsOpener:
    """Opens a tab for each client, with the page at `url(number)`."""

    def __init__(self, context: CellContext, new_tab: NewTab, url: Callable[[int], str]) -> None:
        self.pages: list[Page] = []
        self.ends: tuple[str, ...] = EVERY_END
        self._context = context
        self._new_tab = new_tab
        self._url = url

    async def begin(self, first: int, count: int) -> list[asyncio.Task[None]]:
        openings = []
        for number in range(first, first + count):
            page = Page(await self._new_tab(), self._url(number), self._context.settling)
            self.pages.append(page)
            openings.append(asyncio.create_task(page.open(number)))
            self._context.move()
        return openings


class PageOpener:
    """Opens one page at `url`, and begins all clients in it by `begin`."""

    def __init__(
        self, context: CellContext, new_tab: NewTab, url: str, begin: Begin, ends: tuple[str, ...] = STREAM_ENDS
    ) -> None:
        self.pages: list[Page] = []
        self.ends = ends
        self._context = context
        self._new_tab = new_tab
        self._url = url
        self._begin = begin

    async def load(self) -> None:
        """Load the page itself, before its clients take every connection. Raises HarnessFaultError if it does not load."""
        page = Page(await self._new_tab(), self._url, self._context.settling)
        self.pages.append(page)
        await page.open()
        if page.failed:
            raise HarnessFaultError(f"the page for all clients did not load: {page.failed}")

    async def begin(self, first: int, count: int) -> list[asyncio.Task[None]]:
        if not self.pages:
            await self.load()
        return [asyncio.create_task(self.pages[0].add(first, count, partial(self._lot, first, count)))]

    async def _lot(self, first: int, count: int, script: PageScript) -> None:
        await self._begin(script, first, count)


def in_page(base: str, credentials: str = "same-origin") -> Begin:
    """A `Begin` for streams of one page to the origin `base`, in which `{n}` is the client's number."""

    async def begin(script: PageScript, first: int, count: int) -> None:
        await script.add(first=first, count=count, base=base, credentials=credentials)

    return begin


def in_frames(url: str) -> Begin:
    """A `Begin` for a frame for each client, loaded from `url`, in which `{n}` is the client's number."""

    async def begin(script: PageScript, first: int, count: int) -> None:
        await script.frames(first=first, count=count, url=url)

    return begin


def tabs(context: CellContext, new_tab: NewTab) -> Opener:
    """An opener for tabs of the measured origin itself."""
    at, door = context.addresses, context.cell.protocol
    return TabsOpener(context, new_tab, lambda number: at.page(door, tab=number))


def cross_tabs(context: CellContext, new_tab: NewTab) -> Opener:
    """An opener for tabs of another origin (the control door's), which send requests to the measured one."""
    at, base = context.addresses, context.addresses.base(context.cell.protocol)
    return TabsOpener(context, new_tab, lambda number: at.page(CONTROL.name, tab=number, base=base))


def frames(context: CellContext, new_tab: NewTab) -> Opener:
    """An opener for one page of the measured origin, with a frame for each client."""
    url = context.addresses.page(context.cell.protocol)
    return PageOpener(context, new_tab, url, in_frames(f"{url}&tab={{n}}"), EVERY_END)


def page(context: CellContext, new_tab: NewTab) -> Opener:
    """An opener for one page of the measured origin, with all clients in it."""
    at, door = context.addresses, context.cell.protocol
    return PageOpener(context, new_tab, at.page(door), in_page(at.base(door)))


def hosts(context: CellContext, new_tab: NewTab) -> Opener:
    """An opener for one page of the control door, in which each client sends its request to another host."""
    at = context.addresses
    base = at.base(context.cell.protocol, "h{n}.localhost")
    return PageOpener(context, new_tab, at.page(CONTROL.name), in_page(base))


OPENERS: dict[str, Callable[[CellContext, NewTab], Opener]] = {
    "tabs": tabs, "cross-tabs": cross_tabs, "frames": frames, "page": page, "hosts": hosts
}  # fmt: skip
"""The function that makes an opener, by the name of the opening: a row for each of lab/model/openings.py."""


def opener(context: CellContext, new_tab: NewTab) -> Opener:
    """The opener of a cell. Raises HarnessFaultError for an opening without one."""
    try:
        return OPENERS[context.cell.opening](context, new_tab)
    except KeyError as error:
        known = ", ".join(OPENINGS)
        raise HarnessFaultError(f"no opener for the opening {context.cell.opening!r}; known are {known}") from error
