"""The wire: what a plain client saw when it asked a server for one URL, without a browser.

Nothing secret is in here: of a header only the fields of `KEPT`, of a URL no value of its query, of a body nothing but sizes
and times. Times are ms since the exchange began.
"""

from __future__ import annotations

from http import HTTPStatus

import msgspec

BROWSER, IDENTITY = "browser", "identity"
"""The two codings that are asked for: what browsers accept, and nothing compressed."""

KEPT = frozenset(
    {
        "access-control-allow-credentials", "access-control-allow-origin", "alt-svc", "cache-control", "connection",
        "content-encoding", "content-length", "content-type", "location", "retry-after", "server", "transfer-encoding", "vary",
        "via", "x-accel-buffering", "x-cache", "x-powered-by",
    }
)  # fmt: skip
"""The header fields of an answer that are recorded. No other field is."""

EVENT_STREAM = "text/event-stream"


class Read(msgspec.Struct, frozen=True):
    """What one read of the connection brought of the body."""

    at_ms: float
    """When it came."""
    size: int
    """Its bytes, as they were sent (compressed ones, where the answer is)."""
    events: int | None
    """How many events (or comments) ended in it; null if it could not be decoded."""
    rest: int = 0
    """How many bytes of an incomplete event it ended with."""


class EventsSeen(msgspec.Struct, frozen=True, kw_only=True):
    """The events of a stream of server-sent events."""

    events: int = 0
    """How many events came."""
    comments: int = 0
    """How many comments came: usually heartbeats."""
    ids: int = 0
    """How many events had an id."""
    retry_ms: int | None = None
    """The last reconnection time that the stream gave; null if it gave none."""
    resumed: str | None = None
    """What a second request with Last-Event-ID got: `honoured`, `started over` or `not known`; null where none was sent."""


FIRST_ERROR = 400
"""From this status on an answer is an error (RFC 9110, section 15)."""


class Exchange(msgspec.Struct, frozen=True, kw_only=True):
    """One request and its answer, as far as it was watched."""

    protocol: str
    """The protocol: a name from lab/model/protocols.py."""
    coding: str
    """Which codings were asked for: browser or identity."""
    http: str = ""
    """The version that the answer names: 1.0, 1.1 or 2; empty without an answer."""
    status: int | None = None
    """The status; null without an answer."""
    fields: dict[str, str] = {}
    """The recorded fields of the answer's header, by lower-case name."""
    connected_ms: float | None = None
    """When the connection was open, with TLS where there is any."""
    head_ms: float | None = None
    """When the header was complete; null if it never was."""
    reads: tuple[Read, ...] = ()
    """The reads that brought parts of the body, the first thousand."""
    size: int = 0
    """The bytes of the whole body, as far as it was watched."""
    ended_ms: float | None = None
    """When the answer was complete; null if it was still open at the end, or was cut."""
    watched_ms: float = 0.0
    """How long it was watched."""
    error: str | None = None
    """Why it failed; null if it did not."""
    cut: str | None = None
    """Why it was no longer watched although more came; null if it was watched to its end or to the end of the time."""
    settings: dict[str, int] = {}
    """The server's SETTINGS over HTTP/2, by their names in RFC 9113."""
    stream: EventsSeen | None = None
    """The events, if the answer is a stream of server-sent events."""

    @property
    def content_type(self) -> str:
        """The media type without its parameters, in lower case; empty if there is none."""
        return self.fields.get("content-type", "").partition(";")[0].strip().lower()

    @property
    def is_stream(self) -> bool:
        """Whether the answer is a stream of server-sent events."""
        return self.status == HTTPStatus.OK and self.content_type == EVENT_STREAM

    @property
    def open(self) -> bool:
        """Whether it was still open when the time was over."""
        return self.ended_ms is None and self.error is None and self.cut is None


class Redirect(msgspec.Struct, frozen=True):
    """One redirect that was followed."""

    status: int
    """Its status."""
    to: str
    """Where it led, without values of the query."""


class WireSeen(msgspec.Struct, frozen=True, kw_only=True):
    """What the plain client saw of one URL."""

    url: str
    """The URL that was asked in the end, without values of its query."""
    name: str = ""
    """The hop's name, where several were asked; else empty."""
    alpn: str | None = None
    """What the server chose when it was offered HTTP/2 and HTTP/1.1; null without TLS, empty if it chose nothing."""
    tls: str | None = None
    """The version of TLS; null without TLS."""
    certificate: str | None = None
    """Why the certificate is not trusted; null if it is, and without TLS."""
    names: tuple[str, ...] = ()
    """The names that the certificate is for."""
    redirects: tuple[Redirect, ...] = ()
    """The redirects before that URL."""
    exchanges: tuple[Exchange, ...] = ()
    """One for each protocol and coding."""

    @property
    def protocol(self) -> str:
        """The protocol that a browser would use, by its name in lab/model/protocols.py."""
        if self.tls is None:
            return "h1-clear"
        return "h2" if self.alpn == "h2" else "h1"

    def first(self, coding: str = BROWSER) -> Exchange | None:
        """The exchange over that protocol with one coding; None where there is none."""
        found = (one for one in self.exchanges if (one.protocol, one.coding) == (self.protocol, coding))
        return next(found, None)
