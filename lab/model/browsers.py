"""What a browser is asked and says, without a word of how it is driven."""

from __future__ import annotations

import msgspec

from lab.model.verdict import Limit


class HeldRequest(msgspec.Struct, frozen=True):
    """A request that the browser's own log says it holds back."""

    url: str
    """Its URL."""
    tab: int | None
    """The number of the client whose request it is; null for a URL that names none."""
    waits_for: Limit
    """The limit that it waits for, by the log."""
    since_ms: float
    """Since when."""
    limit: int | None = None
    """The number in force, where the log tells it."""
    note: str | None = None
    """What else the log says of it, in words."""
    line: str = ""
    """The log's own line, cut where it is long."""


class BrowserLog(msgspec.Struct, frozen=True):
    """The browser's own account at one moment: the requests that it holds back; or `missing`, why it could not be read."""

    held: tuple[HeldRequest, ...] = ()
    missing: str | None = None


class LaunchAttempt(msgspec.Struct, frozen=True):
    """One browser that was tried for an engine, and what came of it."""

    engine: str
    """The engine's name."""
    what: str
    """Which browser: a channel, a path, an endpoint."""
    version: str | None = None
    """Its version, when it started."""
    reason: str | None = None
    """Why it did not start."""
    fix: str = ""
    """The command that would change that."""
