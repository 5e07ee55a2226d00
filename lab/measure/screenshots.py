"""Screenshots of a cell's tabs: what a person would see at the moment of the verdict."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from lab.browser import Tab
from lab.errors import HarnessFaultError
from lab.model.observation import Screenshot

SCREENSHOT_S = 5.0
"""Watchdog: a tab that gives no screenshot in this time has none; the cell goes on."""


async def screenshots(tabs: Sequence[tuple[Tab, Sequence[int]]]) -> tuple[Screenshot, ...]:
    """A screenshot of each tab, by the numbers of the clients in it. All are taken at once: Chromium needs a second for a tab
    in the background, and no longer for many of them."""
    taken = await asyncio.gather(*[screenshot(tab, clients) for tab, clients in tabs])
    return tuple(shot for shots in taken for shot in shots)


async def screenshot(tab: Tab, clients: Sequence[int]) -> list[Screenshot]:
    """The tab's screenshot for each client in it, or the reason why there is none."""
    try:
        async with asyncio.timeout(SCREENSHOT_S):
            image = await tab.screenshot()
    except TimeoutError:
        return [Screenshot(client, why=f"the browser gave none in {SCREENSHOT_S:.0f} s") for client in clients]
    except HarnessFaultError as error:
        return [Screenshot(client, why=error.message) for client in clients]
    return [Screenshot(client, image.data, media_type=image.media_type) for client in clients]
