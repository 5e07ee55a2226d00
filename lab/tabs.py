"""The tabs of one cell: opens them, asks them, and proves what the waiting ones wait for."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlencode

from lab import ledger
from lab.browser import Browser, Profile, Tab
from lab.errors import HarnessFaultError, LabError
from lab.ledger import now_ms
from lab.observation import Arrival, BrowserLog, Release, TabSeen
from lab.origin_client import Origin
from lab.scenario import Cell
from lab.stillness import Control, Stillness, Watch, dropped

AHEAD = 1  # Blank tabs made in advance, so that making a tab and opening its page overlap.
LIVE_UPDATES = 3  # A live tab has an update in hand before the control tab has had this many.

ASK_LIVE = "lab.next().then(() => lab.report())"
ASK_NOW = "lab.report()"


class OpenTab:
    """One tab and how far it has come. `failed` is what the browser said when its navigation failed.

    A page is asked only once its document has loaded: until its navigation commits, Chromium holds back every DevTools
    command to it.
    """

    def __init__(self, number: int, tab: Tab) -> None:
        self.number = number
        self.tab = tab
        self.begun_ms: float | None = None
        self.loaded = False
        self.opening_ms: float | None = None
        self.failed: str | None = None

    def __repr__(self) -> str:
        return f"<OpenTab {self.number} {'live' if self.live else self.failed or 'opening'}>"

    @property
    def live(self) -> bool:
        return self.opening_ms is not None

    @property
    def decided(self) -> bool:
        return self.live or self.failed is not None

    async def open(self, url: str, still: Stillness) -> None:
        """Navigate and wait for the first live update, however long that takes."""
        self.begun_ms = began = now_ms()
        try:
            await self.tab.open(url)
            self.loaded = True
            still.watch.move()
            await self.tab.ask("lab.first()")
            self.opening_ms = now_ms() - began
            still.opened_in(self.opening_ms)
        except HarnessFaultError as error:
            self.failed = error.message
        still.watch.move()


class CellTabs:
    """lab.scenario.Tabs, for one cell. What it saw is in its public fields afterwards, named as in Observation."""

    def __init__(self, cell: Cell, origin: Origin, start: int, browser: Browser, profile: Profile, still: Stillness) -> None:
        self.seen: tuple[TabSeen, ...] = ()
        self.release: Release | None = None
        self.settled_ms: float | None = None
        self.quiet_ms: float | None = None
        self.controls = 0
        self.browser_log: BrowserLog | None = None
        self._cell = cell
        self._origin = origin
        self._start = start
        self._browser = browser
        self._profile = profile
        self._still = still
        self._tabs: list[OpenTab] = []
        self._openings: list[asyncio.Task[None]] = []
        self._blank: asyncio.Queue[Tab] = asyncio.Queue()
        self._may_make = asyncio.Semaphore(AHEAD)

    async def open_one_by_one(self) -> None:
        """Begin each tab's navigation when all before it are live. While one is held back the rest are begun at once: the
        same wall holds them all, or `settle` will see them come through."""
        held: list[OpenTab] = []
        for _ in range(self._cell.asked):
            tab = await self._open_next()
            if all(one.decided for one in held) and not await self._still.quietly(lambda tab=tab: tab.decided):  # type: ignore[misc]
                held.append(tab)
                self._allow_blank(self._cell.asked)  # There is waiting to be done: make the other tabs meanwhile.

    async def settle(self) -> None:
        await self._still.until(lambda: all(tab.decided for tab in self._tabs))
        self.quiet_ms, self.controls = self._still.quiet_ms, self._still.control.openings
        self.seen = await self._look()
        self.settled_ms = now_ms()
        self.browser_log = await self._browser.account(self._cell.name)
        live = [tab for tab in self._tabs if self.seen[tab.number - 1].live]
        waiting = [tab for tab in self._tabs if not tab.decided]
        if live and waiting:
            self.release = await self._release(live[0], waiting)

    async def close(self) -> None:
        for task in self._openings:
            await dropped(task)
        await self._profile.close()

    async def make_blank_tabs(self) -> None:
        """Make a tab while the one before it opens; all that are left, once there is waiting to be done."""

        async def make() -> None:
            began = now_ms()
            await self._blank.put(await self._profile.new_tab())
            self._still.made_blank_in(now_ms() - began)

        async with asyncio.TaskGroup() as making:
            for _ in range(self._cell.asked):
                await self._may_make.acquire()
                making.create_task(make())

    def _allow_blank(self, more: int) -> None:
        for _ in range(more):
            self._may_make.release()

    async def _open_next(self) -> OpenTab:
        number = len(self._tabs) + 1
        tab = OpenTab(number, await self._blank.get())
        self._allow_blank(1)
        self._tabs.append(tab)
        query = urlencode({"cell": self._cell.name, "transport": self._cell.transport, "tab": number})
        url = self._origin.url(self._cell.protocol, f"/tab?{query}")
        self._openings.append(asyncio.create_task(tab.open(url, self._still)))
        self._still.watch.move()
        return tab

    async def _look(self) -> tuple[TabSeen, ...]:
        """Ask every page, at one moment, whether it is live: that is, whether it receives another update.

        The control tab gives the time: a tab that has received none while the control tab has had several is not live.
        """
        asked = {tab.number: asyncio.create_task(tab.tab.ask(ASK_LIVE)) for tab in self._tabs if tab.loaded}
        await self._origin.control("POST", "/control/publish")  # Nobody need wait for the feed's next beat.
        everyone: asyncio.Future[Any] = asyncio.gather(*asked.values(), return_exceptions=True)
        patience = asyncio.create_task(self._patience())
        try:
            await asyncio.wait([everyone, patience], return_when=asyncio.FIRST_COMPLETED)
            if patience.done():
                patience.result()
            live = {number: task.result() for number, task in asked.items() if task.done()}
        finally:
            for task in (*asked.values(), patience):
                await dropped(task)
        return tuple([await self._seen(tab, live.get(tab.number)) for tab in self._tabs])

    async def _patience(self) -> None:
        """How long a tab may take to show that it is live. The control tab is made only when some tab takes its time."""
        await asyncio.sleep(self._still.quiet_ms / 1000)
        for _ in range(LIVE_UPDATES):
            await self._still.control.update()

    async def _seen(self, tab: OpenTab, live: dict[str, Any] | None) -> TabSeen:
        if not tab.loaded:
            errors = (tab.failed,) if tab.failed else ()
            return TabSeen(tab.number, document=False, live=False, begun_ms=tab.begun_ms, errors=errors)
        report = live or await tab.tab.ask(ASK_NOW)
        return TabSeen(
            tab.number,
            document=True,
            live=live is not None,
            received=report["received"],
            repeated=report["repeated"],
            skipped=report["skipped"],
            begun_ms=tab.begun_ms,
            opening_ms=tab.opening_ms,
            errors=tuple(error["what"] for error in report["errors"]),
        )

    async def _release(self, ended: OpenTab, waiting: list[OpenTab]) -> Release:
        """End one live stream and see who comes in its place.

        A control opening runs beside it to its end: time enough for a second one to come, which would show that the
        others were not waiting for this place at all.
        """
        asked_ms = now_ms()
        numbers = tuple(tab.number for tab in waiting)
        await ended.tab.ask("lab.close()")
        second = self._still.control.begin()
        await self._still.until(lambda: bool(ledger.arrivals(self._events(), self._cell.name, numbers, asked_ms)))
        await second
        return released(self._events(), self._cell.name, ended.number, "page", numbers, asked_ms)

    def _events(self) -> list[ledger.AnyEvent]:
        return self._origin.events[self._start :]


def released(
    events: Sequence[ledger.AnyEvent], cell: str, ended: int, ended_by: str, waiting: tuple[int, ...], asked_ms: float
) -> Release:
    """The release as the ledger tells it: when the stream ended, and who came after it was asked to end."""
    ended_ms = ledger.stream_ended(events, cell, ended, asked_ms)
    opened = {event.connection: event.at_ms for event in events if isinstance(event, ledger.ConnectionOpened)}
    arrived = tuple(
        Arrival(one.tab, one.at_ms - (ended_ms or asked_ms), one.connection, opened.get(one.connection, 0.0) < asked_ms)
        for one in ledger.arrivals(events, cell, waiting, asked_ms)
    )
    return Release(ended, ended_by, ended_ms or asked_ms, waiting, arrived)


@asynccontextmanager
async def cell_tabs(cell: Cell, origin: Origin, start: int, browser: Browser) -> AsyncIterator[CellTabs]:
    """The tabs of a cell in a fresh profile, and the work beside them; all is ended when the steps are.

    When something beside them fails (the origin ends, the browser dies), the steps are broken off with that failure.
    """
    profile = await browser.new_profile()
    watch = Watch(origin, cell.protocol, start)
    control = Control(profile, Control.url(origin, cell.transport))
    tabs = CellTabs(cell, origin, start, browser, profile, Stillness(watch, control))
    try:
        async with asyncio.TaskGroup() as beside:
            tasks = [beside.create_task(work) for work in (watch.follow(), tabs.make_blank_tabs())]
            try:
                yield tabs
            finally:
                for task in tasks:
                    task.cancel()
    except BaseExceptionGroup as group:
        raise first_fault(group) from group
    finally:
        await control.close()
        await tabs.close()


def first_fault(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """One exception for a group: the first of the lab's own kind, if there is one."""
    faults = group.subgroup(LabError)
    found: BaseException = faults or group
    while isinstance(found, BaseExceptionGroup):
        found = found.exceptions[0]
    return found
