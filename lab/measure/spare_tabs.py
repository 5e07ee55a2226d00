"""Blank tabs, made before they are needed, so that making a tab and opening its page overlap."""

from __future__ import annotations

import asyncio

from lab.browser import Profile, Tab
from lab.measure.settling import Settling
from lab.model.ledger import now_ms
from lab.tasks import cancel_and_wait


class SpareTabs:
    """The spare tabs of a profile: one is made in advance, or all that are still needed while other tabs wait."""

    def __init__(self, profile: Profile, settling: Settling) -> None:
        self._profile = profile
        self._settling = settling
        self._making: list[asyncio.Task[Tab]] = []

    def make(self, count: int) -> None:
        """Begin to make tabs until `count` are ready or being made."""
        self._making += [asyncio.create_task(self._make()) for _ in range(count - len(self._making))]

    async def _make(self) -> Tab:
        began = now_ms()
        tab = await self._profile.new_tab()
        self._settling.made_blank_in(now_ms() - began)
        return tab

    async def next(self) -> Tab:
        """The next spare tab; if there is none, it is made now."""
        self.make(1)
        return await self._making.pop(0)

    async def close(self) -> None:
        for task in self._making:
            await cancel_and_wait(task)
