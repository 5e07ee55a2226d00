"""A visit: the app in one browser. Opens it in one tab and sees what stays open, predicts, then opens more tabs to verify.

Rules.
1. A tab is *live* when it has come as far as the first one. It is *held up* when something in it has no answer and nothing has
   moved in it: meanwhile a control tab has been opened from begin to end in the same profile, and twice the longest time that
   a tab of this app needed has passed.
2. A tab in which nothing waits is live, even if it holds less open than the first: some apps share one stream.
3. Which limit holds a request back is said by the browser's log alone. What it does not hold back is on its way to the server.

What it may not know: any limit; the verdict.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Awaitable, Callable, Sequence
from typing import Any
from urllib.parse import parse_qs, urlsplit

import msgspec
import psutil

from lab.browser import Browser, PageRequest, PageScriptError, Visit, VisitOptions
from lab.errors import HarnessFaultError, UsageError
from lab.measure.control_tab import ControlTab
from lab.measure.origin import Origin
from lab.measure.screenshots import screenshots
from lab.model.browsers import BrowserLog
from lab.model.ledger import now_ms
from lab.model.observation import Screenshot
from lab.model.probe import ActionSeen, BeyondBrowser, Held, ProbeReport, ReleaseSeen, SocketsSeen, TabSeen, Waiting
from lab.model.wire import EVENT_STREAM
from lab.probe.tabs import AppTab, Do, Expected, OpenRequest, bare, expectation, held_by, needs_more, origin_of, seen
from lab.tasks import cancel_and_wait, wait_first
from lab.text import one_line
from lab.wire.address import Address, shown, shown_in

QUIET_TIMES = 2
"""A tab is held up after this many times the longest time that a tab needed."""
LEAST_QUIET_MS = 1000.0
"""And no sooner than this: the app's server may need as long for one answer as for another."""

ALONE_S = 20.0
"""Watchdog, in seconds, for the first tab: the app must load there."""
REST_MS, STILL_MS, MOST_REST_MS = 6000.0, 3000.0, 15_000.0
"""The first tab is at rest this long after it has loaded, if what it holds open has not changed for so long; it is watched no
longer than the last."""
TAB_S = 25.0
"""Watchdog, in seconds, for a tab in which something moves for ever."""
LOOK_MS = 100.0
"""How often pages are asked for their WebSockets, and ages are looked at, where nothing moves."""


class Ways(msgspec.Struct, frozen=True, kw_only=True):
    """How to visit: what the browser is told, how many tabs are asked for, and what is done in each (`--do`, under the name
    `done`). `pictures`: take a screenshot of each tab."""

    options: VisitOptions
    asked: int
    do: Do | None = None
    done: str = ""
    pictures: bool = False


