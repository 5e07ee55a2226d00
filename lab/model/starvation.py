"""Starvation: other requests of a page (probes) while every stream is in use."""

from __future__ import annotations

import msgspec


class ProbeSeen(msgspec.Struct, frozen=True):
    """One probe: another request of a page, sent while every stream was in use."""

    kind: str
    """The kind of request: fetch, xhr, image, script, beacon, websocket or navigation."""
    page: str
    """The page that sent it: same-origin or cross-origin."""
    outcome: str
    """What happened to it: passed, waited or failed."""
    took_ms: float | None = None
    """If it passed: how long it took to reach the origin."""
    after_release_ms: float | None = None
    """If it waited: how long after the end of a stream it reached the origin."""
    arrived_ms: float | None = None
    """When it reached the origin."""
    note: str | None = None
    """If it failed: the browser's message."""
