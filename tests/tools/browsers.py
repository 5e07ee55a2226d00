"""A browser as a run of the lab starts it, for what measures the lab itself."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import cast

import playwright.async_api

from lab.browser import Browser, LaunchOptions
from lab.browser.discover import driver_of, find
from lab.browser.engines import ENGINES
from lab.browser.playwright.launch import PlaywrightBrowser
from lab.run import certs


@asynccontextmanager
async def launched(engine: str, leaf: Path, folder: Path) -> AsyncIterator[Browser]:
    """An engine's browser, with its own log in `folder`."""
    row = ENGINES[engine]
    async with driver_of(row).session() as session:
        browser, attempts = await find(session, row, LaunchOptions(leaf=certs.spki_hash(leaf), log_folder=folder))
        assert browser is not None, attempts
        try:
            yield browser
        finally:
            await browser.close()


def bare(browser: Browser) -> playwright.async_api.Browser:
    """The same browser in Playwright's own hands, to open tabs without the lab."""
    return cast(PlaywrightBrowser, browser)._browser
