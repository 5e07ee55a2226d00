"""Waiting without guessing: has something moved, and if nothing has, were browser and origin well all the while?

No verdict rests on a fixed sleep. What has to stand still is compared with what goes on beside it: whole openings of a tab
through the control door, in the same browser, at the same time. A machine that is slow is slow for both.
"""

from __future__ import annotations

import asyncio
import contextlib
import statistics
from collections.abc import Callable, Coroutine
from typing import Any

from lab import ledger
from lab.browser import Profile, Tab
from lab.ledger import now_ms
from lab.origin_client import Origin
from lab.protocols import CONTROL

QUIET_OPENINGS = 2
"""Nothing may have moved for as long as this many usual openings take, and no shorter than the slowest one seen."""

UPDATES = 4
TRANSPORT = "sse"  # Whatever is measured: of WebSockets a browser may allow so many in all, and the lab must not hold one.

BLANK_TABS, ENOUGH = 10, 3
"""The first tabs, up to the third, are given the time that making ten blank ones would take."""


class Watch:
    """What moves in a cell: its tabs, and the ledger's events on the measured doors."""

    def __init__(self, origin: Origin, start: int) -> None:
        self._origin = origin
        self._read = start
        self._connections: set[int] = set()
        self._streams: set[int] = set()
        self._moved = asyncio.Event()
        self.moves = 0
        self.moved_ms = now_ms()

    def move(self) -> None:
        self.moves += 1
        self.moved_ms = now_ms()
        self._moved.set()
        self._moved = asyncio.Event()

    @property
    def next_move(self) -> asyncio.Event:
        """Set at the next move. Take it before looking at what moved, or that move may be missed."""
        return self._moved

    async def follow(self) -> None:
        """Take every event of the measured doors for a move, until cancelled. The control door's are not."""
        while True:
            while self._read < len(self._origin.events):
                event = self._origin.events[self._read]
                self._read += 1
                if self._concerns(event):
                    self.move()
            await self._origin.news()

    def _concerns(self, event: ledger.AnyEvent) -> bool:
        match event:
            case ledger.ConnectionOpened():
                if event.door == CONTROL.name:
                    return False
                self._connections.add(event.connection)
            case ledger.StreamOpened() if event.connection in self._connections:
                self._streams.add(event.stream)
            case ledger.StreamClosed():
                return event.stream in self._streams
            case ledger.ConnectionNegotiated() | ledger.ConnectionClosed() | ledger.DocumentServed() | ledger.ProbeServed():
                return event.connection in self._connections
            case _:
                return isinstance(event, ledger.OriginFault)
        return True


class Control:
    """A tab on the control door, of the same profile: opened again and again to see that opening works.

    Where every socket of the browser is at stake, `standing`, no opening could get through any door. There a tab is opened
    once, before, and later openings are of blank tabs, each with some updates over the stream that is open already.

    An opening once begun is never broken off, only no longer waited for: the next one begins when it has ended.
    """

    def __init__(self, profile: Profile, origin: Origin, *, standing: bool = False) -> None:
        self._profile = profile
        self._tab: Tab | None = None
        self._url = origin.url(CONTROL.name, f"/tab?cell=control&transport={TRANSPORT}")
        self._standing = standing
        self._opening: asyncio.Task[float] | None = None
        self._making: asyncio.Task[Tab] | None = None
        self.openings = 0

    def ahead(self) -> None:
        """Begin to make its tab, which will be needed."""
        self._making = asyncio.create_task(self._profile.new_tab())

    def begin(self) -> asyncio.Task[float]:
        """One whole opening, to its first live update; its result is how long it took, in ms."""
        self._opening = asyncio.create_task(self._open(self._opening), name="control opening")
        return self._opening

    async def _open(self, before: asyncio.Task[float] | None) -> float:
        if before is not None:
            await before
        if self._standing and self._tab is not None:
            return await self._open_blank()
        if self._tab is None:
            self._tab = await (self._making or self._profile.new_tab())
        began = now_ms()
        await self._tab.open(f"{self._url}&tab={self.openings + 1}")
        await self._tab.ask("lab.decided()")
        self.openings += 1
        return now_ms() - began

    async def _open_blank(self) -> float:
        began = now_ms()
        tab = await self._profile.new_tab()
        await tab.ask("0")
        await tab.close()
        for _ in range(UPDATES):
            await self._tab_update()
        self.openings += 1
        return now_ms() - began

    async def rest(self) -> None:
        """Leave nothing running in its tab, so that what is measured meanwhile is not its cost."""
        if self._opening is not None:
            await asyncio.shield(self._opening)
        if self._tab is not None:
            await self._tab.open("about:blank")
            self._opening = None

    async def close(self) -> None:
        for task in (self._opening, self._making):
            if task is not None:
                await dropped(task)

    async def update(self) -> None:
        """Return when the control tab has received its next update."""
        await asyncio.shield(self._opening or self.begin())  # Whoever is given up waiting for it does not end it.
        await self._tab_update()

    async def written_on(self) -> None:
        """Some updates: enough for Chromium to write on its NetLog, which it does at every fifteenth event only."""
        for _ in range(UPDATES):
            await self.update()

    async def _tab_update(self) -> None:
        assert self._tab is not None
        await self._tab.ask("lab.next()")


