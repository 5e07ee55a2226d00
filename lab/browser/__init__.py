"""The browser side: engines are found or installed, launched, and driven.

Rules. This file is the contract between the rest of the lab and whatever drives a browser. It knows no driver and no browser by
name. A *driver* is a module with the functions of `Driver`. An engine's row (lab/browser/engines.py) names its driver, which is
imported only when a browser is wanted. lab/browser/fake.py is the shortest complete driver, and every driver must pass
tests/browser/test_driver_contract.py.

Concurrency. Callers start commands in many tabs at once and wait for them together: navigations that hang, promises that never
settle. A driver's protocol may allow less: WebDriver Classic has one command at a time per session. A driver must not rely on
concurrent commands there: it navigates without waiting for the load (`pageLoadStrategy: none`), starts each promise in the page
and looks for its result again and again, so that no wait occupies the session.

Errors. Whatever a browser or the software that drives it does wrong becomes HarnessFaultError "the browser failed: …"; what the
page's own script does wrong becomes PageScriptError; a candidate that does not start raises LaunchError. Each driver maps its
foreign exceptions by a table of listed types. Any other exception is a bug of the lab and passes through.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any, NoReturn, Protocol

import msgspec

from lab.browser.engines import Engine
from lab.errors import HarnessFaultError
from lab.model.browsers import BrowserLog

AGAIN = "run the cell again; if it persists, try --headed and watch"


class PageScriptError(HarnessFaultError):
    """The script of the lab's own page failed: an expression threw, a promise was rejected. Not the browser's fault."""

    def __init__(self, error: str) -> None:
        super().__init__(f"the lab's page failed: {error}", "this is a bug of the lab: report it with the run's folder")


class LaunchError(Exception):
    """A candidate did not start; the text is the reason, in one line."""


def browser_failed(reason: str) -> HarnessFaultError:
    """The error for whatever a browser, or the software that drives it, did wrong. `reason` is one line."""
    return HarnessFaultError(f"the browser failed: {reason}", AGAIN)


class Image(msgspec.Struct, frozen=True):
    """A picture: `data` are the bytes of a file of `media_type` (image/jpeg, image/png)."""

    media_type: str
    data: bytes


class Candidate(msgspec.Struct, frozen=True, kw_only=True):
    """One way to start an engine.

    `what` names it for people. Its command is at `path`; or it runs elsewhere and is reached at `endpoint` (ws://, wss://); or
    the driver finds it, under the name `channel`, or in its own folder when all three are None. A `path` may need a `channel`
    too. The user named an `explicit` one: it is used or fails, and nothing else is tried in its place.
    """

    engine: Engine
    what: str
    path: str | None = None
    endpoint: str | None = None
    channel: str | None = None
    explicit: bool = False


class LaunchOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How to start a browser.

    `headed`: with a window. `leaf`: the base64 SHA-256 of the public key of the one certificate to trust; empty: none, and the
    profiles accept any. `log_folder`: where the browser's own network log goes; None: it keeps none. `brief`: keep a brief log
    where the engine has one (Firefox's full log of hundreds of hosts was 2.5 GB, and slowed the browser down).
    """

    headed: bool = False
    leaf: str = ""
    log_folder: Path | None = None
    brief: bool = False


DEFAULT = LaunchOptions()


class Tab(Protocol):
    """One tab. Every method raises HarnessFaultError when the browser has gone, or does not do what it was asked for."""

    async def open(self, url: str) -> None:
        """Navigate; return when the new document has loaded and its scripts have run, however long the browser waits.

        Raises HarnessFaultError when the navigation fails (refused, certificate not accepted)."""

    async def ask(self, expression: str) -> Any:
        """The value of a JavaScript expression (not a statement) in the page; a promise is awaited, however long it takes.

        What JSON can say comes back: None, bool, int, float, str, list and dict with str keys; `undefined` is None.
        Raises PageScriptError when the expression throws, does not parse, or its promise is rejected."""

    async def screenshot(self) -> Image:
        """The upper left corner (160 × 104 CSS pixels) as a person would see it now, also while a navigation is pending. The
        whole window from a driver that can't cut."""

    async def close(self) -> None:
        """Close the tab; what it has open ends with it."""


class Profile(Protocol):
    """A fresh profile: its own connection pools, cookies and cache, shared by all its tabs."""

    async def new_tab(self) -> Tab:
        """A blank tab. Raises HarnessFaultError when the browser has gone; a caller may give up waiting (cancel)."""

    async def close(self) -> None:
        """Close all its tabs. Returns within seconds, or raises HarnessFaultError."""


class Browser(Protocol):
    """A running browser."""

    @property
    def engine(self) -> str:
        """The engine's name."""

    @property
    def version(self) -> str:
        """Its version, as the browser says it."""

    @property
    def what(self) -> str:
        """Which candidate it is, for people."""

    @property
    def network_log(self) -> Path | None:
        """The file of its own network log; None where it keeps none."""

    @property
    def brief(self) -> bool:
        """Whether it was started with `LaunchOptions.brief`."""

    @property
    def roots(self) -> tuple[int, ...] | None:
        """The ids of the processes that it began with; None where its processes can't be seen (it runs elsewhere)."""

    @property
    def alive(self) -> bool:
        """Whether it can be asked for anything more."""

    async def lost(self) -> NoReturn:
        """Wait, and raise HarnessFaultError as soon as the browser has gone or the process of one of its tabs has crashed."""

    async def account(self, cell: str) -> BrowserLog | None:
        """Which of a cell's requests it holds back now, by its own log; None where it keeps none. Never raises."""

    async def new_profile(self) -> Profile:
        """Raises HarnessFaultError when the browser has gone."""

    async def close(self) -> None:
        """End the browser; nothing where it has gone. Returns within seconds, or raises HarnessFaultError."""


class Session(Protocol):
    """Whatever a driver needs to drive browsers (a helper process, say), for as long as any is driven."""

    async def launch(self, candidate: Candidate, options: LaunchOptions) -> Browser:
        """Start a candidate. Raises LaunchError with its reason."""


class Driver(Protocol):
    """What a driver's module has."""

    def session(
        self, environment: Mapping[str, str] | None = None, started: Callable[[int], None] | None = None
    ) -> AbstractAsyncContextManager[Session]:
        """A session, ended with the context. `environment` is that of all processes it starts (None: this process's). `started`
        is called with the id of each process that it starts itself, whatever comes of it: whoever waits no longer can end it.

        Raises HarnessFaultError when the driver's helper does not start, or does not end in time."""

    def candidates(self, engine: Engine, environment: Mapping[str, str]) -> Sequence[Candidate]:
        """The ways to start an engine, in the order to try them. Whether a browser is there is known only by starting it."""

    def fix(self, candidate: Candidate) -> str:
        """What to do about a candidate that does not start: a command, or a setting to correct."""

    def installers(self, engine: Engine) -> Sequence[Sequence[Sequence[str]]]:
        """The ways to install an engine without asking anybody, in the order to try them; each is a list of commands."""
