"""Silence: how long a proxy lets a stream live on which nothing comes, and one on which something does."""

from __future__ import annotations

import msgspec


class Silence(msgspec.Struct, frozen=True):
    """A case of silence: how long the streams are watched. `transport` and `protocol` restrict the case to one of each; empty:
    any."""

    seconds: float
    """How long, in seconds."""
    transport: str = ""
    protocol: str = ""


class StreamWatched(msgspec.Struct, frozen=True, kw_only=True):
    """One stream through the proxy, watched from both ends by a plain client and the ledger."""

    name: str
    """silent: after its first event nothing is sent; talking: an event a second."""
    opened: bool
    """Whether its first event, which is sent at once, arrived."""
    ended_after_ms: float | None = None
    """Time from its request to its end at the client, in ms; null if it had not ended."""
    how: str = ""
    """How it ended for the client, in words; empty if it had not."""
    origin_after_ms: float | None = None
    """Time from its request to its end at the origin, in ms; null if it had not ended."""


class SilenceSeen(msgspec.Struct, frozen=True, kw_only=True):
    """What was watched, and for how long (ms)."""

    watched_ms: float
    """How long the streams were watched, in ms."""
    streams: tuple[StreamWatched, ...]
    """Each stream."""
