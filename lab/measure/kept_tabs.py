"""Tabs that one cell leaves for the next, because making them is what costs Firefox most of a cell.

The control tab is kept for all cells of a browser, in a profile of its own. The tabs of a cell are kept where its scenario says
so (`keep_tabs`). All else begins anew: the tabs are blank, the connections of the cell before have been reset, and each page is
loaded again.
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
    """The tabs that were kept of one browser, each with its profile, for a cell of the same `key`."""

    def __init__(self) -> None:
        self._browser: Browser | None = None
        self._control: Tab | None = None
        self._kept: dict[Hashable, tuple[Profile, list[Tab]]] = {}

    def _of(self, browser: Browser) -> None:
        """Forget what was kept of another browser, which has ended."""
        if self._browser is not browser:
            self._browser, self._control, self._kept = browser, None, {}

    async def control(self, browser: Browser) -> Tab:
        """The browser's control tab. It is made when it is first asked for."""
        self._of(browser)
        if self._control is None:
            self._control = await (await browser.new_profile()).new_tab()
        return self._control

    async def take(self, key: Hashable, browser: Browser) -> tuple[Profile, list[Tab]]:
        """The profile and blank tabs that were kept for this key; else, and for None, a new profile without tabs."""
        self._of(browser)
        return self._kept.pop(key, None) or (await browser.new_profile(), [])

    async def keep(self, key: Hashable, profile: Profile, tabs: Sequence[Tab], context: CellContext) -> None:
        """Keep these tabs: load a blank page into each, and reset every connection that the cell has opened."""
        await asyncio.gather(*[tab.open(BLANK) for tab in tabs])
        await context.origin.drop(context.cell.name, "reset")
        await context.origin.wait_for(lambda: not still_open(context))
        self._kept[key] = profile, list(tabs)


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
