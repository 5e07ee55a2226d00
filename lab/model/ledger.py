"""The ledger: what the origin saw, as events that both processes know.

Rules. The origin writes one event a line (JSON) on its standard output; the driver reads the same lines. Nothing else passes
between the two but HTTP, so the ledger is independent evidence. Both processes import this module, and it imports neither.

How it works. Times (`at_ms`) are milliseconds of the machine's monotonic clock, which both processes share. Connections and
streams have numbers that are unique in one ledger. A heartbeat every second shows that the origin is alive.

What is still ugly: the number of a client is called `tab` here, also where the client is a frame or a stream of a page. Stored
results have that name.
"""

from __future__ import annotations

import time

import msgspec

HEARTBEAT_S = 1.0
"""The origin writes a Heartbeat this often, in seconds."""

PORT_TAKEN = 5
"""The origin's exit code when it can't bind a port that it was asked to use."""


def now_ms() -> float:
    """Milliseconds of the machine's monotonic clock: the same clock in both processes, and never set back."""
    return round(time.monotonic_ns() / 1e6, 3)


class Event(msgspec.Struct, frozen=True, tag_field="event", tag=True, kw_only=True):
    """Something that happened at the origin, `at_ms` of the monotonic clock."""

    at_ms: float
    """When it happened."""


class OriginStarted(Event, frozen=True, kw_only=True):
    """The first line: every door's port, and the settings in force. `nice` is the origin's nice value."""

    host: str
    doors: dict[str, int]
    streams_per_connection: int
    updates_per_second: float
    pid: int
    nice: int = 0
    versions: dict[str, str]


class CellBegan(Event, frozen=True, kw_only=True):
    """The driver began a cell. All events up to the next CellBegan belong to it. `streams_per_connection` is what the origin
    announces to its HTTP/2 connections (SETTINGS_MAX_CONCURRENT_STREAMS)."""

    cell: str
    streams_per_connection: int


class ConnectionOpened(Event, frozen=True, kw_only=True):
    """A connection was accepted. `connection` is a number that the origin gives it, unique in this ledger; `peer` is the
    browser's address and port."""

    connection: int
    door: str
    peer: str


class ConnectionNegotiated(Event, frozen=True, kw_only=True):
    """The connection is ready for requests; `protocol` is what ALPN chose (cleartext: http/1.1)."""

    connection: int
    protocol: str


class ConnectionClosed(Event, frozen=True, kw_only=True):
    """The connection ended; `reason`: closed, shutdown, fault, or broken with what broke it."""

    connection: int
    reason: str


class DocumentServed(Event, frozen=True, kw_only=True):
    """The page of client `tab` was requested and sent."""

    connection: int
    cell: str
    tab: int


class ProbeServed(Event, frozen=True, kw_only=True):
    """Another request of a page (for an image, a script…) reached the origin, and was answered at once."""

    connection: int
    cell: str
    tab: int
    kind: str


class StreamOpened(Event, frozen=True, kw_only=True):
    """A request for updates of client `tab` reached the origin. `http` is its HTTP version: 1.1 or 2."""

    stream: int
    connection: int
    cell: str
    tab: int
    transport: str
    http: str
    last_event_id: str | None = None


class StreamClosed(Event, frozen=True, kw_only=True):
    """A stream ended. `reason`: `client` (the client closed it), `answered` (the response was complete), `origin` (the driver
    asked the origin to end it), `refused` (the driver asked for an error status), `shutdown` or `fault`. `sent` counts
    updates."""

    stream: int
    reason: str
    sent: int


class Counters(Event, frozen=True, kw_only=True):
    """The origin's own counters at the moment they were read. Bytes are those of the measured doors' sockets since the origin
    started, TLS included."""

    cell: str
    """The cell that was running."""
    last: int
    """The number of the newest update."""
    reached: dict[int, int]
    """The newest update that was sent to each client, by its number."""
    delivered: dict[int, int]
    """How many updates were sent to each client, by its number."""
    delay_ms: float
    """The origin's own delay of an update at the 99th percentile, in ms, since the count of delays was last reset."""
    received_bytes: int
    """Bytes received."""
    sent_bytes: int
    """Bytes sent."""


class StreamsDropped(Event, frozen=True, kw_only=True):
    """The origin dropped a cell's streams on request. `how`: `end` (each stream ended), `reset` (each connection reset) or
    `shut` (the doors closed, as when a server restarts)."""

    cell: str
    how: str


class Heartbeat(Event, frozen=True, kw_only=True):
    """The origin is alive. It writes one every `HEARTBEAT_S` seconds, whatever else it writes."""


class OriginFault(Event, frozen=True, kw_only=True):
    """An error inside the origin that no client caused on purpose: the cell in which it happened can't be trusted."""

    where: str
    error: str


AnyEvent = (
    OriginStarted
    | CellBegan
    | ConnectionOpened
    | ConnectionNegotiated
    | ConnectionClosed
    | DocumentServed
    | ProbeServed
    | StreamOpened
    | StreamClosed
    | Counters
    | StreamsDropped
    | Heartbeat
    | OriginFault
)

_encoder = msgspec.json.Encoder()
_decoder: msgspec.json.Decoder[AnyEvent] = msgspec.json.Decoder(AnyEvent)


def encode(event: Event) -> bytes:
    """The event as one line of JSON, without its line feed."""
    return _encoder.encode(event)


def decode(line: bytes) -> AnyEvent:
    """The event of one line. Raises msgspec.DecodeError (a ValueError) for a line that is not an event, or was cut off."""
    try:
        return _decoder.decode(line)
    except (UnicodeDecodeError, RecursionError) as error:  # msgspec does not convert these two.
        raise msgspec.DecodeError(str(error)) from error