class Visiting:
    """The app in one browser. `report` grows."""

    def __init__(self, browser: Browser, origin: Origin, address: Address, ways: Ways) -> None:
        what = ways.done or "HEAD of the page's own URL"
        self.report = ProbeReport(url=str(address), asked=ways.asked, action=what, acts=ways.do is not None)
        self.pictures: tuple[Screenshot, ...] = ()
        self._browser = browser
        self._origin = origin
        self._address = address
        self._ways = ways
        self._profile: Visit | None = None
        self._control: ControlTab | None = None
        self._lost: asyncio.Future[Any] | None = None
        self._opening: tuple[float, asyncio.Task[float]] | None = None
        self._tabs: list[AppTab] = []
        self._expected: list[Expected] = []
        self._ready_ms: list[float] = []
        self._times: dict[int, float] = {}
        self._live: set[int] = set()
        self._held: list[PageRequest] = []
        self._hung: TabSeen | None = None
        self._log: BrowserLog | None = None
        self._at_rest: Sequence[OpenRequest] = ()

    @property
    def profile(self) -> Visit:
        assert self._profile is not None
        return self._profile

    async def __aenter__(self) -> Visiting:
        self._profile = await self._browser.new_visit(self._ways.options)
        self._control = ControlTab(self._profile, self._origin)
        await self._control.ahead()  # Before any tab of the app: a new tab comes to the front.
        self._lost = asyncio.ensure_future(self._browser.lost())
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._lost is not None:
            await cancel_and_wait(self._lost)
        if self._control is not None:
            await self._control.close()
        for tab in self._tabs:
            await tab.leave()
        if self._profile is not None:
            with contextlib.suppress(HarnessFaultError):
                await self._profile.close()

    def note(self, **fields: object) -> None:
        """Add to the report."""
        self.report = msgspec.structs.replace(self.report, **fields)

    # One tab, then a second one.

    async def rest(self) -> Sequence[Held]:
        """Open the first tab, and watch it until it is at rest: what it holds open. Raises UsageError if the app does not load,
        or the user's file fails."""
        tab = await self._open()
        await self._until(lambda: tab.loaded or tab.error is not None, ALONE_S)
        if not tab.loaded:
            what = tab.error or f"did not load in {ALONE_S:.0f} s, though it was the only tab"
            raise UsageError(f"{self._address}: {what}", "open it by hand in that browser first")
        if self._ways.do is not None:
            await self._until(lambda: tab.acted or tab.error is not None, ALONE_S)
            if not tab.acted:
                why = tab.error or f"it had not ended after {ALONE_S:.0f} s, in the only tab"
                raise UsageError(f"{self._ways.done} failed: {why}", "try it in one tab first: --tabs 1 --headed")
        loaded_ms = now_ms()
        await self._watch(tab, loaded_ms)
        self._became_live(tab)
        held = tab.open_requests()
        last = max([one.at_ms for one in held] + [loaded_ms])
        self._ready_ms.append(last - tab.begun_ms)
        self._times[tab.number] = round(last - tab.begun_ms)
        self._expected, self._at_rest = [expectation(held)], held
        holders = held_by(held, None, await tab.calls())
        origin = max(holders, key=lambda one: one.count).origin if holders else self._address.origin
        acts_open = tab.acting_ms is not None and all(one.begun_ms >= tab.acting_ms for one in held)
        self.note(holders=holders, needs_more=needs_more(tab, held, origin), acts_open=acts_open,
                  watched_ms=round(now_ms() - loaded_ms))  # fmt: skip
        return holders

    def url_of(self, holder: Held) -> str:
        """The whole URL of a request that the first tab held open at rest. It may be secret."""
        return next(one.url for one in self._at_rest if shown(one.url) == holder.url)

    async def _watch(self, tab: AppTab, since_ms: float) -> None:
        """Watch a tab until what it holds open no longer changes."""
        still_ms, before = now_ms(), expectation(tab.open_requests())
        while now_ms() - since_ms < MOST_REST_MS:
            await self._pause(tab)
            now = expectation(tab.open_requests())
            if now != before:
                still_ms, before = now_ms(), now
            if now_ms() - since_ms >= REST_MS and now_ms() - still_ms >= STILL_MS:
                return

    async def second(self) -> None:
        """Open a second tab: what a further tab holds open. Where tabs share a stream, that is less."""
        await self._try_action(self._tabs[0])
        if self._ways.asked == 1:
            return
        tab = await self._open()
        if not await self._comes(tab):
            return
        held = tab.open_requests()
        self.note(holders=held_by(self._at_rest, held, await self._tabs[0].calls()))
        self._expected.append(expectation(held))

    # Many tabs.

    async def verify(self) -> None:
        """Open further tabs, each once the one before it is live. When one is held up, open all the others. In each live tab an
        action is tried, until one hangs."""
        up = all(tab.number in self._live for tab in self._tabs)
        while up and len(self._tabs) < self._ways.asked:
            await self._try_action(self._tabs[-1])
            up = await self._comes(await self._open())
        if up:
            await self._try_action(self._tabs[-1])
        if not up:
            await self._first_hang(self._tabs[-1])
        while self._ways.do is not None and len(self._tabs) < self._ways.asked:
            await self._comes(await self._open())  # A user acts in one tab at a time.
        rest = [await self._open() for _ in range(self._ways.asked - len(self._tabs))]
        await asyncio.gather(*[self._comes(tab) for tab in rest])
        await self._judge_all()

    async def _open(self) -> AppTab:
        tab = AppTab(len(self._tabs) + 1, await self.profile.new_tab(), self._ways.do)
        self._tabs.append(tab)
        tab.begin(self._address.url)
        return tab

    async def _comes(self, tab: AppTab) -> bool:
        """Wait until a tab is live, or held up."""
        expected = self._expected[-1]
        moved_ms, state = now_ms(), tab.state
        opened_ms, opening = self._control_opening()
        while now_ms() - tab.begun_ms < TAB_S * 1000:
            await self._pause(tab)
            if tab.reaches(expected):
                self._became_live(tab)
                self._ready_ms.append(self._times[tab.number])
                return True
            if tab.state != state:
                moved_ms, state = now_ms(), tab.state
            if tab.error is not None or tab.failure is not None:
                return False
            quiet_ms = now_ms() - moved_ms
            if opening.done() and opened_ms < moved_ms:
                opened_ms, opening = self._control_opening()
            elif opening.done() and quiet_ms >= self.quiet_ms:
                opening.result()
                return self._quiet(tab, quiet_ms)
        if not opening.done():
            raise HarnessFaultError(
                f"the control tab, which no limit of the app should hold back, did not open in {TAB_S:.0f} s",
                "run the probe again with --headed and watch",
            )
        return self._quiet(tab, 0.0)

    def _quiet(self, tab: AppTab, quiet_ms: float) -> bool:
        """Nothing moves in a tab: it is live only if nothing waits in it, and nothing was refused."""
        refused = tab.refused or self._refused(tab) is not None
        if tab.loaded and not refused and not tab.unanswered() and (self._ways.do is None or tab.acted):
            self._became_live(tab)
            return True
        self._times[tab.number] = round(quiet_ms)
        return False

    def _refused(self, tab: AppTab) -> str | None:
        """How the server refused what the first tab holds open; None if it did not."""
        return tab.refusal({bare(one.url) for one in self._at_rest})

    def _became_live(self, tab: AppTab) -> None:
        self._live.add(tab.number)
        self._times[tab.number] = round(now_ms() - tab.begun_ms)

    @property
    def quiet_ms(self) -> float:
        """How long nothing may have moved before a tab is held up."""
        return max(LEAST_QUIET_MS, QUIET_TIMES * max(self._ready_ms, default=0.0))

    @property
    def control(self) -> ControlTab:
        assert self._control is not None
        return self._control

    def _control_opening(self) -> tuple[float, asyncio.Task[float]]:
        """An opening of the control tab, and when it began. Tabs that wait at once share one."""
        began_ms, opening = self._opening or (0.0, None)
        if opening is None or opening.done():
            began_ms, opening = self._opening = (now_ms(), self.control.begin())
        return began_ms, opening

    async def _pause(self, tab: AppTab) -> None:
        """Wait for the next move of a tab, but not long; then look at it. Raises what the user's file raised."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LOOK_MS / 1000):
                assert self._lost is not None
                await wait_first(self._lost, tab.tab.next_move.wait())
        await tab.look()
        if tab.failure is not None:
            raise tab.failure

    async def _until(self, done: Callable[[], bool], limit_s: float) -> bool:
        until = now_ms() + limit_s * 1000
        while not done() and now_ms() < until:
            await self._pause(self._tabs[-1])
        return done()

    # Actions.

    async def _try_action(self, tab: AppTab) -> None:
        """Let a live tab send one more request, unless one has hung before. If it hangs, it is given up."""
        tried = self.report.actions
        if self._ways.do is not None:
            return  # The user's file acts in each tab as it opens.
        if tried and (tried[-1].tab == tab.number or not tried[-1].answered):
            return
        began = now_ms()
        asking = asyncio.create_task(tab.head())
        try:
            if await self._answered(asking):
                error = shown_in(one_line(str(asking.exception()))) if asking.exception() else None
                self._add(ActionSeen(tab=tab.number, what=self.report.action, answered=True, took_ms=round(now_ms() - began),
                                     error=error))  # fmt: skip
                return
            await self._read_log()
            held = self._head_held(tab)
            self._add(ActionSeen(tab=tab.number, what=self.report.action, answered=False, held=held))
            await tab.give_up_head()
        finally:
            await cancel_and_wait(asking)

    async def _answered(self, asking: asyncio.Task[int]) -> bool:
        """Wait until a request of a live tab is answered, or nothing comes for the quiet time and a control opening."""
        began = now_ms()
        _, opening = self._control_opening()
        while not asking.done():
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK_MS / 1000):
                    await asyncio.wait({asking})
            if opening.done() and now_ms() - began >= max(LEAST_QUIET_MS, 2 * max(self._took(), default=0.0)):
                break
        error = asking.exception() if asking.done() else None
        if error is not None and not isinstance(error, PageScriptError):
            raise error
        return asking.done()

    def _took(self) -> list[float]:
        return [one.took_ms for one in self.report.actions if one.took_ms is not None]

    def _add(self, action: ActionSeen) -> None:
        self.note(actions=(*self.report.actions, action))

    # The moment of the verdict, and the release.

    async def _first_hang(self, tab: AppTab) -> None:
        """Look at the first tab that is held up at once: long polls that end later may let it on."""
        await self._read_log()
        found = await self._seen(tab)
        if any(one.held for one in found.waiting):
            self._hung = found

    async def _judge_all(self) -> None:
        """Look at every tab once more: this is the moment of the verdict."""
        await self._read_log()
        found = [self._hung if self._hung and tab.number == self._hung.tab else await self._seen(tab) for tab in self._tabs]
        self.note(tabs=tuple(found), sockets=self._sockets())
        if self._ways.pictures:
            self.pictures = await screenshots([(tab.tab, (tab.number,)) for tab in self._tabs])

    async def _seen(self, tab: AppTab) -> TabSeen:
        await tab.look()
        if tab.number not in self._live and self._expected and tab.reaches(self._expected[-1]):
            self._became_live(tab)  # It was slow.
        came = tab.number in self._live
        live = came and not any(map(self._request_held, tab.unanswered()))
        found = seen(tab, live=live, came=came, waiting=self._waiting, times=self._times, do=self._ways.do is not None)
        found = msgspec.structs.replace(found, refused=None if live else self._refused(tab))
        if tab.answered or tab.error or any(one.what == "document" for one in found.waiting):
            return found
        navigation = Waiting(  # A browser may not report a navigation that it has not begun.
            url=str(self._address),
            what="document",
            since_ms=round(now_ms() - tab.begun_ms),
            held=self._navigation_held(),
        )
        return msgspec.structs.replace(found, waiting=(navigation, *found.waiting))

    def _waiting(self, request: PageRequest) -> Waiting:
        """A request without an answer, with what is known of its waiting."""
        older = [one for tab in self._tabs if not tab.closed for one in tab.unfinished() if one.begun_ms < request.begun_ms]
        return Waiting(
            url=shown(request.url),
            method=request.method,
            what=request.what,
            since_ms=round(now_ms() - request.begun_ms),
            held=self._request_held(request),
            behind=request.accept != EVENT_STREAM and any(one.url == request.url for one in older),
        )

    def _request_held(self, request: PageRequest) -> bool | None:
        """Whether the browser holds a request back, by its log. None if the log can't tell."""
        return None if self.report.log is not None else request in self._held

    def _navigation_held(self) -> bool | None:
        """Whether the log names the page's URL: for a navigation that no tab reports. None if the log can't tell."""
        return self._named(self._address.url)

    def _head_held(self, tab: AppTab) -> bool | None:
        """Whether the log names the URL that a tab sends a HEAD to: redirects may have led it elsewhere."""
        sent = [one.url for one in tab.tab.requests if one.method == "HEAD" and one.answered_ms is None]
        return self._named(sent[-1]) if sent else None

    def _named(self, url: str) -> bool | None:
        if self.report.log is not None or self._log is None:
            return None
        return any(same_url(one.url, url) for one in self._log.held)

    async def _read_log(self) -> None:
        """What the browser holds back now, by its own log. Of a URL that names a cell the log could not tell."""
        await self.control.flush_browser_log()
        self._log = await self._browser.account("")
        missing = "this browser keeps no log that can be read" if self._log is None else self._log.missing
        if any(parse_qs(urlsplit(one.url).query).get("cell") for tab in self._tabs for one in tab.tab.requests):
            missing = "a URL of the app has a value `cell`, as the lab's own URLs have"
        self.note(log=missing)
        self._held = self._held_requests()

    def _held_requests(self) -> list[PageRequest]:
        """The tabs' requests that the log says are held back. A log has URLs and moments only: of requests with the same URL,
        it is the one that began nearest to the moment that the log gives."""
        waiting = [one for tab in self._tabs if not tab.closed for one in tab.unanswered()]
        found: list[PageRequest] = []
        for held in self._log.held if self._log else ():
            same = [one for one in waiting if one not in found and same_url(held.url, one.url)]
            found += sorted(same, key=lambda one: abs(one.begun_ms - held.since_ms))[:1]
        return found

    def _sockets(self) -> tuple[SocketsSeen, ...]:
        """The browser's established connections to each origin that holds something open, and to the page's."""
        if self._browser.roots is None:
            return ()
        origins = dict.fromkeys([origin_of(self.report.url), *(one.origin for one in self.report.holders)])
        ends = connections_of(self._browser.roots)
        return tuple(SocketsSeen(origin, count_to(origin, ends)) for origin in origins)

    @property
    def waiting(self) -> bool:
        """Whether a tab, or an action, waits."""
        return any(not one.live for one in self.report.tabs) or any(not one.answered for one in self.report.actions)

    async def release(self, beside: Callable[[], Awaitable[BeyondBrowser]]) -> None:
        """If something waits: see whether a plain client is answered meanwhile; then close a live tab, and see which waiting
        one comes in its place."""
        if not self.waiting:
            return
        plain = await beside()
        self.note(beside=plain)
        if not plain.answered and any(tab.error for tab in self._tabs):
            self.note(broke=f"the app no longer answers: {plain.error}")
            return
        held_up = [tab for tab in self._tabs if tab.number not in self._live and tab.error is None]
        live = [tab for tab in self._tabs if tab.number in self._live and not any(map(self._request_held, tab.unanswered()))]
        if not live:
            return
        if held_up:
            came = await self._release_some(live, held_up)
        elif len(live) > 1:
            came = await self._released_action(live[0], live[-1])
        else:
            return
        self.note(release=came)

    async def _release_some(self, live: Sequence[AppTab], held_up: Sequence[AppTab]) -> ReleaseSeen:
        """Close live tabs, one after the other, until a waiting one comes: one more than the browser has connections beyond its
        limit."""
        beyond = max((one.extra for one in self.report.limits), default=0)
        came = await self._released(live[0], held_up)
        for victim in live[1 : beyond + 1]:
            if came.came is not None:
                break
            before = (*came.before, came.closed)
            came = msgspec.structs.replace(await self._released(victim, held_up), before=before)
        return came

    async def _released(self, victim: AppTab, held_up: Sequence[AppTab]) -> ReleaseSeen:
        """Close a live tab: which waiting one comes on? A long poll that gets its place shows that in the log only."""
        states, held = {tab.number: tab.state for tab in held_up}, list(self._held)
        began = now_ms()
        _, opening = self._control_opening()
        await victim.close()
        while not (opening.done() and now_ms() - began >= self.quiet_ms):
            await self._pause(held_up[0])
            came = next((tab.number for tab in held_up if tab.state != states[tab.number]), None)
            if came is not None:
                return ReleaseSeen(closed=victim.number, came=came, after_ms=round(now_ms() - began))
        await self._read_log()
        for tab in held_up:
            if any(one in held and one not in self._held for one in tab.unanswered()):
                return ReleaseSeen(closed=victim.number, came=tab.number)
        return ReleaseSeen(closed=victim.number, came=None)

    async def _released_action(self, victim: AppTab, tab: AppTab) -> ReleaseSeen:
        """The same for an action: it is sent once more, and waits while the tab is closed."""
        asking = asyncio.create_task(tab.head())
        try:
            await asyncio.wait({asking}, timeout=LOOK_MS / 1000)
            began = now_ms()
            await victim.close()
            answered = await self._answered(asking)
            return ReleaseSeen(
                closed=victim.number,
                came=tab.number if answered else None,
                after_ms=round(now_ms() - began) if answered else None,
            )
        finally:
            await cancel_and_wait(asking)


