"""Pictures of a cell's tabs: what a person would see at the moment of the verdict."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from lab.errors import HarnessFaultError
from lab.measure.page import Page
from lab.model.observation import Screenshot

PATIENCE_S = 5.0
"""A guard: a tab that can't be pictured costs its picture and nothing else."""


async def pictures(pages: Sequence[Page]) -> tuple[Screenshot, ...]:
    """Of each tab, by the number of the client in it. All at once: Chromium takes a second for each tab that is not in front,
    and no longer for many."""
    taken = await asyncio.gather(*[picture(page) for page in pages])
    return tuple(Screenshot(client, *one) for page, one in zip(pages, taken, strict=True) for client in page.clients)


async def picture(page: Page) -> tuple[bytes | None, str | None]:
    try:
        async with asyncio.timeout(PATIENCE_S):
            return await page.tab.picture(), None
    except TimeoutError:
        return None, f"the browser gave none in {PATIENCE_S:.0f} s"
    except HarnessFaultError as error:
        return None, error.message
