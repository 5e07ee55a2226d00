"""The origin's half of the ledger: it numbers connections and streams, and writes each event as one line.

Rules
-----
- No event is lost, and `enter` never waits: lines are kept in memory until the driver reads them, so a slow driver delays no
  stream.
- Numbers of connections and streams are given here and nowhere else. They are unique in one ledger.
- Every StreamOpened is followed by a StreamClosed with the reason and the number of updates, whatever ends the stream
  (`LedgerWriter.stream`).

What it may not know: sockets, Hypercorn and the feed.

How it works ------------ `run` writes the kept lines in the origin's only thread. A second thread would sometimes hold Python's
global lock and, on a busy machine, be suspended while it holds it: that delayed updates by up to 30 ms.

What is still ugly ------------------ If a driver stops reading for good, the kept lines grow until it ends. Only the driver's
watchdog limits that.
"""

from __future__ import annotations

import os
import select
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import trio

from lab.model.ledger import (
    HEARTBEAT_S,
    CellBegan,
    ConnectionClosed,
    ConnectionNegotiated,
    ConnectionOpened,
    DocumentServed,
    Event,
    Heartbeat,
    OriginFault,
    ProbeServed,
    StreamClosed,
    StreamOpened,
    StreamsDropped,
    encode,
    now_ms,
)

LAST_S = 1.0
"""At the end, the driver has this many seconds to read the remaining lines."""


@dataclass
class OpenStream:
    """A stream that is being served, with the values that its StreamClosed will have."""

    number: int
    sent: int = 0
    reason: str = "shutdown"


class LedgerWriter:
    """Writes the ledger to the file descriptor `out`."""

    def __init__(self, out: int) -> None:
        self._out = out
        self._unwritten = bytearray()
        self._news = trio.Event()
        self._connections = 0
        self._streams = 0

    def enter(self, event: Event) -> None:
        """Add an event. It is written as soon as the driver reads."""
        self._unwritten += encode(event) + b"\n"
        self._news.set()

    async def run(self) -> None:
        """Write events, until cancelled, or until the driver has gone."""
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

    async def send_heartbeats(self) -> None:
        """Write a Heartbeat every `HEARTBEAT_S` seconds, until cancelled."""
        while True:
            self.enter(Heartbeat(at_ms=now_ms()))
            await trio.sleep(HEARTBEAT_S)

    def close(self) -> None:
        """Write the remaining lines, for at most `LAST_S` seconds."""
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

    def streams_dropped(self, cell: str, how: str) -> None:
        self.enter(StreamsDropped(at_ms=now_ms(), cell=cell, how=how))

    def connection_opened(self, door: str, peer: str) -> int:
        """Record an accepted connection. Returns the number that it has from now on."""
        self._connections += 1
        self.enter(ConnectionOpened(at_ms=now_ms(), connection=self._connections, door=door, peer=peer))
        return self._connections

    def connection_negotiated(self, connection: int, protocol: str) -> None:
        self.enter(ConnectionNegotiated(at_ms=now_ms(), connection=connection, protocol=protocol))

    def connection_closed(self, connection: int, reason: str) -> None:
        self.enter(ConnectionClosed(at_ms=now_ms(), connection=connection, reason=reason))

    def document_served(self, connection: int, cell: str, tab: int) -> None:
        self.enter(DocumentServed(at_ms=now_ms(), connection=connection, cell=cell, tab=tab))

    def probe_served(self, connection: int, cell: str, tab: int, kind: str) -> None:
        self.enter(ProbeServed(at_ms=now_ms(), connection=connection, cell=cell, tab=tab, kind=kind))

    @contextmanager
    def stream(
        self, *, connection: int, cell: str, tab: int, transport: str, http: str, last_event_id: str | None = None
    ) -> Iterator[OpenStream]:
        """Record a stream that is open inside the block. The block counts updates in `sent` and sets `reason`. After an error
        the reason is `fault`, after cancellation `shutdown`."""
        self._streams += 1
        stream = OpenStream(self._streams)
        self.enter(
            StreamOpened(
                at_ms=now_ms(),
                stream=stream.number,
                connection=connection,
                cell=cell,
                tab=tab,
                transport=transport,
                http=http,
                last_event_id=last_event_id,
            )
        )
        try:
            yield stream
        except Exception:
            stream.reason = "fault"
            raise
        finally:
            self.enter(StreamClosed(at_ms=now_ms(), stream=stream.number, reason=stream.reason, sent=stream.sent))

    def fault(self, where: str, error: BaseException) -> None:
        """Record an error that no client caused on purpose."""
        while isinstance(error, BaseExceptionGroup):  # From a nursery: the error itself is inside.
            error = error.exceptions[0]
        self.enter(OriginFault(at_ms=now_ms(), where=where, error=f"{type(error).__name__}: {error}"))
