"""Drives a browser through Playwright. Its exceptions end here: beyond this file there is only lab.errors."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import msgspec
import psutil
from playwright.async_api import Browser, BrowserContext, Page, Playwright, async_playwright

from lab.browser.engines import Engine
from lab.browser.mozlog import MozLog
from lab.browser.netlog import NetLog
from lab.browser.tail import FollowedLog
from lab.errors import HarnessFaultError, LabError
from lab.observation import BrowserLog

CLOSE_S = 10.0
LOGS: dict[str, type[FollowedLog]] = {"chromium": NetLog, "firefox": MozLog}


class Candidate(msgspec.Struct, frozen=True):
    """One way to start an engine. `explicit` ones are used or fail; no other is tried in their place."""

    engine: Engine
    what: str
    channel: str | None = None
    path: str | None = None
    endpoint: str | None = None
    explicit: bool = False


class LaunchError(Exception):
    """This candidate did not start; the text is its own reason, in one line."""


@contextmanager
def border() -> Iterator[None]:
    """Playwright's errors in the middle of a cell become the lab's: its own, and the plain Exception it raises when its
    helper process has died."""
    try:
        yield
    except LabError:
        raise
    except Exception as error:
        raise HarnessFaultError(
            f"the browser failed: {first_line(error)}",
            "run the cell again; if it stays, try --headed and watch",
        ) from error


def first_line(error: Exception) -> str:
    return next((line for line in str(error).splitlines() if line.strip()), type(error).__name__)


class DrivenTab:
    def __init__(self, page: Page) -> None:
        self._page = page

    async def open(self, url: str) -> None:
        with border():
            await self._page.goto(url, wait_until="domcontentloaded", timeout=0)

    async def ask(self, expression: str) -> Any:
        with border():
            return await self._page.evaluate(expression)

    async def close(self) -> None:
        with border():
            await self._page.close()


class DrivenProfile:
    """A tab whose making was given up is still made to its end before the profile closes: closing Firefox's user context
    under a tab in the making hung for ever in 2 of 40 tries (ESR 153, Playwright 1.64). When the browser has `gone`, Playwright
    never ends the making of a tab."""

    def __init__(self, context: BrowserContext, gone: asyncio.Event) -> None:
        self._context = context
        self._gone = gone
        self._making: set[asyncio.Future[Page]] = set()

    async def new_tab(self) -> DrivenTab:
        making = asyncio.ensure_future(self._context.new_page())
        making.add_done_callback(lambda made: made.cancelled() or made.exception())  # Heard, though nobody may wait any more.
        self._making.add(making)
        gone = asyncio.ensure_future(self._gone.wait())
        try:
            await asyncio.wait({making, gone}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            gone.cancel()
        if not making.done():
            raise HarnessFaultError(
                "the browser failed: it has gone", "run the cell again; if it stays, try --headed and watch"
            )
        self._making.discard(making)
        with border():
            return DrivenTab(making.result())

    async def close(self) -> None:
        await bounded(self._close(), "a profile")

    async def _close(self) -> None:
        if not self._gone.is_set():
            await asyncio.gather(*self._making, return_exceptions=True)
        with border():
            await self._context.close()


async def bounded(closing: Coroutine[Any, Any, None], what: str) -> None:
    """A guard against a browser that never closes what it was told to close; how long it takes means nothing."""
    try:
        await asyncio.wait_for(closing, CLOSE_S)
    except TimeoutError as error:
        raise HarnessFaultError(f"the browser did not close {what} in {CLOSE_S:.0f} s", "run the cell again") from error


class DrivenBrowser:
    """`leaf_trusted`: it was launched to accept the run's leaf by its key, and nothing else that is untrusted."""

    def __init__(
        self,
        browser: Browser,
        candidate: Candidate,
        network_log: Path | None,
        leaf_trusted: bool,
        brief: bool = False,
        roots: tuple[int, ...] = (),
    ) -> None:
        self._browser = browser
        self._leaf_trusted = leaf_trusted
        self.engine = candidate.engine.name
        self.version = browser.version
        self._gone = asyncio.Event()
        browser.on("disconnected", lambda _: self._gone.set())
        self.what = candidate.what
        self.network_log = network_log
        self.brief = brief
        self.roots = roots
        self._log = LOGS[candidate.engine.name](network_log, brief=brief) if network_log else None

    def __repr__(self) -> str:
        return f"<{self.engine} {self.version} ({self.what})>"

    @property
    def alive(self) -> bool:
        return self._browser.is_connected()

    async def account(self, cell: str) -> BrowserLog | None:
        return await asyncio.to_thread(self._log.account, cell) if self._log else None

    async def new_profile(self) -> DrivenProfile:
        with border():
            context = await self._browser.new_context(ignore_https_errors=not self._leaf_trusted, no_viewport=True)
            return DrivenProfile(context, self._gone)

    async def close(self) -> None:
        if self.alive:
            with border():
                await bounded(self._browser.close(), "itself")


