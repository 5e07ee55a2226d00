"""Hops: the servers that a request passes between browser and origin, and what was seen at each end."""

from __future__ import annotations

import msgspec


class ProxySeen(msgspec.Struct, frozen=True, kw_only=True):
    """The proxy of a route, as it was started for a cell."""

    name: str
    """The proxy's name for a reader."""
    variant: str
    """The variant of its configuration: the route's name."""
    version: str
    """The version that its program gave."""
    found: str
    """How its program was found: on PATH, from a package, or by a variable."""
    line: str
    """The lines in which the variant differs from the proxy's defaults; empty for the defaults."""
    behind: str
    """The protocol from the proxy to the origin."""
    configuration: str
    """The configuration, without the paths of the run."""


class FrontConnection(msgspec.Struct, frozen=True, kw_only=True):
    """One TCP connection that the browser opened to the proxy, as a relay in front of the proxy counted it."""

    connection: int
    """Its number, in the order of opening."""
    door: str
    """The protocol that the front is for."""
    opened_ms: float
    """When it was accepted."""
    closed_ms: float | None = None
    """When one of its ends closed it; null while it is open."""
    offered: tuple[str, ...] | None = None
    """The protocols that the browser offered in ALPN; null without TLS, and where no whole ClientHello came."""


class WebSocketSeen(msgspec.Struct, frozen=True, kw_only=True):
    """One WebSocket that a page opened through the proxy."""

    passed: bool
    """Whether the page's socket opened."""
    why: str
    """Why it did not; empty if it did."""
    connections: int
    """How many new connections the browser opened for it: none where it went over the connection that was there (RFC 8441)."""
    behind: str | None
    """The protocol of the connection by which it reached the origin; null if it did not."""


class LeavingSeen(msgspec.Struct, frozen=True, kw_only=True):
    """A live tab was closed while its stream was silent: when the origin learned of it."""

    learned_ms: float | None
    """Time from the closing of the tab to the end of its stream at the origin, in ms; null if it had not ended in time."""
    watched_ms: float
    """How long the ledger was watched, in ms."""
    after_update: bool
    """Whether an update was sent to the stream before the origin learned of it."""


class ReloadSeen(msgspec.Struct, frozen=True, kw_only=True):
    """The proxy read its configuration anew while streams were open."""

    streams: int
    """How many streams were open."""
    ended: int
    """How many of them ended."""
    back_ms: tuple[float, ...]
    """For each client that sent a new request, the time from the reload to that request, in ms."""
    watched_ms: float
    """How long the ledger was watched, in ms."""


class HopsSeen(msgspec.Struct, frozen=True, kw_only=True):
    """What was seen at both ends of a proxy. The origin's end is the ledger."""

    front: tuple[FrontConnection, ...] = ()
    """The browser's connections to the proxy."""
    negotiated: str | None = None
    """The protocol of the first page's connection, as the page's own browser names it (nextHopProtocol)."""
    announced: int | None = None
    """SETTINGS_MAX_CONCURRENT_STREAMS of the proxy, as a plain client was told it; null if it announced none."""
    connect: bool | None = None
    """Whether the proxy announced SETTINGS_ENABLE_CONNECT_PROTOCOL (RFC 8441); null over HTTP/1.1."""
    met: str = ""
    """What the proxy wrote about a limit of its own, such as connections, files or memory; empty if it wrote nothing."""
    websocket: WebSocketSeen | None = None
    """A WebSocket through the proxy; null if none was tried."""
    leaving: LeavingSeen | None = None
    """A tab that was closed; null if none was."""
    reload: ReloadSeen | None = None
    """A reload of the proxy; null if there was none."""
