"""What a judge can say."""

from __future__ import annotations

from enum import StrEnum

import msgspec


class Kind(StrEnum):
    CONFIRMED = "confirmed"
    REFUTED = "refuted"
    DISPUTED = "disputed"
    UNSUPPORTED = "unsupported"
    HARNESS_FAULT = "harness_fault"


class Cause(StrEnum):
    """What held the waiting ones back."""

    CONNECTIONS = "connections per host"
    ORIGIN_STREAMS = "streams per connection (the origin's setting)"
    BROWSER_STREAMS = "streams per connection (the browser's own)"
    WEBSOCKETS = "WebSockets"
    SOCKETS = "sockets in total"
    NONE = "none found"


class Statement(msgspec.Struct, frozen=True):
    """What one witness says, in words; `live` is its own count of live tabs, where it has one."""

    witness: str
    says: str
    live: int | None = None


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """The counts are None where there was nothing to count. `why` is one or two sentences for a reader; `answer` a word or two,
    where the question is not how many."""

    kind: Kind
    why: str
    live: int | None = None
    documents: int | None = None
    connections: int | None = None
    max_streams: int | None = None
    cause: Cause | None = None
    answer: str | None = None
    witnesses: tuple[Statement, ...] = ()
