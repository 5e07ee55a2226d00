"""The origin's hand on the ledger: numbers connections and streams, and writes each event as one line.

A reader that pauses never holds up the streams: lines wait here until there is room for them. They leave from the one thread
that there is. A thread of their own would hold Python's lock at times, and on a busy machine be made to wait while it does:
updates were up to 30 ms late then.
"""

from __future__ import annotations

import os
import select
import time

import trio

from lab.model.ledger import (
    HEARTBEAT_S,
    CellBegan,
    ConnectionClosed,
    ConnectionNegotiated,
    ConnectionOpened,
    DocumentServed,
    Heartbeat,
    OriginFault,
    ProbeServed,
    StreamClosed,
    StreamOpened,
    encode,
    now_ms,
)
from lab.model.payloads import Event

LAST_S = 1.0


class LedgerWriter:
    """Writes the ledger. Knows which connection a client's address means just now."""

    def __init__(self, out: int) -> None:
        self._out = out
        self._unwritten = bytearray()
        self._news = trio.Event()
        self._connections = 0
        self._streams = 0
        self._by_peer: dict[tuple[int, str], int] = {}

    def enter(self, event: Event) -> None:
        self._unwritten += encode(event) + b"\n"
        self._news.set()

    async def run(self) -> None:
        """Write what is entered, until cancelled; or until the driver is gone, and with it everybody who could read it."""
        os.set_blocking(self._out, False)
        while True:
            await self._news.wait()
            self._news = trio.Event()
            while self._unwritten:
                try:
                    self._write()
                except BlockingIOError:
                    await trio.lowlevel.wait_writable(self._out)
                except BrokenPipeError:
                    return

    async def beat(self) -> None:
        """Let the driver know that the origin goes on, until cancelled."""
        while True:
            self.enter(Heartbeat(at_ms=now_ms()))
            await trio.sleep(HEARTBEAT_S)

    def close(self) -> None:
        """Write what was entered so far, unless the reader has stopped reading for a second."""
        end = time.monotonic() + LAST_S
        try:
            while self._unwritten and select.select([], [self._out], [], max(0.0, end - time.monotonic()))[1]:
                self._write()
        except BrokenPipeError:
            pass
        os.set_blocking(self._out, True)

    def _write(self) -> None:
        del self._unwritten[: os.write(self._out, self._unwritten)]

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
