"""What a browser's log says, and what came of starting a browser. Independent of the driver."""

from __future__ import annotations

import msgspec

from lab.model.verdict import Limit


class HeldRequest(msgspec.Struct, frozen=True):
    """A request that the browser holds back, according to its own log."""

    url: str
    """Its URL."""
    tab: int | None
    """The number of the client that sent the request; null for a URL that names no client."""
    waits_for: Limit
    """The limit that the request waits for, according to the log."""
    since_ms: float
    """When the browser began to hold it back."""
    limit: int | None = None
    """The value of that limit, where the log gives it."""
    note: str | None = None
    """Further details from the log, in words."""
    line: str = ""
    """The log's own line; a long line is cut."""


class BrowserLog(msgspec.Struct, frozen=True):
    """What the browser's own log says at one moment: the requests that it holds back; or `missing`, the reason why it can't be
    used."""

    held: tuple[HeldRequest, ...] = ()
    missing: str | None = None


class LaunchAttempt(msgspec.Struct, frozen=True):
    """One attempt to start a browser for an engine, and its result."""

    engine: str
    """The engine's name."""
    what: str
    """Which browser: a channel, a path, an endpoint."""
    version: str | None = None
    """Its version, when it started."""
    reason: str | None = None
    """Why it did not start."""
    fix: str = ""
    """What to do about it: a command, or a setting to correct."""
