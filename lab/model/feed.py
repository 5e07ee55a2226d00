"""The feed's values. The origin's half of each transport writes them, and the page's half receives them."""

from __future__ import annotations

import msgspec


class Update(msgspec.Struct, frozen=True):
    """One update. `seq` is its number. `kind` is `score`, or `commentary`, whose text has several lines. `at_ms` is its time
    stamp, the moment it was published; `due_ms` is the moment it should have been published."""

    seq: int
    at_ms: float
    kind: str
    text: str
    due_ms: float = 0.0


class Missed(msgspec.Struct, frozen=True):
    """The updates from number `first` to `last`, which the feed no longer keeps."""

    first: int
    last: int
