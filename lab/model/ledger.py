"""The ledger: what the origin saw, in events that both processes speak.

The origin writes one event a line (JSON) on its standard output; the driver reads the same lines. Nothing else
passes between them but HTTP, so the ledger is independent evidence. This module knows neither process.

Times (`at_ms`) are milliseconds of the machine's monotonic clock, which both processes share.
"""

from __future__ import annotations

import time

import msgspec

HEARTBEAT_S = 1.0
"""The origin writes a Heartbeat this often, in seconds."""

PORT_TAKEN = 5
"""The exit code by which the origin tells the driver that a port it was asked to use can't be bound."""


def now_ms() -> float:
    """Milliseconds of the machine's monotonic clock: the same clock in both processes, and never set back."""
    return round(time.monotonic_ns() / 1e6, 3)


class Event(msgspec.Struct, frozen=True, tag_field="event", tag=True, kw_only=True):
    """Something that happened at the origin, `at_ms` of the monotonic clock."""

    at_ms: float
    """When it happened."""


class OriginStarted(Event, frozen=True, kw_only=True):
    """The first line: every door's port, and the settings in force; `nice` is the precedence that the origin got."""

    host: str
    doors: dict[str, int]
    streams_per_connection: int
    updates_per_second: float
    pid: int
    nice: int = 0
    versions: dict[str, str]


class CellBegan(Event, frozen=True, kw_only=True):
    """The driver began a cell; what follows, up to the next of these, belongs to it. Its connections over HTTP/2 are told
    that so many streams are allowed (SETTINGS_MAX_CONCURRENT_STREAMS)."""

    cell: str
    streams_per_connection: int


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
    """The connection ended; `reason`: closed, shutdown, fault, or broken with what broke it."""

    connection: int
    reason: str


class DocumentServed(Event, frozen=True, kw_only=True):
    """A tab's page was asked for and sent."""

    connection: int
    cell: str
    tab: int


class ProbeServed(Event, frozen=True, kw_only=True):
    """Something else that a page asked for (an image, a script…) reached the origin, and was answered at once."""

    connection: int
    cell: str
    tab: int
    kind: str


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
    """`reason`: `client` (it went away), `answered` (the whole answer was given), `origin` (ended on request), `refused` (the
    status told it so, on request), `shutdown` or `fault`; `sent` counts updates."""

    stream: int
    reason: str
    sent: int


class Counters(Event, frozen=True, kw_only=True):
    """What the origin's own counters said when they were read. Bytes are those of the measured doors' sockets since the origin
    began, TLS included."""

    cell: str
    """The cell that was running."""
    last: int
    """The number of the newest update."""
    reached: dict[int, int]
    """The newest update that was sent to each client, by its number."""
    delivered: dict[int, int]
    """How many updates were sent to each client, by its number."""
    delay_ms: float
    """The origin's own delay with an update at the 99th percentile, since the counting was last begun anew."""
    received_bytes: int
    """Bytes that came in."""
    sent_bytes: int
    """Bytes that went out."""


class StreamsDropped(Event, frozen=True, kw_only=True):
    """The origin dropped a cell's streams on request. `how`: `end` (each stream ended), `reset` (each connection reset) or
    `shut` (the doors closed, as when a server restarts)."""

    cell: str
    how: str


class Heartbeat(Event, frozen=True, kw_only=True):
    """The origin goes on, and says so every `HEARTBEAT_S`, whatever else there is to say."""


class OriginFault(Event, frozen=True, kw_only=True):
    """An error inside the origin that no client caused on purpose: the cell it falls in can't be trusted."""

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
    """One line, without its line feed."""
    return _encoder.encode(event)


def decode(line: bytes) -> AnyEvent:
    """Raises msgspec.DecodeError (a ValueError) for a line that is not an event, a cut one included."""
    try:
        return _decoder.decode(line)
    except (UnicodeDecodeError, RecursionError) as error:  # msgspec lets these two out as they are.
        raise msgspec.DecodeError(str(error)) from error
