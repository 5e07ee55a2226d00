"""The control tab: what goes on beside a cell, in the same browser and at the same time, and is held back by nothing."""

from __future__ import annotations

import asyncio

from lab.browser import Profile, Tab
from lab.measure.origin import Origin
from lab.measure.page_script import LabScript
from lab.model.ledger import now_ms
from lab.model.protocols import CONTROL
from lab.tasks import cancel_and_wait

UPDATES = 4
TRANSPORT = "sse"  # Whatever is measured: browsers limit WebSockets in total, and the lab must not hold one of them.


class ControlTab:
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
        """Begin one whole opening, to its first live update; the task's result is how long it took, in ms."""
        self._opening = asyncio.create_task(self._open(self._opening), name="control opening")
        return self._opening

    async def _open(self, before: asyncio.Task[float] | None) -> float:
        if before is not None:
            await before
        if self._standing and self._tab is not None:
            return await self._open_blank(self._tab)
        if self._tab is None:
            self._tab = await (self._making or self._profile.new_tab())
        began = now_ms()
        await self._tab.open(f"{self._url}&tab={self.openings + 1}")
        await LabScript(self._tab).decided()
        self.openings += 1
        return now_ms() - began

    async def _open_blank(self, standing: Tab) -> float:
        began = now_ms()
        tab = await self._profile.new_tab()
        await tab.ask("0")
        await tab.close()
        for _ in range(UPDATES):
            await LabScript(standing).next()
        self.openings += 1
        return now_ms() - began

    async def rest(self) -> None:
        """Leave nothing running in its tab, so that it costs nothing while something is measured."""
        if self._opening is not None:
            await asyncio.shield(self._opening)
        if self._tab is not None:
            await self._tab.open("about:blank")
            self._opening = None

    async def close(self) -> None:
        for task in (self._opening, self._making):
            if task is not None:
                await cancel_and_wait(task)

    async def update(self) -> None:
        """Return when the control tab has received its next update."""
        await asyncio.shield(self._opening or self.begin())  # Cancelling the caller must not cancel the opening.
        assert self._tab is not None
        await LabScript(self._tab).next()

    async def flush_browser_log(self) -> None:
        """Some updates: enough for Chromium to write to its NetLog, which it does at every fifteenth event only."""
        for _ in range(UPDATES):
            await self.update()
