"""A driver whose browsers are a few lines of Python, for tests. It is also the shortest complete example of a driver.

Its pages are `FakePage`s, found by the path of their URL. Each has answers to expressions: a value, a function that is called,
an awaitable that is awaited, or an exception that is raised.

    browser = FakeBrowser(pages={"/tab": FakePage({"lab.live()": True, "lab.foo()": TypeError("lab.foo is not a function")})})
    tab = await (await browser.new_profile()).new_tab()
    await tab.open("https://127.0.0.1/tab?tab=1")
    assert await tab.ask("lab.live()")

A test can make it fail: `crash()` ends the browser at any moment; a page's `gate` lets navigations hang until it is set.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Any, NoReturn
from urllib.parse import urlsplit

import msgspec

from lab.browser import (
    Candidate,
    Image,
    LaunchError,
    LaunchOptions,
    PageRequest,
    PageScriptError,
    VisitOptions,
    browser_failed,
)
from lab.browser.engines import Engine
from lab.browser.logs.network_log import NetworkLog
from lab.model.browsers import BrowserLog
from lab.model.ledger import now_ms
from lab.tasks import wait_first

ENGINE = Engine(name="fake", title="Fake", driver="lab.browser.fake")
"""The fake engine, as a row of the engines' table."""

ABSENT = "/no/such/browser"
"""The path of a candidate that never starts; all others start."""

PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108000000003a7e9b550000000a49444154789c63600000000200"
    "0148afa4710000000049454e44ae426082"
)
"""A PNG file of one black pixel."""


class FakePage:
    """A page: its answers by expression. `gate`: navigations to the page end once it is set; None: at once."""

    def __init__(self, answers: Mapping[str, Any] | None = None, gate: asyncio.Event | None = None) -> None:
        self.answers = dict(answers or {})
        self.gate = gate
        self.asked: list[str] = []

    async def answer(self, expression: str) -> Any:
        self.asked.append(expression)
        if expression not in self.answers:
            raise PageScriptError(f"ReferenceError: {expression} is not defined")
        value = self.answers[expression]
        if callable(value):
            value = value()
        if inspect.isawaitable(value):
            value = await value
        if isinstance(value, Exception):
            raise PageScriptError(f"{type(value).__name__}: {value}")
        return value


class FakeTab:
    """See lab.browser.Tab. `page` is None until a document has loaded."""

    def __init__(self, browser: FakeBrowser) -> None:
        self._browser = browser
        self._closed = False
        self.url = "about:blank"
        self.page: FakePage | None = None

    async def open(self, url: str) -> None:
        self._check()
        page = self._browser.pages.get(urlsplit(url).path)
        if page is None:
            raise browser_failed(f"nothing answers at {url}")
        if page.gate is not None:
            await self._browser.unless_lost(page.gate.wait())
        self.url, self.page = url, page

    async def ask(self, expression: str) -> Any:
        self._check()
        return await self._browser.unless_lost((self.page or FakePage()).answer(expression))

    async def screenshot(self) -> Image:
        self._check()
        return Image("image/png", PNG)

    async def close(self) -> None:
        self._check()
        self._closed = True

    def _check(self) -> None:
        self._browser.check()
        if self._closed:
            raise browser_failed("the tab has been closed")


class FakeVisitedTab(FakeTab):
    """See lab.browser.VisitedTab. The only request is that for the document."""

    def __init__(self, browser: FakeBrowser) -> None:
        super().__init__(browser)
        self.requests: tuple[PageRequest, ...] = ()
        self.next_move = asyncio.Event()

    async def open(self, url: str) -> None:
        asked = PageRequest(url=url, method="GET", what="document", main=True, begun_ms=now_ms())
        self._moved(asked)
        await super().open(url)
        self._moved(msgspec.structs.replace(asked, answered_ms=now_ms(), status=HTTPStatus.OK, ended_ms=now_ms()))

    def _moved(self, request: PageRequest) -> None:
        self.requests = (request,)
        self.next_move.set()
        self.next_move = asyncio.Event()

    async def ask_frames(self, expression: str) -> list[Any]:
        return [await self.ask(expression)]

    async def act(self, do: Callable[[Any], Awaitable[object]]) -> None:
        self._check()
        await do(self.page)


