"""Tabs of the app: what each of them holds open, what waits in it, and whether it has come as far as the first tab."""

from __future__ import annotations

import asyncio
import traceback
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec

from lab.browser import PageRequest, VisitedTab
from lab.errors import HarnessFaultError
from lab.model.ledger import now_ms
from lab.model.probe import Held, TabSeen, Waiting
from lab.model.wire import EVENT_STREAM, FIRST_ERROR
from lab.tasks import cancel_and_wait
from lab.text import one_line
from lab.wire.address import PORTS, shown, shown_in

AGE_MS = 1000.0
"""From this age on an unfinished request counts as one that stays open, whatever it is. An event stream counts at once."""

ANSWER_S = 8.0
"""Watchdog, in seconds, for a page that does not answer a question."""

MOST_WAITING = 20
CLOSED = 3
EVENTS, SOCKET, STREAMING, UNANSWERED = "event stream", "WebSocket", "streaming answer", "unanswered request"
OBSERVER = 'globalThis[Symbol.for("seventh-tab")]'

Do = Callable[[Any], Awaitable[object]]
"""What a user's file does in a page: `async def do(page)`."""


class Socket(msgspec.Struct, frozen=True):
    """One WebSocket of a page, as the observer noted it. `state`: 0 connecting, 1 open, 2 closing, 3 closed."""

    url: str
    place: str
    state: int
    begun: float = 0.0


class Call(msgspec.Struct, frozen=True):
    """One call of a page that may have sent a request: the API, the URL, and the place in a script."""

    api: str
    url: str
    place: str


class OpenRequest(msgspec.Struct, frozen=True):
    """A request, or WebSocket, that is open now."""

    kind: str
    url: str
    method: str
    content_type: str
    begun_ms: float
    answered: bool
    at_ms: float
    """When it was answered; without an answer, when it began."""

    @property
    def origin(self) -> str:
        return origin_of(self.url)


class Expected(msgspec.Struct, frozen=True):
    """What a tab holds open when it is at rest: how many answered, and how many in all, by origin."""

    answered: Counter[str]
    all: Counter[str]


