"""Playwright's helper process, and the browsers that it starts."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import NoReturn

import playwright.async_api
import psutil
from playwright.async_api import Playwright, async_playwright

from lab.browser import AGAIN, Candidate, LaunchError, LaunchOptions, VisitOptions, browser_failed
from lab.browser.logs.network_log import NetworkLog
from lab.browser.playwright.tabs import Loss, PlaywrightProfile, bounded, mapped
from lab.browser.playwright.visits import PlaywrightVisit, new_visit
from lab.errors import NoAnswerError
from lab.model.browsers import BrowserLog

HELPER_START_S = 15.0
"""Watchdog, in seconds, for a helper process that was stopped or killed while it started."""

HELPER = "run-driver"
"""A word in the command line of the helper, and of no other child process."""


class PlaywrightBrowser:
    """A browser driven by Playwright (lab.browser.Browser). `trusts_leaf`: of untrusted certificates, it accepts only the run's
    own, by its key; else its profiles accept any certificate."""

    def __init__(
        self,
        browser: playwright.async_api.Browser,
        candidate: Candidate,
        *,
        network_log: NetworkLog | None,
        brief: bool,
        trusts_leaf: bool,
        roots: tuple[int, ...] | None,
    ) -> None:
        self._browser = browser
        self._engine = candidate.engine
        self._trusts_leaf = trusts_leaf
        self._loss = Loss()
        browser.on("disconnected", lambda _: self._loss.tell("it has gone"))
        self.engine = candidate.engine.name
        self.version = browser.version
        self.what = candidate.what
        self.network_log = network_log
        self.brief = brief
        self.roots = roots

    def __repr__(self) -> str:
        return f"<{self.engine} {self.version} ({self.what})>"

    @property
    def alive(self) -> bool:
        return self._browser.is_connected()

    async def lost(self) -> NoReturn:
        await self._loss.wait()

    async def account(self, cell: str) -> BrowserLog | None:
        return await asyncio.to_thread(self.network_log.account, cell) if self.network_log else None

    async def new_profile(self) -> PlaywrightProfile:
        with mapped():
            context = await self._browser.new_context(ignore_https_errors=not self._trusts_leaf, no_viewport=True)
            return PlaywrightProfile(context, self._loss, devtools=self._engine.devtools)

    async def new_visit(self, options: VisitOptions) -> PlaywrightVisit:
        return await new_visit(self._browser, self._loss, options, devtools=self._engine.devtools)

    async def close(self) -> None:
        if self.alive:
            with mapped():
                await bounded(self._browser.close(), "itself")


class PlaywrightSession:
    """A running helper (lab.browser.Session). `helper` is its process, if it was found; `environment` is that of its
    browsers."""

    def __init__(self, running: Playwright, helper: psutil.Process | None, environment: Mapping[str, str]) -> None:
        self._running = running
        self._helper = helper
        self._environment = environment

    async def launch(self, candidate: Candidate, options: LaunchOptions) -> PlaywrightBrowser:
        engine = candidate.engine
        kind: playwright.async_api.BrowserType = getattr(self._running, engine.browser_type or engine.name)
        if candidate.endpoint:
            with mapped(launch_error):
                remote = await kind.connect(candidate.endpoint)
            return PlaywrightBrowser(remote, candidate, network_log=None, brief=options.brief, trusts_leaf=False, roots=None)
        trusts_leaf = bool(options.leaf and engine.leaf_argument)
        arguments = [engine.leaf_argument.format(leaf=options.leaf)] if trusts_leaf else []
        environment: dict[str, str | float | bool] = {**self._environment}
        network_log = None
        if options.log_folder and engine.log:
            path = unused(options.log_folder / engine.log.file)
            network_log = engine.log.follow(path, brief=options.brief, keep=options.keep_log)
            switches, variables = engine.log.switches(path, brief=options.brief)
            arguments += switches
            environment |= variables
        before = self._children()
        try:
            with mapped(launch_error):
                browser = await kind.launch(
                    channel=candidate.channel,
                    executable_path=candidate.path,
                    headless=not options.headed,
                    args=arguments,
                    firefox_user_prefs={**engine.preferences} or None,
                    env=environment,
                    # The lab ends the browser itself, after it has written what was measured.
                    handle_sigint=False,
                    handle_sigterm=False,
                    handle_sighup=False,
                )
        except BaseException:
            if network_log is not None:
                network_log.end(fault=False)
            raise
        roots = tuple(sorted(process.pid for process in self._children() - before)) or None  # None: they can't be seen.
        return PlaywrightBrowser(
            browser, candidate, network_log=network_log, brief=options.brief, trusts_leaf=trusts_leaf, roots=roots
        )

    def _children(self) -> set[psutil.Process]:
        """The first process of each browser: the helper's direct children."""
        try:
            return set(self._helper.children()) if self._helper else set()
        except psutil.NoSuchProcess:
            return set()


