"""Buffering: what an app does about it, and when each event of a short stream arrived."""

from __future__ import annotations

import msgspec


class App(msgspec.Struct, frozen=True):
    """A case of buffering: what the app behind the proxy does besides sending its events. `transport` and `protocol` restrict
    the case to one of each; empty: any."""

    comment: bool = False
    """Whether it sends a comment as soon as the stream is open."""
    padding: int = 0
    """How many bytes that comment has; 0: only a word."""
    fields: tuple[tuple[str, str], ...] = ()
    """Further fields of the answer's header."""
    transport: str = ""
    protocol: str = ""


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """One reader of one stream: what it received, and how much later than it was sent."""

    reader: str
    """Who read: `page`, `plain client (as a browser asks)`, `plain client (identity)`; or without the proxy: `direct` (a plain
    client), `page, direct`."""
    head_ms: float | None = None
    """Time from the request's arrival at the origin to the arrival of the answer's header, in ms; null if none came."""
    late_ms: tuple[float, ...] = ()
    """For each event in order, the time from its sending to its arrival, in ms. Empty for a coding that this reader
    can't decode."""
    coding: str = ""
    """The answer's content coding; empty for none, or where the reader can't see it."""
    http: str = ""
    """The HTTP version or ALPN name of the answer; empty where the reader can't see it."""
    reads: int | None = None
    """In how many reads the body came; null where the reader can't see it."""
    error: str | None = None
    """What went wrong; null if nothing did."""


class BufferingSeen(msgspec.Struct, frozen=True, kw_only=True):
    """A short stream, sent to several readers at once."""

    lead_ms: float
    """The pause between the header and the first event, in ms."""
    interval_ms: float
    """The time from one event to the next, in ms."""
    events: int
    """How many events were sent to each reader."""
    clocks_ms: float = 0.0
    """The largest possible difference between the page's clock and the origin's, in ms."""
    readings: tuple[Reading, ...] = ()
    """Each reader."""