class AppTab:
    """One tab. `do` is called in it once its document has loaded."""

    def __init__(self, number: int, tab: VisitedTab, do: Do | None) -> None:
        self.number = number
        self.tab = tab
        self.begun_ms = now_ms()
        self.loaded = False
        self.acted = False
        self.acting_ms: float | None = None
        self.error: str | None = None
        self.failure: Exception | None = None
        self.closed = False
        self._do = do
        self._opening: asyncio.Task[None] | None = None
        self.sockets: tuple[Socket, ...] = ()

    def __repr__(self) -> str:
        return f"<AppTab {self.number}, {'loaded' if self.loaded else 'opening'}>"

    def begin(self, url: str) -> None:
        """Begin to open the page."""
        self.begun_ms = now_ms()
        self._opening = asyncio.create_task(self._open(url))

    async def _open(self, url: str) -> None:
        try:
            await self.tab.open(url)
            self.loaded = True
            if self._do is not None:
                self.acting_ms = now_ms()
                await self.tab.act(self._do)
            self.acted = True
        except HarnessFaultError as error:
            self.error = shown_in(one_line(error.message))
        except Exception as error:  # noqa: BLE001  # the user's file: its error names its line
            self.error = f"{where(error, self._do)}{type(error).__name__}: {shown_in(one_line(first_line(error)))}"
            if self.number == 1:
                self.failure = error  # Later it may be what the limit did: a click that waited too long.

    async def look(self) -> None:
        """Ask the page for its WebSockets. Raises HarnessFaultError if it does not answer."""
        if not self.loaded or self.closed:
            return
        answers = await self._ask(f"{OBSERVER}.sockets()")
        self.sockets = tuple(msgspec.convert(one, Socket, strict=False) for answer in answers for one in answer or ())

    async def calls(self) -> list[Call]:
        """The calls that may have sent requests, as the observer noted them."""
        answers = await self._ask(f"{OBSERVER}.calls()")
        return [msgspec.convert(one, Call, strict=False) for answer in answers for one in answer or ()]

    async def _ask(self, expression: str) -> list[Any]:
        try:
            async with asyncio.timeout(ANSWER_S):
                return await self.tab.ask_frames(expression)
        except TimeoutError as error:
            raise HarnessFaultError(
                f"the page in tab {self.number} did not answer for {ANSWER_S:.0f} s", "a script in it does not end"
            ) from error

    async def head(self) -> int:
        """Let the page send a HEAD of its own URL: the status. Raises PageScriptError if the page can't."""
        return int(await self.tab.ask(f"{OBSERVER}.head()"))

    async def give_up_head(self) -> None:
        await self.tab.ask(f"{OBSERVER}.abort()")

    async def close(self) -> None:
        """Close the tab, with all that waits for it. Raises NoAnswerError if the browser does not."""
        await self.leave()
        await self.tab.close()

    async def leave(self) -> None:
        """End all that waits for it; its profile will close it."""
        self.closed = True
        if self._opening is not None:
            await cancel_and_wait(self._opening)

    @property
    def document(self) -> PageRequest | None:
        """The request for its document; None before it was sent."""
        return next((one for one in reversed(self.tab.requests) if one.main), None)

    @property
    def answered(self) -> bool:
        """Whether the server has answered its navigation."""
        return self.loaded or ((one := self.document) is not None and one.answered_ms is not None)

    @property
    def refused(self) -> bool:
        """Whether the server answered its navigation with an error."""
        return (one := self.document) is not None and (one.status or 0) >= FIRST_ERROR

    @property
    def state(self) -> tuple[object, ...]:
        """What changes when the tab comes on: a repeated request of a URL that was answered before changes nothing."""
        requests = self.tab.requests
        answered = {bare(one.url) for one in requests if one.answered_ms is not None}
        begun = {bare(one.url) for one in requests}
        streams = sum(one.answered_ms is not None and one.ended_ms is None for one in requests)
        sockets = sum(one.state == 1 for one in self.sockets)
        return (self.loaded, self.acted, self.error, len(answered), len(begun), streams, sockets)

    def open_requests(self) -> list[OpenRequest]:
        """What is open now: unfinished requests that are old enough or are event streams, and WebSockets."""
        found = [
            OpenRequest(SOCKET, one.url, "GET", "", began := self.begun_ms + one.begun, one.state == 1, began)
            for one in self.sockets
            if one.state in (0, 1)
        ]
        for one in self.unfinished():
            answered = one.answered_ms is not None
            if (answered and one.content_type == EVENT_STREAM) or now_ms() - one.begun_ms >= AGE_MS:
                at_ms = one.begun_ms if one.answered_ms is None else one.answered_ms
                found.append(OpenRequest(kind_of(one), one.url, one.method, one.content_type, one.begun_ms, answered, at_ms))
        return found

    def unfinished(self) -> list[PageRequest]:
        """The requests that have not ended, without WebSockets, favicons, and the probe's own."""
        sockets = {as_http(one.url) for one in self.sockets}
        return [
            one
            for one in self.tab.requests
            if one.ended_ms is None
            and not (one.main and self.loaded)
            and bare(one.url) not in sockets
            and not urlsplit(one.url).path.endswith("/favicon.ico")
            and one.method != "HEAD"
            and one.url.startswith(("http:", "https:"))
        ]

    def unanswered(self) -> list[PageRequest]:
        """Those of them that have no answer."""
        return [one for one in self.unfinished() if one.answered_ms is None]

    def refusal(self, urls: Collection[str]) -> str | None:
        """How the latest request to one of these URLs (without query) was refused; None if it was not."""
        last = next((one for one in reversed(self.tab.requests) if bare(one.url) in urls and one.ended_ms is not None), None)
        if last is not None and (last.status or 0) >= FIRST_ERROR:
            return f"{shown(last.url)} answers {last.status}"
        if last is not None and last.error is not None and last.answered_ms is None:
            return f"{shown(last.url)} failed: {shown_in(last.error)}"
        closed = next((one for one in self.sockets if one.state == CLOSED and bare(one.url) in urls), None)
        return f"{shown(closed.url)} was closed" if closed else None

    def reaches(self, expected: Expected) -> bool:
        """Whether it has loaded and holds as much open as is expected, and nothing else waits in it."""
        if not self.loaded or self.refused or (self._do is not None and not self.acted):
            return False
        here = expectation(self.open_requests())
        unanswered = Counter(origin_of(one.url) for one in self.unanswered())
        at_rest = unanswered <= expected.all - expected.answered
        return at_rest and here.answered >= expected.answered and here.all >= expected.all


def where(error: Exception, do: Do | None) -> str:
    """The line of the user's file in which an error was raised: `do.py, line 3: `; empty if it was not there."""
    name = do.__code__.co_filename if do is not None and hasattr(do, "__code__") else ""
    lines = [one.lineno for one in traceback.extract_tb(error.__traceback__) if one.filename == name]
    return f"{Path(name).name}, line {lines[-1]}: " if lines else ""


