"""Tabs that one cell leaves for the next: cells that differ only in how updates come are measured in tabs opened once.

Making a tab is what costs Firefox most of a cell. All else begins anew: the tabs are blank, the connections of the cell before
have been reset, and each page is loaded again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Hashable, Sequence

from lab.browser import Browser, Profile, Tab
from lab.errors import HarnessFaultError
from lab.measure.context import CellContext
from lab.model.ledger import ConnectionClosed, ConnectionOpened
from lab.model.protocols import CONTROL

BLANK = "about:blank"


class KeptTabs:
    """The tabs that were kept, with their profile, for a cell of the same `key`. `key` None: nothing is kept."""

    def __init__(self) -> None:
        self._key: Hashable = None
        self._profile: Profile | None = None
        self._tabs: list[Tab] = []

    async def take(self, key: Hashable, browser: Browser) -> tuple[Profile, list[Tab]]:
        """The kept profile and its blank tabs, if they were kept for this key and browser; else a new profile without tabs.
        Whatever was kept is kept no longer."""
        kept, profile, tabs = self._key, self._profile, self._tabs
        self._key, self._profile, self._tabs = None, None, []
        if profile is not None and kept == (key, browser):
            return profile, tabs
        if profile is not None and browser.alive:
            await profile.close()
        return await browser.new_profile(), []

    async def keep(self, key: Hashable, profile: Profile, tabs: Sequence[Tab], context: CellContext) -> None:
        """Keep these tabs: load a blank page into each, and reset every connection that the cell has opened."""
        await asyncio.gather(*[tab.open(BLANK) for tab in tabs])
        await context.origin.drop(context.cell.name, "reset")
        await context.origin.wait_for(lambda: not still_open(context))
        self._key, self._profile, self._tabs = (key, context.browser), profile, list(tabs)


def still_open(context: CellContext) -> set[int]:
    """The connections to the measured doors that the cell has opened, and that are open."""
    opened = {one.connection for one in context.ledger.of(ConnectionOpened) if one.door != CONTROL.name}
    return opened - {one.connection for one in context.ledger.of(ConnectionClosed)}


async def close_profiles(profiles: Sequence[Profile]) -> None:
    """Close every profile. The first failure is raised at the end."""
    failures = []
    for profile in profiles:
        try:
            await profile.close()
        except HarnessFaultError as error:
            failures.append(error)
    if failures:
        raise failures[0]
