"""Drops: how clients may reconnect after their streams were dropped, and what each client did."""

from __future__ import annotations

import msgspec

from lab.model.ledger import Counters

RETRY_MS = 500
"""Default reconnection time (`retry`), in ms."""


class Drop(msgspec.Struct, frozen=True):
    """A case of drops: how clients may reconnect after their streams were dropped. `transport` and `protocol` restrict the case
    to one of each; empty: any."""

    retry: int | None = RETRY_MS
    """The reconnection time that the stream announces, in ms; None: it announces none, and the browser uses its default."""
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
    """The last update that it received before it reconnected."""
    closed_ms: float | None
    """When its stream ended; null if it had none."""
    asked_ms: float | None
    """When its first request after the drop reached the origin; null if none did."""
    asks: int
    """How many requests it sent after the drop."""
    http: str | None
    """The HTTP version of that first request: 1.1 or 2."""
    last_event_id: str | None
    """The Last-Event-ID of that first request."""
    live_ms: float | None
    """When it received an update again; null if it did not."""
    missed: int
    """Updates that it never received, of those published since it began to record them."""
    repeated: int
    """Updates that it received more than once."""
    kinds: dict[str, int]
    """How many updates it received, by event name."""
    failed: str | None
    """The browser's message when the client gave up for good; null if it did not."""


class DropSeen(msgspec.Struct, frozen=True, kw_only=True):
    """One drop: every client's stream was ended, and each client was followed."""

    how: str
    """end: each stream was ended; reset: each connection was reset; shut: the doors closed for a while."""
    dropped_ms: float
    """When the origin dropped the streams."""
    retry: int | None
    """The reconnection time that the streams had announced, in ms; null if they announced none."""
    status: int
    """The status that answered reconnecting clients; 0: they were served."""
    watched_ms: float
    """How long the lab waited for further requests of refused clients, in ms."""
    clocks_ms: float
    """The largest possible difference between a page's clock and the origin's, in ms."""
    ended: Counters
    """The origin's counters after the feed had stopped."""
    clients: tuple[ClientAfterDrop, ...]
    """Each client."""