@asynccontextmanager
async def session(
    environment: Mapping[str, str] | None = None, started: Callable[[int], None] | None = None
) -> AsyncIterator[PlaywrightSession]:
    """See lab.browser.Driver. The start of the helper is always awaited to its end: else Playwright would leave an exception
    that is never retrieved."""
    manager = async_playwright()
    before = set(helpers())
    starting: asyncio.Future[Playwright] = asyncio.ensure_future(manager.__aenter__())
    try:
        running, helper = await answered(starting, before, environment, started)
        yield PlaywrightSession(running, helper, os.environ if environment is None else environment)
    finally:
        await asyncio.wait({starting}, timeout=HELPER_START_S)
        # After a failed start too: it awaits the helper's end. An OSError says that there never was one.
        if starting.done() and not starting.cancelled() and not isinstance(starting.exception(), OSError):
            with mapped():
                await bounded(manager.__aexit__(), "its helper process")


async def answered(
    starting: asyncio.Future[Playwright],
    before: set[psutil.Process],
    environment: Mapping[str, str] | None,
    started: Callable[[int], None] | None,
) -> tuple[Playwright, psutil.Process | None]:
    """Playwright, once its helper has answered, and the helper's process: the one that did not exist `before`."""
    new: set[psutil.Process] = set()
    try:
        with temporary_folder(environment), mapped():
            try:
                running = await asyncio.wait_for(asyncio.shield(starting), HELPER_START_S)
            finally:  # No await here: `started` is called even if a second Ctrl-C ends the wait.
                new = set(helpers()) - before
                for helper in new:
                    if started is not None:
                        started(helper.pid)
    except TimeoutError as error:
        for helper in new:
            with contextlib.suppress(psutil.NoSuchProcess):
                helper.kill()
        what = f"the browser failed: Playwright's helper process did not start in {HELPER_START_S:.0f} s"
        raise NoAnswerError(what, AGAIN) from error
    except OSError as error:
        raise browser_failed(f"Playwright's helper process did not start: {error}") from error
    return running, next(iter(new), None)


@contextmanager
def temporary_folder(environment: Mapping[str, str] | None) -> Iterator[None]:
    """Inside the block, the helper starts with the TMPDIR of `environment`.

    Playwright creates the browsers' profiles in its helper's temporary folder. The helper inherits the environment of this
    process, and Playwright can't pass it another one. So this process's own TMPDIR is changed while the helper starts.
    """
    folder = (environment or {}).get("TMPDIR")
    before = os.environ.get("TMPDIR")
    if folder is None or folder == before:
        yield
        return
    os.environ["TMPDIR"] = folder
    try:
        yield
    finally:
        if before is None:
            del os.environ["TMPDIR"]
        else:
            os.environ["TMPDIR"] = before


def helpers() -> Iterator[psutil.Process]:
    """The Playwright helpers among this process's own children."""
    for child in psutil.Process().children():
        with contextlib.suppress(psutil.NoSuchProcess, psutil.AccessDenied):
            if HELPER in child.cmdline():
                yield child


def launch_error(reason: str) -> LaunchError:
    """A LaunchError with Playwright's reason, without the name of the method that failed."""
    return LaunchError(reason.removeprefix("BrowserType.launch: ").removeprefix("BrowserType.connect: "))


def unused(path: Path) -> Path:
    """The path itself; or the path with a number, if another browser's log is there, whole or in part. An empty file is made
    there, so that two browsers that start at once don't write into one."""
    stem, _, ending = path.name.partition(".")
    numbered = (path.with_name(f"{stem}-{number}.{ending}") for number in itertools.count(2))
    for one in itertools.chain([path], numbered):
        with contextlib.suppress(FileExistsError):
            if not list(path.parent.glob(f"{one.name}.*")):
                one.touch(exist_ok=False)
                return one
    raise AssertionError("numbers never end")
