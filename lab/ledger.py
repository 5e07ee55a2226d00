"""The ledger: what the origin saw, in events that both processes speak.

The origin writes one event a line (JSON) on its standard output; the driver reads the same lines. Nothing else
passes between them but HTTP, so the ledger is independent evidence. This module knows neither process.

Times (`at_ms`) are milliseconds of the machine's monotonic clock, which both processes share.
"""

from __future__ import annotations

import time
from collections.abc import Container, Iterable

import msgspec


def now_ms() -> float:
    """Milliseconds of the machine's monotonic clock: the same clock in both processes, and never set back."""
    return round(time.monotonic_ns() / 1e6, 3)


class Event(msgspec.Struct, frozen=True, tag_field="event", tag=True, kw_only=True):
    """Something that happened at the origin, `at_ms` of the monotonic clock."""

    at_ms: float


class Listening(Event, frozen=True, kw_only=True):
    """The first line: every door's port, and the settings in force."""

    host: str
    doors: dict[str, int]
    streams_per_connection: int
    updates_per_second: float
    pid: int
    versions: dict[str, str]


class CellBegan(Event, frozen=True, kw_only=True):
    """The driver began a cell; what follows, up to the next of these, belongs to it."""

    cell: str


class ConnectionOpened(Event, frozen=True, kw_only=True):
    """TCP accept. `connection` is the lab's own number, unique in this ledger; `peer` is the browser's address."""

    connection: int
    door: str
    peer: str


class ConnectionNegotiated(Event, frozen=True, kw_only=True):
    """The connection is ready for requests; `protocol` is what ALPN chose (cleartext: http/1.1)."""

    connection: int
    protocol: str


class ConnectionClosed(Event, frozen=True, kw_only=True):
    connection: int
    reason: str


class DocumentServed(Event, frozen=True, kw_only=True):
    """A tab's page was asked for and sent."""

    connection: int
    cell: str
    tab: int


class StreamOpened(Event, frozen=True, kw_only=True):
    """A tab's request for updates reached the origin. `http` is the version it came by: 1.1 or 2."""

    stream: int
    connection: int
    cell: str
    tab: int
    transport: str
    http: str
    last_event_id: str | None = None


class StreamClosed(Event, frozen=True, kw_only=True):
    """`reason`: `client` (it went away), `origin` (ended on request), `shutdown` or `fault`; `sent` counts updates."""

    stream: int
    reason: str
    sent: int


class OriginFault(Event, frozen=True, kw_only=True):
    """An error inside the origin that no client caused on purpose: the cell it falls in can't be trusted."""

    where: str
    error: str


AnyEvent = (
    Listening
    | CellBegan
    | ConnectionOpened
    | ConnectionNegotiated
    | ConnectionClosed
    | DocumentServed
    | StreamOpened
    | StreamClosed
    | OriginFault
)

_encoder = msgspec.json.Encoder()
_decoder: msgspec.json.Decoder[AnyEvent] = msgspec.json.Decoder(AnyEvent)


def encode(event: Event) -> bytes:
    """One line, without its line feed."""
    return _encoder.encode(event)


def decode(line: bytes) -> AnyEvent:
    """Raises msgspec.DecodeError (a ValueError) for a line that is not an event, a cut one included."""
    return _decoder.decode(line)


class Stream(msgspec.Struct, frozen=True):
    """One request for updates, from its arrival to its end. `closed_ms` is None while it is open."""

    stream: int
    connection: int
    tab: int
    transport: str
    opened_ms: float
    closed_ms: float | None = None
    reason: str | None = None
    sent: int | None = None


class Connection(msgspec.Struct, frozen=True):
    """One TCP connection with all that it carried. `closed_ms` is None while it is open."""

    connection: int
    door: str
    peer: str
    opened_ms: float
    protocol: str | None = None
    closed_ms: float | None = None
    reason: str | None = None
    documents: tuple[int, ...] = ()
    streams: tuple[Stream, ...] = ()


