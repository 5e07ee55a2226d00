"""The ledger's lines: every event is one, and comes back as it was."""

from __future__ import annotations

import msgspec
import pytest

from lab.model import ledger
from lab.model.ledger import (
    AnyEvent,
    CellBegan,
    ConnectionClosed,
    ConnectionNegotiated,
    ConnectionOpened,
    DocumentServed,
    Event,
    Heartbeat,
    OriginFault,
    OriginStarted,
    ProbeServed,
    StreamClosed,
    StreamOpened,
)

EVENTS: list[AnyEvent] = [
    OriginStarted(at_ms=0, host="h", doors={"h1": 1}, streams_per_connection=100, updates_per_second=10, pid=1, versions={}),
    CellBegan(streams_per_connection=100, at_ms=1, cell="a"),
    ConnectionOpened(at_ms=2, connection=1, door="h1", peer="127.0.0.1:1"),
    ConnectionNegotiated(at_ms=3, connection=1, protocol="http/1.1"),
    DocumentServed(at_ms=4, connection=1, cell="a", tab=1),
    StreamOpened(at_ms=5, stream=1, connection=1, cell="a", tab=1, transport="sse", http="1.1"),
    ProbeServed(at_ms=5, connection=1, cell="a", tab=9, kind="image"),
    ConnectionOpened(at_ms=6, connection=2, door="control", peer="127.0.0.1:2"),
    StreamOpened(at_ms=7, stream=2, connection=2, cell="control", tab=1, transport="sse", http="1.1"),
    StreamClosed(at_ms=8, stream=1, reason="client", sent=3),
    ConnectionClosed(at_ms=9, connection=1, reason="closed"),
    Heartbeat(at_ms=10),
    OriginFault(at_ms=10, where="connection 1", error="no"),
]


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: type(event).__name__)
def test_every_event_is_one_line_and_comes_back(event: Event) -> None:
    line = ledger.encode(event)
    assert b"\n" not in line
    assert ledger.decode(line) == event


@pytest.mark.parametrize("line", [b"", b"{", ledger.encode(EVENTS[2])[:-1], b'{"event":"Unheard"}', b"[]", b"\xff"])
def test_a_line_that_is_no_event_is_refused(line: bytes) -> None:
    with pytest.raises(msgspec.DecodeError):
        ledger.decode(line)
