"""Delivery: what each client received while the feed ran, and what that cost. Raw, as it was counted."""

from __future__ import annotations

import msgspec

from lab.model.ledger import Counters


class Usage(msgspec.Struct, frozen=True):
    """What a tree of processes has used: CPU seconds since it began, and bytes of memory of its own."""

    cpu_s: float
    memory_bytes: int


class UsageSpan(msgspec.Struct, frozen=True):
    """What the origin and the browser used between two moments `at_ms`: the counters at its beginning and its end. `browser` is
    None where the browser's processes can't be seen (it runs elsewhere)."""

    at_ms: tuple[float, float]
    origin: tuple[Usage, Usage]
    browser: tuple[Usage, Usage] | None


class ClientDelivery(msgspec.Struct, frozen=True):
    """What one client received of the updates published while the feed ran: how many (each once), how many it missed, received
    again, or received after a newer one. `latencies_ms` run from the origin's stamp to the page's handler."""

    tab: int
    received: int
    missed: int
    repeated: int
    disordered: int
    latencies_ms: tuple[float, ...]


class DeliverySeen(msgspec.Struct, frozen=True, kw_only=True):
    """The feed ran from `began` to `ended`, the origin's own counters at those moments. `idle` are windows with the same tabs
    open and nothing to say, before and after, and `running` the window between. `clocks_ms` is the most by which a page's clock
    may differ from the origin's, after both were compared."""

    clients: tuple[ClientDelivery, ...]
    began: Counters
    ended: Counters
    clocks_ms: float
    idle: tuple[UsageSpan, ...]
    running: UsageSpan
