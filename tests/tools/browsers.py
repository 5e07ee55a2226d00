"""Browsers for what measures the lab itself: as a run of the lab starts them, or plain."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import cast

import playwright.async_api
import playwright.sync_api

from lab.browser import Browser, LaunchOptions
from lab.browser.discover import candidates, driver_of, find
from lab.browser.engines import ENGINES
from lab.browser.playwright.launch import PlaywrightBrowser
from lab.run import certs


@asynccontextmanager
async def launched(engine: str, leaf: Path, folder: Path, *, keep_log: bool = False) -> AsyncIterator[Browser]:
    """An engine's browser, with its own log in `folder`."""
    row = ENGINES[engine]
    async with driver_of(row).session() as session:
        options = LaunchOptions(leaf=certs.spki_hash(leaf), log_folder=folder, keep_log=keep_log)
        browser, attempts = await find(session, row, options)
        assert browser is not None, attempts
        try:
            yield browser
        finally:
            await browser.close()


def bare(browser: Browser) -> playwright.async_api.Browser:
    """The same browser in Playwright's own hands, to open tabs without the lab."""
    return cast(PlaywrightBrowser, browser)._browser


@contextmanager
def plain_chromium() -> Iterator[playwright.sync_api.Browser]:
    """The system's Chromium in Playwright's own hands, without a log, to look at pages."""
    with playwright.sync_api.sync_playwright() as tool:
        *_, system = candidates(ENGINES["chromium"])
        browser = tool.chromium.launch(executable_path=system.path, channel=system.channel)
        try:
            yield browser
        finally:
            browser.close()
