"""Screenshots of a cell's tabs: what a person would see at the moment of the verdict."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from lab.errors import HarnessFaultError
from lab.measure.page import Page
from lab.model.observation import Screenshot

SCREENSHOT_S = 5.0
"""Watchdog: a tab that gives no screenshot in this time has none; the cell goes on."""


async def screenshots(pages: Sequence[Page]) -> tuple[Screenshot, ...]:
    """A screenshot of each tab, by the number of the client in it. All are taken at once: Chromium needs a second for a tab in
    the background, and no longer for many of them."""
    taken = await asyncio.gather(*[screenshot(page) for page in pages])
    return tuple(shot for shots in taken for shot in shots)


async def screenshot(page: Page) -> list[Screenshot]:
    """The tab's screenshot for each client in it, or the reason why there is none."""
    try:
        async with asyncio.timeout(SCREENSHOT_S):
            image = await page.tab.screenshot()
    except TimeoutError:
        return [Screenshot(client, why=f"the browser gave none in {SCREENSHOT_S:.0f} s") for client in page.clients]
    except HarnessFaultError as error:
        return [Screenshot(client, why=error.message) for client in page.clients]
    return [Screenshot(client, image.data, media_type=image.media_type) for client in page.clients]
