"""Blank tabs, made before they are needed: several at once, and not while the opening of a page is timed."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from lab.browser import Profile, Tab
from lab.measure.settling import Settling
from lab.model.ledger import now_ms
from lab.tasks import cancel_and_wait


class SpareTabs:
    """The spare tabs of a profile. `blank` are there already."""

    def __init__(self, profile: Profile, settling: Settling, blank: Sequence[Tab] = ()) -> None:
        self._profile = profile
        self._settling = settling
        self._making: list[asyncio.Future[Tab]] = [done(tab) for tab in blank]

    def make(self, count: int) -> None:
        """Begin to make tabs until `count` are ready or being made."""
        more = max(0, count - len(self._making))
        self._making += [asyncio.create_task(self._make(more)) for _ in range(more)]

    async def _make(self, together: int) -> Tab:
        """Make a tab, one of so many at once, which share the time that they take."""
        began = now_ms()
        tab = await self._profile.new_tab()
        self._settling.made_blank_in((now_ms() - began) / together)
        return tab

    async def ready(self, count: int) -> None:
        """Return when `count` spare tabs are ready. Raises HarnessFaultError if one can't be made."""
        self.make(count)
        await asyncio.gather(*self._making)

    async def next(self) -> Tab:
        """The next spare tab; if there is none, it is made now."""
        self.make(1)
        return await self._making.pop(0)

    async def take(self) -> list[Tab]:
        """All spare tabs, once those that are being made are ready."""
        making, self._making = self._making, []
        return list(await asyncio.gather(*making))

    async def close(self) -> None:
        for task in self._making:
            await cancel_and_wait(task)


def done(tab: Tab) -> asyncio.Future[Tab]:
    """A tab that need not be made."""
    there: asyncio.Future[Tab] = asyncio.get_running_loop().create_future()
    there.set_result(tab)
    return there
