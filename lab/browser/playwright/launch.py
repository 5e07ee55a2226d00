"""Starts a browser through Playwright, and drives it as a whole."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NoReturn

import msgspec
import psutil
from playwright.async_api import Browser, Playwright, async_playwright

from lab.browser.engines import Engine
from lab.browser.logs.follow import FollowedLog
from lab.browser.logs.mozlog import MozLog
from lab.browser.logs.netlog import NetLog
from lab.browser.playwright.tabs import DrivenProfile, Loss, border, bounded, first_line
from lab.model.browsers import BrowserLog

START_S = 15.0  # Guards against a helper process that was stopped or killed while it started.
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
        self._loss = Loss()
        browser.on("disconnected", lambda _: self._loss.tell("it has gone"))
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

    async def lost(self) -> NoReturn:
        await self._loss.wait()

    async def account(self, cell: str) -> BrowserLog | None:
        return await asyncio.to_thread(self._log.account, cell) if self._log else None

    async def new_profile(self) -> DrivenProfile:
        with border():
            context = await self._browser.new_context(ignore_https_errors=not self._leaf_trusted, no_viewport=True)
            return DrivenProfile(context, self._loss, devtools=self.engine == "chromium")

    async def close(self) -> None:
        if self.alive:
            with border():
                await bounded(self._browser.close(), "itself")


@asynccontextmanager
async def playwright() -> AsyncIterator[Playwright]:
    """Playwright's own helper process, for as long as any browser is driven. Its start is never broken off in the middle, when
    Playwright would leave an error for nobody to hear."""
    manager = async_playwright()
    starting = asyncio.ensure_future(manager.__aenter__())
    try:
        with border():
            running = await asyncio.wait_for(asyncio.shield(starting), START_S)
        yield running
    finally:
        await asyncio.wait({starting}, timeout=START_S)
        if starting.done() and not starting.exception():
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
