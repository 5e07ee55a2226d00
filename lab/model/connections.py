"""The ledger's events, combined into connections: what each connection carried, and how many were open at once."""

from __future__ import annotations

from collections.abc import Container, Iterable

import msgspec

from lab.model.ledger import (
    AnyEvent,
    ConnectionClosed,
    ConnectionNegotiated,
    ConnectionOpened,
    DocumentServed,
    StreamClosed,
    StreamOpened,
)
from lab.model.protocols import CONTROL


class StreamRow(msgspec.Struct, frozen=True):
    """One request for updates, from its arrival to its end."""

    stream: int
    """The number of the stream in the ledger."""
    connection: int
    """The connection that carried it."""
    tab: int
    """The number of the client that sent the request."""
    transport: str
    """The transport: how its updates were sent."""
    opened_ms: float
    """When the request reached the origin."""
    closed_ms: float | None = None
    """When it ended; null while it is open."""
    reason: str | None = None
    """Why it ended: client, answered, origin, refused, shutdown or fault (StreamClosed in lab/model/ledger.py)."""
    sent: int | None = None
    """How many updates were sent on it; null while it is open."""


class Connection(msgspec.Struct, frozen=True):
    """One TCP connection and everything that it carried."""

    connection: int
    """The number of the connection in the ledger."""
    door: str
    """The door that accepted it."""
    peer: str
    """The browser's address and port."""
    opened_ms: float
    """When it was accepted."""
    protocol: str | None = None
    """The protocol that it negotiated (cleartext: http/1.1); null where it never became ready."""
    closed_ms: float | None = None
    """When it closed; null while it is open."""
    reason: str | None = None
    """Why it closed."""
    documents: tuple[int, ...] = ()
    """The numbers of the clients whose documents it carried."""
    streams: tuple[StreamRow, ...] = ()
    """The requests for updates that it carried."""


def connections_of(events: Iterable[AnyEvent], cell: str) -> tuple[Connection, ...]:
    """The connections to the measured doors, in the order of acceptance, each with the documents and streams of one cell.

    Events about a connection that was opened before the first of these events are left out: it belongs to an earlier cell.
    """
    rows: dict[int, Connection] = {}
    streams: dict[int, StreamRow] = {}
    for event in events:
        match event:
            case ConnectionOpened() if event.door != CONTROL.name:
                rows[event.connection] = Connection(event.connection, event.door, event.peer, event.at_ms)
            case ConnectionNegotiated() if event.connection in rows:
                row = rows[event.connection]
                rows[event.connection] = msgspec.structs.replace(row, protocol=event.protocol)
            case ConnectionClosed() if event.connection in rows:
                row = rows[event.connection]
                closed = msgspec.structs.replace(row, closed_ms=event.at_ms, reason=event.reason)
                rows[event.connection] = closed
            case DocumentServed() if event.connection in rows and event.cell == cell:
                row = rows[event.connection]
                documents = (*row.documents, event.tab)
                rows[event.connection] = msgspec.structs.replace(row, documents=documents)
            case StreamOpened() if event.connection in rows and event.cell == cell:
                streams[event.stream] = StreamRow(event.stream, event.connection, event.tab, event.transport, event.at_ms)
            case StreamClosed() if event.stream in streams:
                streams[event.stream] = msgspec.structs.replace(
                    streams[event.stream], closed_ms=event.at_ms, reason=event.reason, sent=event.sent
                )
            case _:
                pass
    carried: dict[int, list[StreamRow]] = {number: [] for number in rows}
    for stream in streams.values():
        carried[stream.connection].append(stream)
    return tuple(msgspec.structs.replace(row, streams=tuple(carried[row.connection])) for row in rows.values())


def control_connections(events: Iterable[AnyEvent], at_ms: float) -> int:
    """How many connections to the control door carried a stream at the moment `at_ms`. Only connections opened in these events
    count."""
    past = [event for event in events if event.at_ms <= at_ms]
    control = {event.connection for event in past if isinstance(event, ConnectionOpened) and event.door == CONTROL.name}
    closed = {event.stream for event in past if isinstance(event, StreamClosed)}
    streams = [event for event in past if isinstance(event, StreamOpened) and event.stream not in closed]
    return len({event.connection for event in streams if event.connection in control})


def open_at(row: Connection | StreamRow, at_ms: float) -> bool:
    """Whether a connection or stream was open at the moment `at_ms`."""
    return row.opened_ms <= at_ms and (row.closed_ms is None or row.closed_ms > at_ms)


def live_streams(rows: Iterable[Connection], at_ms: float) -> tuple[StreamRow, ...]:
    """The streams that were open at the moment `at_ms`, on all connections."""
    return tuple(stream for row in rows for stream in row.streams if open_at(stream, at_ms))


def live_connections(rows: Iterable[Connection], at_ms: float) -> tuple[Connection, ...]:
    """The connections that were open at the moment `at_ms`."""
    return tuple(row for row in rows if open_at(row, at_ms))


def peak(rows: Iterable[Connection | StreamRow], until_ms: float) -> int:
    """The largest number that was open at once, up to and including the moment `until_ms`."""
    steps = [(row.opened_ms, 1) for row in rows if row.opened_ms <= until_ms]
    steps += [(row.closed_ms, -1) for row in rows if row.closed_ms is not None and row.closed_ms <= until_ms]
    most = now = 0
    for _, step in sorted(steps):
        now += step
        most = max(most, now)
    return most


def peak_streams(rows: Iterable[Connection], until_ms: float) -> int:
    """The largest number of streams that one connection carried at once, up to the moment `until_ms`."""
    return max((peak(row.streams, until_ms) for row in rows), default=0)


def most_streams(rows: Iterable[Connection], since_ms: float, until_ms: float) -> int:
    """The largest number of streams that were open at once, on all connections together, between two moments."""
    streams = [stream for row in rows for stream in row.streams]
    moments = [since_ms, *(stream.opened_ms for stream in streams if since_ms <= stream.opened_ms <= until_ms)]
    return max(sum(open_at(stream, moment) for stream in streams) for moment in moments)


def stream_ended(events: Iterable[AnyEvent], cell: str, tab: int, since_ms: float) -> float | None:
    """When a stream of client `tab` ended, at or after the moment `since_ms`; None if none did."""
    owned = set()
    for event in events:
        if isinstance(event, StreamOpened) and event.cell == cell and event.tab == tab:
            owned.add(event.stream)
        elif isinstance(event, StreamClosed) and event.stream in owned and event.at_ms >= since_ms:
            return event.at_ms
    return None


def arrivals(events: Iterable[AnyEvent], cell: str, tabs: Container[int], since_ms: float) -> tuple[StreamOpened, ...]:
    """The streams that these clients of a cell opened at or after the moment `since_ms`, in order."""
    opened = (event for event in events if isinstance(event, StreamOpened) and event.at_ms >= since_ms)
    return tuple(event for event in opened if event.cell == cell and event.tab in tabs)