class Stillness:
    """Decides that nothing moves any more, by the openings seen so far, the control tab's among them.

    While there are fewer than `ENOUGH` of them, a guess is one of them: `BLANK_TABS` times what making a blank tab took.
    """

    def __init__(self, watch: Watch, control: Control) -> None:
        self.watch = watch
        self.control = control
        self._blank_ms = 0.0
        self._openings_ms: list[float] = []
        self._settled = False

    @property
    def quiet_ms(self) -> float:
        guess = [BLANK_TABS * self._blank_ms] if len(self._openings_ms) < ENOUGH else []
        seen = self._openings_ms + guess
        return max(QUIET_OPENINGS * statistics.median(seen), *seen)

    def made_blank_in(self, blank_ms: float) -> None:
        self._blank_ms = max(self._blank_ms, blank_ms)

    def opened_in(self, opening_ms: float) -> None:
        """A client of the cell has opened. Who does so after the verdict had been waiting: that is not how long it takes."""
        if not self._settled:
            self._openings_ms.append(opening_ms)

    def settle(self) -> None:
        self._settled = True

    async def quietly(self, done: Callable[[], bool]) -> bool:
        """Wait for `done()` until nothing has moved for the quiet time; whether it holds."""
        while not done():
            rest = self.watch.moved_ms + self.quiet_ms - now_ms()
            if rest <= 0:
                break
            await self._within(rest, done)
        return done()

    async def until(self, done: Callable[[], bool]) -> bool:
        """True as soon as `done()` holds; False when it does not, and a whole control opening and the quiet time have
        gone by without a move."""
        while not done():
            moves = self.watch.moves
            opening_ms = await self._control_opening(done)
            if opening_ms is not None:
                self._openings_ms.append(opening_ms)
            if not await self.quietly(done) and self.watch.moves == moves:
                return False
        return True

    async def _control_opening(self, done: Callable[[], bool]) -> float | None:
        """How long a control opening took, in ms; None when `done()` held before its end."""
        opening = self.control.begin()
        while not done() and not opening.done():
            await first_of(opening, self.watch.next_move.wait())
        return opening.result() if opening.done() else None

    async def _within(self, ms: float, done: Callable[[], bool]) -> bool:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(ms / 1000):
                while not done():
                    await self.watch.next_move.wait()
        return done()


async def first_of(task: asyncio.Future[Any], moved: Coroutine[Any, Any, object]) -> None:
    """Return when either has ended; only the second is then given up."""
    other = asyncio.ensure_future(moved)
    try:
        await asyncio.wait({task, other}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        await dropped(other)


async def dropped(task: asyncio.Future[Any]) -> None:
    """Give a task up and see it end. What it might have failed with no longer matters to anyone."""
    task.cancel()
    await asyncio.wait({task})
    if not task.cancelled():
        task.exception()