@asynccontextmanager
async def playwright() -> AsyncIterator[Playwright]:
    """Playwright's own helper process, for as long as any browser is driven."""
    manager = async_playwright()
    running = await manager.__aenter__()
    try:
        yield running
    finally:
        with border():
            await manager.__aexit__()


def unused(path: Path) -> Path:
    """The path itself or, when a browser of this run has already written there, one with a number: evidence is kept."""
    stem, _, ending = path.name.partition(".")
    numbered = (path.with_name(f"{stem}-{number}.{ending}") for number in itertools.count(2))
    return path if not path.exists() else next(one for one in numbered if not one.exists())


async def launch(
    running: Playwright,
    candidate: Candidate,
    *,
    headed: bool = False,
    spki: str = "",
    log_to: Path | None = None,
    brief: bool = False,
) -> DrivenBrowser:
    """Start a candidate. `spki` is the hash of the one leaf to trust; `log_to` a folder for the browser's own account, which
    can be a `brief` one: of hundreds of hosts, Firefox's full one was 2.5 gigabytes, and the browser slower for it.

    Raises LaunchError with the candidate's reason.
    """
    kind = getattr(running, candidate.engine.name)
    log = unused(log_to / candidate.engine.network_log) if log_to and not candidate.endpoint else None
    leaf_trusted = bool(spki) and candidate.engine.name == "chromium" and not candidate.endpoint
    arguments: list[str] = []
    environment: dict[str, str | float | bool] = dict(os.environ)
    if leaf_trusted:
        arguments.append(f"--ignore-certificate-errors-spki-list={spki}")
    if log and candidate.engine.name == "chromium":
        arguments.append(f"--log-net-log={log}")
    elif log:
        environment |= {"MOZ_LOG": f"timestamp,sync,nsHttp:{4 if brief else 5}", "MOZ_LOG_FILE": str(log.with_suffix(""))}
    before = offspring()
    try:
        if candidate.endpoint:
            browser = await kind.connect(candidate.endpoint)
        else:
            browser = await kind.launch(
                channel=candidate.channel,
                executable_path=candidate.path,
                headless=not headed,
                args=arguments,
                env=environment,
                # The driver ends the browser itself, after it has written down what was measured.
                handle_sigint=False,
                handle_sigterm=False,
                handle_sighup=False,
            )
    except Exception as error:  # Playwright's own, and the plain one it raises when its helper process has died.
        raise LaunchError(first_line(error).removeprefix("BrowserType.launch: ")) from error
    roots = () if candidate.endpoint else tuple(sorted(process.pid for process in began_since(before)))
    return DrivenBrowser(browser, candidate, log, leaf_trusted, brief, roots)


def offspring() -> set[psutil.Process]:
    return set(psutil.Process().children(recursive=True))


def began_since(before: set[psutil.Process]) -> list[psutil.Process]:
    """The processes that began since, without those that they began themselves."""
    new = offspring() - before
    numbers = {process.pid for process in new}
    found = []
    for process in new:
        with contextlib.suppress(psutil.NoSuchProcess):
            if process.ppid() not in numbers:
                found.append(process)
    return found
