"""Visits to somebody else's pages: their requests are recorded, and a user's file may act in them."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import msgspec
import playwright.async_api
from playwright.async_api import Frame, Page, Request, Response, Route

from lab.browser import PageRequest, VisitOptions
from lab.browser.playwright.tabs import Loss, PlaywrightProfile, PlaywrightTab, mapped, script
from lab.model.ledger import now_ms


class Traffic:
    """The requests of a page's present documents. Playwright reports each by events; a request of a document that its frame has
    left gets no further event, so it is dropped when the frame navigates or goes."""

    def __init__(self, page: Page) -> None:
        self._main = page.main_frame
        self._found: dict[Request, PageRequest] = {}
        self._frames: dict[Request, Frame | None] = {}
        self.moved = asyncio.Event()
        page.on("request", self._began)
        page.on("response", self._answered)
        page.on("requestfinished", self._ended)
        page.on("requestfailed", self._ended)
        page.on("framenavigated", self._navigated)
        page.on("framedetached", self._left)

    @property
    def requests(self) -> Sequence[PageRequest]:
        return tuple(self._found.values())

    def _began(self, request: Request) -> None:
        frame = frame_of(request)
        self._frames[request] = frame
        self._found[request] = PageRequest(
            url=request.url,
            method=request.method,
            what=request.resource_type,
            main=request.is_navigation_request() and frame in (None, self._main),
            begun_ms=now_ms(),
            accept=request.headers.get("accept", ""),
        )
        self._move()

    def _answered(self, response: Response) -> None:
        self._change(
            response.request,
            answered_ms=now_ms(),
            status=response.status,
            content_type=response.headers.get("content-type", "").partition(";")[0].strip().lower(),
        )

    def _ended(self, request: Request) -> None:
        self._change(request, ended_ms=now_ms(), error=request.failure)

    def _change(self, request: Request, **fields: Any) -> None:
        if request in self._found:
            self._found[request] = msgspec.structs.replace(self._found[request], **fields)
            self._move()

    def _navigated(self, frame: Frame) -> None:
        """The frame shows another document: only the request for it, and what began after that, stay."""
        navigations = [
            request for request, its in self._frames.items() if its in (frame, None) and request.is_navigation_request()
        ]
        if not navigations:
            return  # A change of the fragment only, or about:blank.
        since = self._found[navigations[-1]].begun_ms
        self._drop([request for request, its in self._frames.items() if its is frame and self._found[request].begun_ms < since])

    def _left(self, frame: Frame) -> None:
        self._drop([request for request, its in self._frames.items() if its is frame])

    def _drop(self, requests: Sequence[Request]) -> None:
        for request in requests:
            del self._found[request], self._frames[request]
        self._move()

    def _move(self) -> None:
        self.moved.set()
        self.moved = asyncio.Event()


def frame_of(request: Request) -> Frame | None:
    """The frame that a request belongs to; None where Playwright can't say: a navigation whose document is not there yet, or a
    service worker."""
    try:
        return request.frame
    except playwright.async_api.Error:
        return None


class PlaywrightVisitedTab(PlaywrightTab):
    """See lab.browser.VisitedTab."""

    def __init__(self, page: Page, devtools: bool) -> None:
        super().__init__(page, devtools)
        self._traffic = Traffic(page)

    @property
    def requests(self) -> Sequence[PageRequest]:
        return self._traffic.requests

    @property
    def next_move(self) -> asyncio.Event:
        return self._traffic.moved

    async def ask_frames(self, expression: str) -> list[Any]:
        answers: list[tuple[bool, Any]] = []
        for frame in self._page.frames:
            with contextlib.suppress(playwright.async_api.Error):  # It has gone meanwhile.
                answers.append(await frame.evaluate(script(expression)))
        return [value for fine, value in answers if fine]

    async def act(self, do: Callable[[Any], Awaitable[object]]) -> None:
        with mapped():
            await self._page.bring_to_front()  # Chromium draws no frames of a tab behind it: a click there waited for 2 s.
        await do(self._page)


class PlaywrightVisit(PlaywrightProfile):
    """See lab.browser.Visit."""

    async def new_tab(self) -> PlaywrightVisitedTab:
        return PlaywrightVisitedTab(await self.new_page(), self._devtools)

    async def cookies(self, url: str) -> dict[str, str]:
        with mapped():
            return {one.get("name", ""): one.get("value", "") for one in await self._context.cookies(url)}


async def new_visit(
    browser: playwright.async_api.Browser, loss: Loss, options: VisitOptions, *, devtools: bool
) -> PlaywrightVisit:
    """See lab.browser.Browser."""
    with mapped():
        context = await browser.new_context(
            ignore_https_errors=options.insecure, no_viewport=True, accept_downloads=False, storage_state=options.login
        )
        if options.script:
            await context.add_init_script(options.script)
        if options.fields:
            await context.route(lambda url: url.startswith(f"{options.own}/"), sender(options))
    return PlaywrightVisit(context, loss, devtools)


def sender(options: VisitOptions) -> Callable[[Route], Awaitable[None]]:
    """Sends a request on with the user's header fields."""

    async def send(route: Route) -> None:
        with contextlib.suppress(playwright.async_api.Error):  # Its page has gone meanwhile.
            await route.continue_(headers={**route.request.headers, **options.fields})

    return send