def same_url(logged: str, url: str) -> bool:
    """Whether the log's URL is this one: some logs have only its path and query."""
    url = url.partition("#")[0]
    parts = urlsplit(url)
    return logged in (url, f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/")


def connections_of(roots: Sequence[int]) -> list[tuple[str, int]]:
    """The other ends, address and port, of the established TCP connections of some processes and their descendants."""
    found: list[tuple[str, int]] = []
    for root in roots:
        try:
            processes = [psutil.Process(root), *psutil.Process(root).children(recursive=True)]
        except psutil.NoSuchProcess:
            continue
        for process in processes:
            with contextlib.suppress(psutil.NoSuchProcess, psutil.AccessDenied):
                found += [
                    (one.raddr.ip.removeprefix("::ffff:"), one.raddr.port)
                    for one in process.net_connections(kind="tcp")
                    if one.status == psutil.CONN_ESTABLISHED and one.raddr
                ]
    return found


def count_to(origin: str, ends: Sequence[tuple[str, int]]) -> int:
    """How many connections go to an origin: to its port, at one of the addresses of its host."""
    host, port = urlsplit(origin).hostname or "", port_of(origin)
    try:
        own = {str(one[4][0]) for one in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)}
    except OSError:
        return 0
    return sum(address in own and at == port for address, at in ends)


def port_of(origin: str) -> int:
    """The port of an origin."""
    parts = urlsplit(origin)
    return parts.port or (443 if parts.scheme == "https" else 80)
