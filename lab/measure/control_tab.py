"""The control tab: a tab in the same browser, opened again and again while a cell waits. No measured limit can hold it back."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from lab.browser import Profile, Tab
from lab.measure.origin import Origin
from lab.measure.page_script import LabScript
from lab.model.ledger import now_ms
from lab.model.protocols import CONTROL
from lab.tasks import cancel_and_wait

UPDATES = 4
TRANSPORT = "sse"  # In every cell: browsers limit WebSockets in total, and the control tab must not use one of them.


class ControlTab:
    """A tab on the control door, in the same browser. It is opened again and again, to show that browser and origin work.

    `make` makes the tab, or finds one; without it, the tab is made in `profile`. `standing` is for cells that use up all
    sockets of the browser, so that no page could load through any door. There the tab is opened once, before the cell's
    clients. Each later "opening" is a blank tab, and some more updates over the tab's stream.

    An opening that has begun is never cancelled: the caller may stop waiting for it, and the next opening begins when it has
    ended.
    """

    def __init__(
        self,
        profile: Profile,
        origin: Origin,
        *,
        make: Callable[[], Coroutine[Any, Any, Tab]] | None = None,
        standing: bool = False,
    ) -> None:
        self._profile = profile
        self._make = make or profile.new_tab
        self._tab: Tab | None = None
        self._url = origin.url(CONTROL.name, f"/tab?cell=control&transport={TRANSPORT}")
        self._standing = standing
        self._opening: asyncio.Task[float] | None = None
        self._making: asyncio.Task[Tab] | None = None
        self.openings = 0

    def ahead(self) -> asyncio.Task[Tab]:
        """Begin to make the tab, before it is needed."""
        self._making = asyncio.create_task(self._make())
        return self._making

    def begin(self) -> asyncio.Task[float]:
        """Begin one opening, which ends with the tab's first update. The task's result is how long it took, in ms."""
        self._opening = asyncio.create_task(self._open(self._opening), name="control opening")
        return self._opening

    async def _open(self, before: asyncio.Task[float] | None) -> float:
        if before is not None:
            await before
        if self._standing and self._tab is not None:
            return await self._open_blank(self._tab)
        if self._tab is None:
            self._tab = await (self._making or self._make())
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
        """Load a blank page into the tab, so that it costs nothing while something is measured."""
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
        """Wait for some updates, until the browser has written what it logged before them: Chromium writes at every fifteenth
        event, Firefox 4 KiB at once, of which these updates log three times as much."""
        for _ in range(UPDATES):
            await self.update()
