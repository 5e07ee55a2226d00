"""Delivery: what each client received while the feed ran, and what that cost. Raw counts, nothing derived."""

from __future__ import annotations

import msgspec

from lab.model.ledger import Counters


class Usage(msgspec.Struct, frozen=True):
    """What a process and its descendants have used: CPU seconds since they began, and bytes of memory that only they hold."""

    cpu_s: float
    memory_bytes: int


class UsageSpan(msgspec.Struct, frozen=True):
    """What the origin and the browser used in the span between the two moments `at_ms`: a pair of readings, at its beginning
    and at its end. `browser` is None where the browser's processes can't be seen (it runs on another machine)."""

    at_ms: tuple[float, float]
    origin: tuple[Usage, Usage]
    browser: tuple[Usage, Usage] | None


class ClientDelivery(msgspec.Struct, frozen=True):
    """What one client received of the updates that were published while the feed ran: how many (each counted once), and how
    many it missed, received again, or received after a newer one. `latencies_ms` are measured from the origin's time stamp to
    the page's handler."""

    tab: int
    received: int
    missed: int
    repeated: int
    disordered: int
    latencies_ms: tuple[float, ...]


class DeliverySeen(msgspec.Struct, frozen=True, kw_only=True):
    """What was measured while the feed ran. `began` and `ended` are the origin's counters before and after it. `running` is the
    span in which it ran; `idle` are spans before and after, with the same tabs open and a silent feed. `clocks_ms` is the
    largest remaining difference between a page's clock and the origin's, after both were compared."""

    clients: tuple[ClientDelivery, ...]
    began: Counters
    ended: Counters
    clocks_ms: float
    idle: tuple[UsageSpan, ...]
    running: UsageSpan
