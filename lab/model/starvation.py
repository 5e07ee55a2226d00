"""Starvation: what else a page tried while the streams were held."""

from __future__ import annotations

import msgspec


class ProbeSeen(msgspec.Struct, frozen=True):
    """One other thing that a page did while the streams were held."""

    kind: str
    """What it was: fetch, xhr, image, script, beacon, websocket or navigation."""
    page: str
    """From where: same-origin or cross-origin."""
    outcome: str
    """passed, waited or failed."""
    took_ms: float | None = None
    """How long it took to reach the origin, when it passed."""
    after_release_ms: float | None = None
    """How long after the end of a stream it reached the origin, when it waited."""
    arrived_ms: float | None = None
    """When it reached the origin."""
    note: str | None = None
    """What the browser said of a failure."""
