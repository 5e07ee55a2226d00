"""The feed's values: what both halves of a transport know of an update."""

from __future__ import annotations

import msgspec


class Update(msgspec.Struct, frozen=True):
    """One update. `kind` is `score`, or `commentary`, whose text has several lines. `at_ms` is its stamp, the moment it was
    published; `due_ms` when that should have been."""

    seq: int
    at_ms: float
    kind: str
    text: str
    due_ms: float = 0.0


class Missed(msgspec.Struct, frozen=True):
    """Updates that the feed no longer remembers: `first` to `last`."""

    first: int
    last: int
