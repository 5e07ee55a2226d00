"""The browser side: engines are found or installed, launched, and driven.

Rules. This file is the contract between the rest of the lab and the drivers. It knows no driver and no browser by name. A
*driver* is a module with the functions of `Driver`. An engine's row (lab/browser/engines.py) names its driver, which is
imported only when a browser is needed. lab/browser/fake.py is the shortest complete driver. Every driver must pass
tests/browser/test_driver_contract.py.

Concurrency. Callers start commands in many tabs at once and wait for them together; navigations may hang, and promises may
never settle. WebDriver Classic allows only one command at a time per session. A driver for it must navigate without waiting for
the load (`pageLoadStrategy: none`), start each promise in the page and poll for its result, so that no wait blocks the session.

Errors. A failure of the browser, or of the software that drives it, becomes HarnessFaultError "the browser failed: …". A
failure of the page's own script becomes PageScriptError. A candidate that does not start raises LaunchError. Each driver maps
foreign exceptions by a table of listed types. Any other exception is a bug of the lab and passes through.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, Protocol

import msgspec

from lab.browser.engines import Engine
from lab.browser.logs.network_log import NetworkLog
from lab.errors import HarnessFaultError
from lab.model.browsers import BrowserLog

if TYPE_CHECKING:
    import asyncio

AGAIN = "run the cell again; if it persists, try --headed and watch"


class PageScriptError(HarnessFaultError):
    """The script of the lab's page failed: an expression threw, or a promise was rejected. That is not the browser's fault."""

    def __init__(self, error: str) -> None:
        super().__init__(f"the lab's page failed: {error}", "this is a bug of the lab: report it with the run's folder")


class LaunchError(Exception):
    """A candidate did not start; the text is the reason, in one line."""


def browser_failed(reason: str) -> HarnessFaultError:
    """The error for a failure of a browser, or of the software that drives it. `reason` is one line."""
    return HarnessFaultError(f"the browser failed: {reason}", AGAIN)


class Image(msgspec.Struct, frozen=True):
    """A picture: `data` are the bytes of a file of `media_type` (image/jpeg, image/png)."""

    media_type: str
    data: bytes


class Candidate(msgspec.Struct, frozen=True, kw_only=True):
    """One way to start an engine.

    `what` is its name for people. `path`: the browser's command. `endpoint`: a ws:// or wss:// address of a browser that runs
    elsewhere. `channel`: a name under which the driver finds it. If all three are None, the driver looks in its own folder. A
    `path` may need a `channel` too. `explicit`: the user named this one, so no other is tried if it fails.
    """

    engine: Engine
    what: str
    path: str | None = None
    endpoint: str | None = None
    channel: str | None = None
    explicit: bool = False


class LaunchOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How to start a browser.

    `headed`: show a window. `leaf`: the base64 SHA-256 of the public key of the only certificate to trust; empty: the profiles
    accept any certificate. `log_folder`: the folder for the browser's own network log; None: no log. `brief`: write a smaller
    log, if the engine has one (Firefox's full log of hundreds of hosts was 2.5 GB, and slowed the browser down). `keep_log`:
    keep the whole log when the browser has ended.
    """

    headed: bool = False
    leaf: str = ""
    log_folder: Path | None = None
    brief: bool = False
    keep_log: bool = False


DEFAULT = LaunchOptions()


class Tab(Protocol):
    """One tab. Every method raises HarnessFaultError if the browser has gone, or fails."""

    async def open(self, url: str) -> None:
        """Navigate; return when the new document has loaded and its scripts have run, however long the browser waits.

        Raises HarnessFaultError when the navigation fails (refused, certificate not accepted)."""

    async def ask(self, expression: str) -> Any:
        """The value of a JavaScript expression (not a statement) in the page; a promise is awaited, however long it takes.

        The value must be possible in JSON: None, bool, int, float, str, list, and dict with str keys; `undefined` becomes None.
        Raises PageScriptError if the expression throws or does not parse, or its promise is rejected."""

    async def screenshot(self) -> Image:
        """The upper left corner (160 × 104 CSS pixels) as a person would see it now, even while a navigation is pending. A
        driver that can't crop returns the whole window."""

    async def close(self) -> None:
        """Close the tab, and with it its requests and streams."""


class Profile(Protocol):
    """A fresh profile: its own connection pools, cookies and cache, shared by all its tabs."""

    async def new_tab(self) -> Tab:
        """A blank tab. Raises HarnessFaultError when the browser has gone; a caller may give up waiting (cancel)."""

    async def close(self) -> None:
        """Close all its tabs. Returns within seconds, or raises HarnessFaultError."""


class VisitOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How to visit somebody else's page. `insecure`: accept any certificate. `own`: the origin that gets the further header
    `fields`; no other origin does. `login`: a file with cookies and local storage, as Playwright saves it. `script` runs in
    each document before its own scripts."""

    insecure: bool = False
    own: str = ""
    fields: Mapping[str, str] = {}
    login: Path | None = None
    script: str = ""


class PageRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A request of the document that a tab shows, as the browser reports it. Times are ms of the monotonic clock. `what` is the
    browser's name for its kind (document, script, eventsource…); `main`: it fetches the tab's own document; `accept` is the
    media type that it asks for. `answered_ms`: when the header of its answer came. `ended_ms`: when it ended, with or without
    an `error`."""

    url: str
    method: str
    what: str
    main: bool
    begun_ms: float
    accept: str = ""
    answered_ms: float | None = None
    status: int | None = None
    content_type: str = ""
    ended_ms: float | None = None
    error: str | None = None


class VisitedTab(Tab, Protocol):
    """A tab for somebody else's page."""

    @property
    def requests(self) -> Sequence[PageRequest]:
        """The requests of its present document and frames, in the order of their beginnings. Those of a document that it has
        left are no longer there."""

    @property
    def next_move(self) -> asyncio.Event:
        """An event that is set at the next change of `requests`."""

    async def ask_frames(self, expression: str) -> list[Any]:
        """The value of an expression in each frame that has a document, without those that fail."""

    async def act(self, do: Callable[[Any], Awaitable[object]]) -> None:
        """Call a user's function with the driver's own object for the page, and wait for it. Its errors pass through, but those
        of the driver become HarnessFaultError."""


class Visit(Profile, Protocol):
    """A fresh profile for visits to somebody else's pages."""

    async def new_tab(self) -> VisitedTab:
        """A blank tab."""

    async def cookies(self, url: str) -> dict[str, str]:
        """The cookies that a request for this URL would have. They are secret."""


class Browser(Protocol):
    """A running browser."""

    @property
    def engine(self) -> str:
        """The engine's name."""

    @property
    def version(self) -> str:
        """Its version, as the browser reports it."""

    @property
    def what(self) -> str:
        """The name of its candidate, for people."""

    @property
    def network_log(self) -> NetworkLog | None:
        """Its own network log; None if it writes none. Whoever closes the browser ends the log."""

    @property
    def brief(self) -> bool:
        """Whether it was started with `LaunchOptions.brief`."""

    @property
    def roots(self) -> tuple[int, ...] | None:
        """The ids of its first processes; None if they can't be seen (it runs elsewhere)."""

    @property
    def alive(self) -> bool:
        """Whether the browser still runs and takes commands."""

    async def lost(self) -> NoReturn:
        """Wait for ever. Raises HarnessFaultError as soon as the browser has gone, or the process of one of its tabs has
        crashed."""

    async def account(self, cell: str) -> BrowserLog | None:
        """The requests of a cell that the browser holds back now, according to its own log; None if it keeps no log. Never
        raises."""

    async def new_profile(self) -> Profile:
        """A fresh profile. Raises HarnessFaultError if the browser has gone."""

    async def new_visit(self, options: VisitOptions) -> Visit:
        """A fresh profile for somebody else's pages. Raises HarnessFaultError if the browser has gone, or can't use the
        options."""

    async def close(self) -> None:
        """End the browser; do nothing if it has gone. Returns within seconds, or raises HarnessFaultError."""


class Session(Protocol):
    """What a driver needs while it drives browsers (for example, a helper process)."""

    async def launch(self, candidate: Candidate, options: LaunchOptions) -> Browser:
        """Start a candidate. Raises LaunchError with its reason."""


class Driver(Protocol):
    """What a driver's module has."""

    def session(
        self, environment: Mapping[str, str] | None = None, started: Callable[[int], None] | None = None
    ) -> AbstractAsyncContextManager[Session]:
        """A context manager: a session, which ends with it. `environment` is for all processes that it starts (None: this
        process's). `started` is called with the id of each process that the session itself starts, even if the start then
        fails, so that the caller can end it.

        Raises HarnessFaultError when the driver's helper does not start, or does not end in time."""

    def candidates(self, engine: Engine, environment: Mapping[str, str]) -> Sequence[Candidate]:
        """The ways to start an engine, in the order to try them. Only starting one shows whether the browser exists."""

    def fix(self, candidate: Candidate) -> str:
        """What to do about a candidate that does not start: a command, or a setting to correct."""

    def installers(self, engine: Engine) -> Sequence[Sequence[Sequence[str]]]:
        """The ways to install an engine without a question to the user, in the order to try them; each is a list of
        commands."""
