"""Tabs and profiles, driven by Playwright; and the table by which Playwright's exceptions become the lab's."""

from __future__ import annotations

import asyncio
import base64
import re
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

import playwright.async_api
from playwright.async_api import BrowserContext, FloatRect, Page

from lab.browser import Image, PageScriptError, browser_failed
from lab.errors import HarnessFaultError, NoAnswerError
from lab.tasks import cancel_and_wait

CLOSE_S = 10.0
"""Watchdog, in seconds, for a browser that does not close a tab, a profile or itself."""

CORNER = FloatRect(x=0, y=0, width=160, height=104)
"""What a screenshot shows, in CSS pixels."""
QUALITY = 30
"""The JPEG quality of a screenshot, up to 100."""

HELPER_DIED = "Connection closed while reading from the driver"
SYNTAX_ERROR = re.compile(r"^Page\.evaluate: (SyntaxError: .*)")


def is_foreign(error: Exception) -> bool:
    """True: every error of the type is Playwright's own."""
    return True


def says_that_the_helper_died(error: Exception) -> bool:
    """Whether the helper died: then Playwright raises a plain Exception, whose text ends in these words."""
    return type(error) is Exception and str(error).endswith(HELPER_DIED)


FOREIGN: tuple[tuple[type[Exception], Callable[[Exception], bool]], ...] = (
    (playwright.async_api.Error, is_foreign),  # Also TimeoutError and TargetClosedError, its subclasses.
    (Exception, says_that_the_helper_died),
)
"""Playwright's own exceptions: a type, and a test. Any other exception is a bug of the lab and passes through."""


@contextmanager
def mapped(to: Callable[[str], Exception] = browser_failed) -> Iterator[None]:
    """Raise `to(reason)` in place of Playwright's exceptions, by the table above."""
    try:
        yield
    except Exception as error:
        if not any(isinstance(error, kind) and foreign(error) for kind, foreign in FOREIGN):
            raise
        raise to(first_line(error)) from error


def first_line(error: Exception) -> str:
    """The first line of an error's text; its type, if it has no text."""
    return next((line for line in str(error).splitlines() if line.strip()), type(error).__name__)


class Loss:
    """Records that the browser or a tab has crashed. It is awaited beside other calls, because Playwright may never answer
    them."""

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
        raise browser_failed(self._what)


def script(expression: str) -> str:
    """A JavaScript expression whose value is [true, value] or [false, error]. So errors of the page's script differ from errors
    of the browser, which Playwright raises as the same type."""
    return (
        f"(async () => {{ try {{ return [true, await (\n{expression}\n)]; }} catch (e) {{ return [false, String(e)]; }} }})()"
    )


class PlaywrightTab:
    """See lab.browser.Tab. `devtools`: the browser understands the Chrome DevTools Protocol."""

    def __init__(self, page: Page, devtools: bool = False) -> None:
        self._page = page
        self._devtools = devtools

    async def open(self, url: str) -> None:
        with mapped():
            await self._page.goto(url, wait_until="domcontentloaded", timeout=0)

    async def ask(self, expression: str) -> Any:
        try:
            with mapped():
                fine, value = await self._page.evaluate(script(expression))
        except HarnessFaultError as error:
            if unparsed := SYNTAX_ERROR.match(str(error.__cause__)):
                raise PageScriptError(unparsed[1]) from error
            raise
        if not fine:
            raise PageScriptError(str(value))
        return value

    async def screenshot(self) -> Image:
        """Playwright's own method waits for a pending navigation in Chromium; the DevTools command behind it does not."""
        with mapped():
            if self._devtools:
                session = await self._page.context.new_cdp_session(self._page)
                asked = {"format": "jpeg", "quality": QUALITY, "clip": {**CORNER, "scale": 1}}
                data = base64.b64decode((await session.send("Page.captureScreenshot", asked))["data"])
            else:
                data = await self._page.screenshot(type="jpeg", quality=QUALITY, clip=CORNER, caret="initial", timeout=0)
        return Image("image/jpeg", data)

    async def close(self) -> None:
        """Once in some hundred times Chromium 156 never answered, when a navigation of the tab was waiting."""
        await bounded(self._close(), "a tab")

    async def _close(self) -> None:
        with mapped():
            await self._page.close()


class PlaywrightProfile:
    """See lab.browser.Profile.

    The profile waits for pending tabs before it closes, because closing Firefox's user context during the creation of a tab
    hung for ever in 2 of 40 attempts (ESR 153, Playwright 1.64). It does not wait if the browser has gone: then Playwright
    never completes the creation.
    """

    def __init__(self, context: BrowserContext, loss: Loss, devtools: bool) -> None:
        self._context = context
        self._loss = loss
        self._devtools = devtools
        self._making: set[asyncio.Future[Page]] = set()

    async def new_tab(self) -> PlaywrightTab:
        return PlaywrightTab(await self.new_page(), self._devtools)

    async def new_page(self) -> Page:
        """A blank page of Playwright's."""
        making = asyncio.ensure_future(self._context.new_page())
        making.add_done_callback(lambda made: made.cancelled() or made.exception())  # Retrieves its error.
        self._making.add(making)
        lost = asyncio.ensure_future(self._loss.wait())
        try:
            await asyncio.wait({making, lost}, return_when=asyncio.FIRST_COMPLETED)
            if not making.done():
                await lost
        finally:
            await cancel_and_wait(lost)
        self._making.discard(making)
        with mapped():
            page = making.result()
        page.on("crash", lambda _: self._loss.tell("the process of one of its tabs crashed"))
        return page

    async def close(self) -> None:
        await bounded(self._close(), "a profile")

    async def _close(self) -> None:
        if not self._loss.told:
            await asyncio.gather(*self._making, return_exceptions=True)
        with mapped():
            await self._context.close()


async def bounded(closing: Coroutine[Any, Any, None], what: str) -> None:
    """Close something. Raises NoAnswerError if that takes longer than CLOSE_S."""
    try:
        await asyncio.wait_for(closing, CLOSE_S)
    except TimeoutError as error:
        raise NoAnswerError(f"the browser did not close {what} in {CLOSE_S:.0f} s", "run the cell again") from error
