"""Drops: what a case asks for, and what came of each drop."""

from __future__ import annotations

import msgspec

from lab.model.ledger import Counters

RETRY_MS = 500
"""Default reconnection time (`retry`), in ms."""


class Drop(msgspec.Struct, frozen=True):
    """How clients may come back after their streams were dropped. `transport` and `protocol` restrict the case to cells that
    can ask so."""

    retry: int | None = RETRY_MS
    """The reconnection time that the stream announces, in ms; None: it announces none, so the browser's default shows."""
    status: int = 0
    """The status that answers a reconnecting client; 0: it is served."""
    content_type: str = "text/plain"
    """The content type of that answer."""
    transport: str = ""
    protocol: str = ""


class ClientAfterDrop(msgspec.Struct, frozen=True, kw_only=True):
    """One client after a drop."""

    tab: int
    """The client's number."""
    had: int | None
    """The last update that it received before it asked again."""
    closed_ms: float | None
    """When its stream ended; null where it had none."""
    asked_ms: float | None
    """When its first new request reached the origin."""
    asks: int
    """How many requests it sent in all."""
    http: str | None
    """The HTTP version of the first new request: 1.1 or 2."""
    last_event_id: str | None
    """The Last-Event-ID of the first new request."""
    live_ms: float | None
    """When the first update of a new request came; null when none did."""
    missed: int
    """Updates published since it was asked to note them that never came."""
    repeated: int
    """Updates that came more than once."""
    kinds: dict[str, int]
    """How many updates came by each event name."""
    failed: str | None
    """What the browser said when it gave up for good."""


class DropSeen(msgspec.Struct, frozen=True, kw_only=True):
    """What came of one drop of every client's stream."""

    how: str
    """end: each stream was ended; reset: each connection was reset; shut: the doors closed for a while."""
    dropped_ms: float
    """When it was done."""
    retry: int | None
    """The reconnection time that the streams had announced, in ms."""
    status: int
    """The status that answered reconnecting clients; 0: they were served."""
    watched_ms: float
    """How long refused clients were watched for another request, in ms."""
    clocks_ms: float
    """The most by which a page's clock may differ from the origin's, in ms."""
    ended: Counters
    """The origin's counters when the feed fell silent."""
    clients: tuple[ClientAfterDrop, ...]
    """Each client."""
