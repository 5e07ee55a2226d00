"""The probe: what a user's own app was seen to do, on the wire and in a browser's tabs. Raw; nothing here is judged but the
findings about the wire.

Times are milliseconds. URLs have no values of their queries.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec

from lab.model.wire import WireSeen


class Severity(StrEnum):
    """How bad a finding is, the worst first."""

    PROBLEM = "problem"
    RISK = "risk"
    NOTE = "note"


class Finding(msgspec.Struct, frozen=True):
    """One finding: what, how bad, the evidence, the fix."""

    id: str
    """Its stable name: docs/probe.md says what it means."""
    severity: Severity
    """How bad it is."""
    what: str
    """What was found, in one line."""
    evidence: str
    """What shows it."""
    fix: str = ""
    """What to do about it; empty if nothing must be done."""


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """A kind of request that one tab keeps open: as many as `count`, all with this origin and URL."""

    origin: str
    """Scheme, host and port that it is sent to."""
    url: str
    """Its URL."""
    method: str = "GET"
    """Its method."""
    kind: str
    """What it is: event stream, WebSocket, streaming answer, or unanswered request (a long poll, or a stream without a
    header)."""
    content_type: str = ""
    """The media type of its answer; empty if it has none."""
    initiator: str = ""
    """Which call in which script sent it; empty if it is not known."""
    count: int = 1
    """How many of them the first tab holds."""
    further: int = 1
    """How many of them the second tab holds: fewer where tabs share them."""
    age_ms: float = 0.0
    """For how long the oldest of them had been open when the tab was at rest."""
    protocol: str = ""
    """The protocol to that origin: a name from lab/model/protocols.py; empty if it is not known."""


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """A request that had no answer when a tab was judged."""

    url: str
    """Its URL."""
    method: str = "GET"
    """Its method."""
    what: str = ""
    """The browser's name for its kind: document, script, eventsource…"""
    since_ms: float = 0.0
    """For how long it had waited."""
    held: bool | None = None
    """Whether the browser holds it back, according to its own log; null if the log can't tell."""
    behind: bool = False
    """Whether an older request for the same URL is still open: then a browser's cache may let this one wait."""


class TabSeen(msgspec.Struct, frozen=True, kw_only=True):
    """One tab of the app. It is live if its document has loaded and it holds as many open requests as the first tab did."""

    tab: int
    """Its number, from 1 in the order of opening."""
    live: bool
    """Whether it came as far as the first tab, and the browser holds none of its requests back."""
    came: bool = False
    """Whether it had come as far as the first tab before. If it is not live, a request that it sent later waits."""
    answered: bool
    """Whether the server's answer to its navigation has come."""
    loaded: bool
    """Whether its document has loaded."""
    ready_ms: float | None = None
    """How long that took; null if it is not live."""
    quiet_ms: float | None = None
    """If it is not live: for how long nothing had moved in it."""
    status: int | None = None
    """The status of its document."""
    open: int = 0
    """How many requests it held open."""
    acted: bool | None = None
    """Whether what `--do` does in it has ended; null without `--do`."""
    waiting: tuple[Waiting, ...] = ()
    """Its requests without an answer, the first twenty."""
    refused: str | None = None
    """How the server refused what the first tab holds open: an error status, or an end at once; null if it did not."""
    error: str | None = None
    """Why its navigation, or what `--do` does in it, failed; null if it did not."""


class ActionSeen(msgspec.Struct, frozen=True, kw_only=True):
    """One more request from a live tab, as its user's next click would send it."""

    tab: int
    """The tab that sent it."""
    what: str
    """What was sent: HEAD of the page's own URL, or what `--do` does."""
    answered: bool
    """Whether it was answered."""
    took_ms: float | None = None
    """How long that took; null if it was not answered."""
    held: bool | None = None
    """Whether the browser held it back, according to its own log; null if the log can't tell."""
    error: str | None = None
    """Why it failed."""


class LimitSeen(msgspec.Struct, frozen=True, kw_only=True):
    """A limit, measured in this very browser in a short cell of the lab's own origin."""

    protocol: str
    """The protocol of the cell."""
    what: str
    """What was opened: streams or WebSockets."""
    opened: int
    """How many were opened."""
    live: int
    """How many of them were live."""
    reached: bool
    """Whether more were opened than were live: then `live` is the limit."""
    extra: int = 0
    """How many tabs then still opened, one stream each, on connections beyond the limit that navigations get."""
    clicks: bool | None = None
    """Whether a request that a user's click sends gets such a connection too; null if that was not tried."""
    allowed: int | None = None
    """How many streams the origin allowed on a connection; null without HTTP/2."""
    seconds: float = 0.0
    """How long the cell took."""


class ReleaseSeen(msgspec.Struct, frozen=True, kw_only=True):
    """The release proof: a live tab was closed, and a waiting one came in its place."""

    closed: int
    """The tab that was closed."""
    before: tuple[int, ...] = ()
    """The tabs that were closed before it, and for which none came: a browser with connections beyond its limit gives a place
    only once it is below."""
    came: int | None
    """The waiting tab in which something moved then; null if none did."""
    after_ms: float | None = None
    """How long after that; null if only the browser's log shows it."""


class SocketsSeen(msgspec.Struct, frozen=True):
    """How many TCP connections the browser's processes had to one origin, when the tabs were judged."""

    origin: str
    """The origin."""
    open: int
    """Its established connections."""


class BeyondBrowser(msgspec.Struct, frozen=True, kw_only=True):
    """Whether a plain client was answered while tabs waited: it shares nothing with the browser."""

    answered: bool
    """Whether it was."""
    took_ms: float | None = None
    """How long that took."""
    error: str | None = None
    """Why it was not."""


class ProbeReport(msgspec.Struct, frozen=True, kw_only=True):
    """What was seen of a user's own app in one browser. Times are durations in ms."""

    url: str
    """The page's URL."""
    asked: int
    """How many tabs were asked for."""
    wire: tuple[WireSeen, ...] = ()
    """What the plain client saw of the page, of its streams, and of each hop."""
    holders: tuple[Held, ...] = ()
    """What the first tab held open at rest."""
    needs_more: bool = False
    """Whether its page sent one more request to the origin that runs out first, after its streams were open."""
    watched_ms: float = 0.0
    """How long the first tab was watched."""
    limits: tuple[LimitSeen, ...] = ()
    """The limits that were measured for the prediction."""
    tabs: tuple[TabSeen, ...] = ()
    """The tabs."""
    actions: tuple[ActionSeen, ...] = ()
    """The requests that were tried in live tabs."""
    action: str = ""
    """What was tried: a HEAD of the page, or a file of the user's (`--do`)."""
    acts: bool = False
    """Whether it is a file of the user's, which acts in each tab as it opens."""
    acts_open: bool = False
    """Whether what the first tab held open had begun after that file began to act in it."""
    release: ReleaseSeen | None = None
    """The release proof; null if no tab waited."""
    sockets: tuple[SocketsSeen, ...] = ()
    """The browser's connections when the tabs were judged."""
    log: str | None = None
    """Why the browser's log can't tell; null if it could."""
    beside: BeyondBrowser | None = None
    """Whether a plain client was answered while tabs waited; null if none waited."""
    broke: str | None = None
    """Why the probe ended early (the app died, the user's file failed); null if it did not."""