def connections(events: Iterable[AnyEvent], door: str) -> tuple[Connection, ...]:
    """Fold the events of one cell into its connections on one door, in the order they were accepted.

    An event about a connection that this slice never saw opening is left out: it belongs to what was before.
    """
    rows: dict[int, Connection] = {}
    streams: dict[int, Stream] = {}
    for event in events:
        match event:
            case ConnectionOpened() if event.door == door:
                rows[event.connection] = Connection(event.connection, door, event.peer, event.at_ms)
            case ConnectionNegotiated() if event.connection in rows:
                row = rows[event.connection]
                rows[event.connection] = msgspec.structs.replace(row, protocol=event.protocol)
            case ConnectionClosed() if event.connection in rows:
                row = rows[event.connection]
                closed = msgspec.structs.replace(row, closed_ms=event.at_ms, reason=event.reason)
                rows[event.connection] = closed
            case DocumentServed() if event.connection in rows:
                row = rows[event.connection]
                documents = (*row.documents, event.tab)
                rows[event.connection] = msgspec.structs.replace(row, documents=documents)
            case StreamOpened() if event.connection in rows:
                streams[event.stream] = Stream(event.stream, event.connection, event.tab, event.transport, event.at_ms)
            case StreamClosed() if event.stream in streams:
                streams[event.stream] = msgspec.structs.replace(
                    streams[event.stream], closed_ms=event.at_ms, reason=event.reason, sent=event.sent
                )
            case _:
                pass
    carried: dict[int, list[Stream]] = {number: [] for number in rows}
    for stream in streams.values():
        carried[stream.connection].append(stream)
    return tuple(msgspec.structs.replace(row, streams=tuple(carried[row.connection])) for row in rows.values())


def open_at(row: Connection | Stream, at_ms: float) -> bool:
    return row.opened_ms <= at_ms and (row.closed_ms is None or row.closed_ms > at_ms)


def live_streams(rows: Iterable[Connection], at_ms: float) -> tuple[Stream, ...]:
    """The streams open at one moment, over all connections."""
    return tuple(stream for row in rows for stream in row.streams if open_at(stream, at_ms))


def live_connections(rows: Iterable[Connection], at_ms: float) -> tuple[Connection, ...]:
    return tuple(row for row in rows if open_at(row, at_ms))


def peak(rows: Iterable[Connection | Stream], until_ms: float) -> int:
    """The most that were open at once, up to and including a moment."""
    steps = [(row.opened_ms, 1) for row in rows if row.opened_ms <= until_ms]
    steps += [(row.closed_ms, -1) for row in rows if row.closed_ms is not None and row.closed_ms <= until_ms]
    most = now = 0
    for _, step in sorted(steps):
        now += step
        most = max(most, now)
    return most


def peak_streams(rows: Iterable[Connection], until_ms: float) -> int:
    """The most streams that any one connection carried at once."""
    return max((peak(row.streams, until_ms) for row in rows), default=0)


def stream_ended(events: Iterable[AnyEvent], cell: str, tab: int, since_ms: float) -> float | None:
    """When a stream of this tab ended, at or after a moment; None when none did."""
    owned = set()
    for event in events:
        if isinstance(event, StreamOpened) and event.cell == cell and event.tab == tab:
            owned.add(event.stream)
        elif isinstance(event, StreamClosed) and event.stream in owned and event.at_ms >= since_ms:
            return event.at_ms
    return None


def arrivals(events: Iterable[AnyEvent], cell: str, tabs: Container[int], since_ms: float) -> tuple[StreamOpened, ...]:
    """The streams that some of these tabs opened at or after a moment, in order. Other cells' tabs have other names."""
    opened = (event for event in events if isinstance(event, StreamOpened) and event.at_ms >= since_ms)
    return tuple(event for event in opened if event.cell == cell and event.tab in tabs)
