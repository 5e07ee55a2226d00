"""The origin's hand on the ledger: numbers connections and streams, and writes each event as one line.

Lines leave through a thread of their own, so a reader that pauses never holds up the streams.
"""

from __future__ import annotations

import queue
import threading
from typing import BinaryIO

from lab.ledger import (
    CellBegan,
    ConnectionClosed,
    ConnectionNegotiated,
    ConnectionOpened,
    DocumentServed,
    Event,
    OriginFault,
    ProbeServed,
    StreamClosed,
    StreamOpened,
    encode,
    now_ms,
)


class Book:
    """Writes the ledger. Knows which connection a client's address means just now."""

    def __init__(self, out: BinaryIO) -> None:
        self._out = out
        self._lines: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._write, name="ledger", daemon=True)
        self._thread.start()
        self._connections = 0
        self._streams = 0
        self._by_peer: dict[tuple[int, str], int] = {}

    def enter(self, event: Event) -> None:
        self._lines.put(encode(event) + b"\n")

    def close(self) -> None:
        """Everything entered so far is written, unless the reader has stopped reading for a second."""
        self._lines.put(None)
        self._thread.join(timeout=1)

    def _write(self) -> None:
        while (line := self._lines.get()) is not None:
            try:
                self._out.write(line)
                if self._lines.empty():
                    self._out.flush()
            except (BrokenPipeError, ValueError):
                return  # The driver is gone, and with it everybody who could read this.
        self._out.flush()

    def cell_began(self, cell: str, streams_per_connection: int) -> None:
        self.enter(CellBegan(at_ms=now_ms(), cell=cell, streams_per_connection=streams_per_connection))

    def connection_opened(self, door: str, port: int, peer: str) -> int:
        self._connections += 1
        self._by_peer[port, peer] = self._connections
        self.enter(ConnectionOpened(at_ms=now_ms(), connection=self._connections, door=door, peer=peer))
        return self._connections

    def connection_negotiated(self, connection: int, protocol: str) -> None:
        self.enter(ConnectionNegotiated(at_ms=now_ms(), connection=connection, protocol=protocol))

    def connection_closed(self, connection: int, port: int, peer: str, reason: str) -> None:
        del self._by_peer[port, peer]
        self.enter(ConnectionClosed(at_ms=now_ms(), connection=connection, reason=reason))

    def connection_of(self, port: int, peer: str) -> int:
        """The connection that a request came by, from the two ends that ASGI's scope names."""
        return self._by_peer[port, peer]

    def document_served(self, connection: int, cell: str, tab: int) -> None:
        self.enter(DocumentServed(at_ms=now_ms(), connection=connection, cell=cell, tab=tab))

    def probe_served(self, connection: int, cell: str, tab: int, kind: str) -> None:
        self.enter(ProbeServed(at_ms=now_ms(), connection=connection, cell=cell, tab=tab, kind=kind))

    def stream_opened(self, connection: int, cell: str, tab: int, transport: str, http: str, last_event_id: str | None) -> int:
        self._streams += 1
        self.enter(
            StreamOpened(
                at_ms=now_ms(),
                stream=self._streams,
                connection=connection,
                cell=cell,
                tab=tab,
                transport=transport,
                http=http,
                last_event_id=last_event_id,
            )
        )
        return self._streams

    def stream_closed(self, stream: int, reason: str, sent: int) -> None:
        self.enter(StreamClosed(at_ms=now_ms(), stream=stream, reason=reason, sent=sent))

    def fault(self, where: str, error: BaseException) -> None:
        while isinstance(error, BaseExceptionGroup):  # A nursery's: what it is about is inside.
            error = error.exceptions[0]
        self.enter(OriginFault(at_ms=now_ms(), where=where, error=f"{type(error).__name__}: {error}"))
