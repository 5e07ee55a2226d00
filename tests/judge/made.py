"""Observations made up for the judge: consistent ones, which each test then changes."""

from __future__ import annotations

from typing import Any

import msgspec

from lab.model.browsers import BrowserLog, HeldRequest
from lab.model.cell import Cell
from lab.model.claims import AtMost
from lab.model.delivery import ClientDelivery, DeliverySeen, Usage, UsageSpan
from lab.model.ledger import AnyEvent, ConnectionNegotiated, ConnectionOpened, Counters, StreamOpened
from lab.model.observation import Arrival, ClientSeen, Observation, Release
from lab.model.verdict import Limit, Verdict

SETTLED = 1000.0


def seen(
    opened: int, live: int, *, protocol: str = "h1", limit: int = 6, alpn: str | None = None, **changes: Any
) -> Observation:
    """A consistent observation: `live` of `opened` tabs live, the rest waiting, and one came when one was released. `changes`
    are of the observation or of its cell."""
    multiplexed = protocol == "h2"
    fixed: dict[str, Any] = {"scenario": "s", "engine": "chromium", "protocol": protocol, "transport": "sse", "at_most": opened}
    cell = Cell(**fixed | {name: changes.pop(name) for name in list(changes) if name in Cell.__struct_fields__})
    events: list[AnyEvent] = []
    for tab in range(1, live + 1):
        connection = 1 if multiplexed else tab
        if connection == tab:
            peer = f"127.0.0.1:{connection}"
            events.append(ConnectionOpened(at_ms=tab, connection=connection, door=protocol, peer=peer))
            spoken = alpn or ("h2" if multiplexed else "http/1.1")
            events.append(ConnectionNegotiated(at_ms=tab, connection=connection, protocol=spoken))
        http = "2" if multiplexed else "1.1"
        whose: dict[str, Any] = {"cell": cell.name, "tab": tab, "transport": cell.transport}
        events.append(StreamOpened(at_ms=tab, stream=tab, connection=connection, http=http, **whose))
    waiting = tuple(range(live + 1, opened + 1))
    releases = (Release(1, "page", SETTLED + 5, waiting, (Arrival(live + 1, 12.0, 99, False),), live),) if waiting else ()
    fields: dict[str, Any] = {
        "cell": cell,
        "claim": AtMost(limit=limit, source="somebody"),
        "clients": tuple(ClientSeen(tab, document=tab <= live, live=tab <= live) for tab in range(1, opened + 1)),
        "ledger": tuple(events),
        "settled_ms": SETTLED,
        "quiet_ms": 200.0,
        "controls": 2,
        "releases": releases,
    }
    return Observation(**{**fields, **changes})


def with_ledger(made: Observation, *events: AnyEvent) -> Observation:
    """The same observation, with these events at the end of its ledger."""
    return msgspec.structs.replace(made, ledger=(*(made.ledger or ()), *events))


def log(*tabs: int, waits_for: Limit = Limit.CONNECTIONS, limit: int | None = None) -> BrowserLog:
    """A browser's log that holds these clients' requests back."""
    return BrowserLog(tuple(HeldRequest(f"https://x/?tab={tab}", tab, waits_for, 1, limit) for tab in tabs))


def counters(at_ms: float, last: int, **changes: Any) -> Counters:
    """The origin's counters as it would say them, punctual and with no client."""
    fields: dict[str, Any] = {"cell": "c", "reached": {}, "delivered": {}, "delay_ms": 0.5}
    return Counters(at_ms=at_ms, last=last, **{**fields, "received_bytes": 0, "sent_bytes": 0, **changes})


def span(since: float, until: float, origin: float = 0.0, browser: float | None = 0.0) -> UsageSpan:
    """CPU seconds used on top of what both had used before; None for a browser whose processes can't be seen."""

    def tree(cpu_s: float) -> tuple[Usage, Usage]:
        return Usage(10.0, 5_000_000), Usage(10.0 + cpu_s, 8_000_000)

    return UsageSpan((since, until), tree(origin), None if browser is None else tree(browser))


DELIVERY = DeliverySeen(
    clients=(ClientDelivery(1, 25, 0, 1, 0, (3.0, 1.0)), ClientDelivery(2, 15, 10, 3, 2, (4.0, 2.0))),
    began=counters(2000, 100, received_bytes=300, sent_bytes=7000, delay_ms=90.0),
    ended=counters(7000, 125, received_bytes=500, sent_bytes=9010),
    clocks_ms=0.123,
    idle=(span(0, 1000, 0.1), span(1000, 2000, 0.2), span(7000, 9000, 0.6, 0.4)),
    running=span(2000, 7000, 3.0, 1.5),
)
"""Five seconds, with two windows of idleness before and one, of two seconds, after."""


def said(verdict: Verdict, witness: str) -> str:
    """What that witness said."""
    [words] = [one.says for one in verdict.witnesses if one.witness == witness]
    return words


def of_cell(made: Observation, cell: Cell) -> Observation:
    """The same observation as if it were of another cell: its ledger names that one."""
    old = made.cell.name
    ledger = tuple(
        msgspec.structs.replace(event, cell=cell.name) if getattr(event, "cell", "") == old else event
        for event in made.ledger or ()
    )
    return msgspec.structs.replace(made, cell=cell, ledger=None if made.ledger is None else ledger)