class FakeProfile:
    """See lab.browser.Profile."""

    def __init__(self, browser: FakeBrowser) -> None:
        self._browser = browser
        self.tabs: list[FakeTab] = []

    async def new_tab(self) -> FakeTab:
        self._browser.check()
        self.tabs.append(FakeTab(self._browser))
        return self.tabs[-1]

    async def close(self) -> None:
        for tab in self.tabs:
            tab._closed = True


class FakeVisit(FakeProfile):
    """See lab.browser.Visit."""

    async def new_tab(self) -> FakeVisitedTab:
        self._browser.check()
        tab = FakeVisitedTab(self._browser)
        self.tabs.append(tab)
        return tab

    async def cookies(self, url: str) -> dict[str, str]:
        return {}


class FakeBrowser:
    """See lab.browser.Browser. `held` is what its log says about any cell; None: it keeps no log."""

    def __init__(
        self,
        *,
        pages: Mapping[str, FakePage] | None = None,
        engine: str = ENGINE.name,
        what: str = "in memory",
        held: BrowserLog | None = None,
        brief: bool = False,
    ) -> None:
        self.pages = dict(pages or {})
        self.engine = engine
        self.version = "1.0"
        self.what = what
        self.network_log: NetworkLog | None = None
        self.brief = brief
        self.roots: tuple[int, ...] | None = None
        self.held = held
        self.profiles: list[FakeProfile] = []
        self._gone = asyncio.Event()

    @property
    def alive(self) -> bool:
        return not self._gone.is_set()

    def check(self) -> None:
        if not self.alive:
            raise browser_failed("it has gone")

    def crash(self) -> None:
        """End the browser: all that waits for it fails."""
        self._gone.set()

    async def unless_lost(self, work: Any) -> Any:
        """The result of `work`. Raises HarnessFaultError as soon as the browser has gone."""
        doing = asyncio.ensure_future(work)
        try:
            await wait_first(doing, self.lost())
        finally:
            doing.cancel()
        return doing.result()

    async def lost(self) -> NoReturn:
        await self._gone.wait()
        raise browser_failed("it has gone")

    async def account(self, cell: str) -> BrowserLog | None:
        return self.held

    async def new_profile(self) -> FakeProfile:
        self.check()
        self.profiles.append(FakeProfile(self))
        return self.profiles[-1]

    async def new_visit(self, options: VisitOptions) -> FakeVisit:
        self.check()
        visit = FakeVisit(self)
        self.profiles.append(visit)
        return visit

    async def close(self) -> None:
        self._gone.set()


class FakeSession:
    """See lab.browser.Session. Browsers that it launches have its `pages`."""

    def __init__(self) -> None:
        self.pages: dict[str, FakePage] = {}
        self.launched: list[FakeBrowser] = []

    async def launch(self, candidate: Candidate, options: LaunchOptions) -> FakeBrowser:
        if candidate.path == ABSENT:
            raise LaunchError(f"{ABSENT}: no such file")
        what, brief = candidate.what, options.brief
        self.launched.append(FakeBrowser(pages=self.pages, engine=candidate.engine.name, what=what, brief=brief))
        return self.launched[-1]


@asynccontextmanager
async def session(
    environment: Mapping[str, str] | None = None, started: Callable[[int], None] | None = None
) -> AsyncIterator[FakeSession]:
    """See lab.browser.Driver. No process is started."""
    running = FakeSession()
    try:
        yield running
    finally:
        for browser in running.launched:
            await browser.close()


def candidates(engine: Engine, environment: Mapping[str, str]) -> list[Candidate]:
    """See lab.browser.Driver."""
    if named := environment.get(engine.variable):
        return [Candidate(engine=engine, what=f"{engine.variable}={named}", path=named, explicit=True)]
    return [Candidate(engine=engine, what="in memory")]


def fix(candidate: Candidate) -> str:
    """See lab.browser.Driver."""
    return f"correct or unset {candidate.engine.variable}" if candidate.explicit else "nothing to do"


def installers(engine: Engine) -> list[list[list[str]]]:
    """See lab.browser.Driver."""
    return []
