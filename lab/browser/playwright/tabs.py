"""A browser's tabs and profiles, as Playwright drives them. Its exceptions end at `border`: beyond there is only lab.errors."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

from playwright.async_api import BrowserContext, FloatRect, Page

from lab.errors import HarnessFaultError, LabError
from lab.tasks import cancel_and_wait

CLOSE_S = 10.0
CORNER = FloatRect(x=0, y=0, width=160, height=104)
QUALITY = 30


AGAIN = "run the cell again; if it stays, try --headed and watch"


class Loss:
    """What of a browser was lost, as soon as it is known: Playwright's answer to what was asked of it may never come."""

    def __init__(self) -> None:
        self._told = asyncio.Event()
        self._what = ""

    def tell(self, what: str) -> None:
        self._what = self._what or what
        self._told.set()

    @property
    def told(self) -> bool:
        return self._told.is_set()

    async def wait(self) -> NoReturn:
        await self._told.wait()
        raise HarnessFaultError(f"the browser failed: {self._what}", AGAIN)


@contextmanager
def border() -> Iterator[None]:
    """Playwright's errors in the middle of a cell become the lab's: its own, and the plain Exception it raises when its
    helper process has died."""
    try:
        yield
    except LabError:
        raise
    except Exception as error:
        raise HarnessFaultError(f"the browser failed: {first_line(error)}", AGAIN) from error


def first_line(error: Exception) -> str:
    return next((line for line in str(error).splitlines() if line.strip()), type(error).__name__)


class DrivenTab:
    """`devtools`: the browser understands Chromium's DevTools protocol."""

    def __init__(self, page: Page, devtools: bool = False) -> None:
        self._page = page
        self._devtools = devtools

    async def open(self, url: str) -> None:
        with border():
            await self._page.goto(url, wait_until="domcontentloaded", timeout=0)

    async def ask(self, expression: str) -> Any:
        with border():
            return await self._page.evaluate(expression)

    async def picture(self) -> bytes:
        """Playwright's own way waits for a pending navigation in Chromium; the command behind it does not."""
        with border():
            if self._devtools:
                session = await self._page.context.new_cdp_session(self._page)
                asked = {"format": "jpeg", "quality": QUALITY, "clip": {**CORNER, "scale": 1}}
                return base64.b64decode((await session.send("Page.captureScreenshot", asked))["data"])
            return await self._page.screenshot(type="jpeg", quality=QUALITY, clip=CORNER, caret="initial", timeout=0)

    async def close(self) -> None:
        with border():
            await self._page.close()


class DrivenProfile:
    """A tab whose making was given up is still made to its end before the profile closes: closing Firefox's user context
    under a tab in the making hung for ever in 2 of 40 tries (ESR 153, Playwright 1.64). When the browser has gone, Playwright
    never ends the making of a tab."""

    def __init__(self, context: BrowserContext, loss: Loss, devtools: bool) -> None:
        self._context = context
        self._loss = loss
        self._devtools = devtools
        self._making: set[asyncio.Future[Page]] = set()

    async def new_tab(self) -> DrivenTab:
        making = asyncio.ensure_future(self._context.new_page())
        making.add_done_callback(
            lambda made: made.cancelled() or made.exception()
        )  # ClientDelivery, though nobody may wait any more.
        self._making.add(making)
        lost = asyncio.ensure_future(self._loss.wait())
        try:
            await asyncio.wait({making, lost}, return_when=asyncio.FIRST_COMPLETED)
            if not making.done():
                await lost
        finally:
            await cancel_and_wait(lost)
        self._making.discard(making)
        with border():
            page = making.result()
        page.on("crash", lambda _: self._loss.tell("the process of one of its tabs crashed"))
        return DrivenTab(page, self._devtools)

    async def close(self) -> None:
        await bounded(self._close(), "a profile")

    async def _close(self) -> None:
        if not self._loss.told:
            await asyncio.gather(*self._making, return_exceptions=True)
        with border():
            await self._context.close()


async def bounded(closing: Coroutine[Any, Any, None], what: str) -> None:
    """A guard against a browser that never closes what it was told to close; how long it takes means nothing."""
    try:
        await asyncio.wait_for(closing, CLOSE_S)
    except TimeoutError as error:
        raise HarnessFaultError(f"the browser did not close {what} in {CLOSE_S:.0f} s", "run the cell again") from error