def first_line(error: Exception) -> str:
    """The first line of what an error says."""
    return next((line for line in str(error).splitlines() if line.strip()), "")


def expectation(requests: Iterable[OpenRequest]) -> Expected:
    """How many requests are open, by origin."""
    found = list(requests)
    return Expected(Counter(one.origin for one in found if one.answered), Counter(one.origin for one in found))


def kind_of(request: PageRequest) -> str:
    """What an unfinished request is, by its answer; without one, by its age it is unanswered."""
    if request.answered_ms is None:
        return UNANSWERED
    return EVENTS if request.content_type == EVENT_STREAM else STREAMING


def bare(url: str) -> str:
    """A URL without query and fragment."""
    return url.partition("#")[0].partition("?")[0]


def as_http(url: str) -> str:
    """A WebSocket's URL as the request that opens it, without its query."""
    return bare(url).replace("ws", "http", 1)


def origin_of(url: str) -> str:
    """Scheme, host and port of a URL; a WebSocket's as the http(s) origin that it shares connections with, or would."""
    parts = urlsplit(url)
    scheme = {"ws": "http", "wss": "https"}.get(parts.scheme, parts.scheme)
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname or ""
    port = parts.port
    return f"{scheme}://{host}" if port in (None, PORTS.get(scheme)) else f"{scheme}://{host}:{port}"


def held_by(first: Sequence[OpenRequest], second: Sequence[OpenRequest] | None, calls: Sequence[Call]) -> tuple[Held, ...]:
    """What the first tab held open, one entry for each origin, kind and path; `second` is what the second tab holds."""
    groups: dict[tuple[str, str, str], list[OpenRequest]] = {}
    for one in first:
        groups.setdefault((one.origin, one.kind, bare(one.url)), []).append(one)
    return tuple(
        Held(
            origin=origin,
            url=shown(members[0].url),
            method=members[0].method,
            kind=kind,
            content_type=members[0].content_type,
            initiator=initiator(members[0].url, calls),
            count=len(members),
            further=len(members) if second is None else further(members, groups, second),
            age_ms=round(max(now_ms() - one.begun_ms for one in members)),
        )
        for (origin, kind, _), members in groups.items()
    )


def further(
    members: Sequence[OpenRequest], groups: dict[tuple[str, str, str], list[OpenRequest]], second: Sequence[OpenRequest]
) -> int:
    """How many of a group the second tab holds: by its path; or, where paths differ from tab to tab, by kind and origin."""
    like = members[0]
    same = [one for one in second if (one.origin, one.kind, bare(one.url)) == (like.origin, like.kind, bare(like.url))]
    if same or sum(key[:2] == (like.origin, like.kind) for key in groups) > 1:
        return len(same)
    return sum((one.origin, one.kind) == (like.origin, like.kind) for one in second)


def initiator(url: str, calls: Sequence[Call]) -> str:
    """Which call sent a request, and where it stands: `EventSource at http://localhost/app.js:12:5`; empty if no call did."""
    found = next((one for one in calls if one.url.partition("#")[0] == url.partition("#")[0]), None)
    return "" if found is None else f"{found.api} at {shown(found.place)}" if found.place else found.api


def needs_more(first: AppTab, at_rest: Sequence[OpenRequest], origin: str) -> bool:
    """Whether the page sent another request to an origin after the last request that it holds open there had begun."""
    held = [one for one in at_rest if one.origin == origin and one.kind != SOCKET]
    if not held:
        return False
    since, urls = max(one.begun_ms for one in held), {one.url for one in held}
    return any(
        one.begun_ms >= since and one.url not in urls and not one.main and origin_of(one.url) == origin
        and not urlsplit(one.url).path.endswith("/favicon.ico")
        for one in first.tab.requests
    )  # fmt: skip


def seen(
    tab: AppTab, *, live: bool, came: bool, waiting: Callable[[PageRequest], Waiting], times: dict[int, float], do: bool
) -> TabSeen:
    """What was seen of a tab at the moment of the verdict."""
    document = tab.document
    return TabSeen(
        tab=tab.number,
        live=live,
        came=came,
        answered=tab.answered,
        loaded=tab.loaded,
        ready_ms=times.get(tab.number) if live else None,
        quiet_ms=None if live else times.get(tab.number),
        status=document.status if document else None,
        open=len(tab.open_requests()),
        acted=tab.acted if do else None,
        waiting=tuple(waiting(one) for one in tab.unanswered()[:MOST_WAITING]),
        error=tab.error,
    )
