"""The origin's half of the ledger: it numbers connections and streams, and writes each event as one line.

Rules
-----
- What is entered is never lost and never waits: lines are kept in memory until the reader takes them, so a driver that pauses
  holds up no stream.
- Numbers are given here and nowhere else. They are unique in one ledger.
- Every stream that is opened is closed, with the reason and the number of updates, whatever ends it (`LedgerWriter.stream`).

It may not know sockets, Hypercorn or the feed.

How it works
------------
`run` writes what is kept, in the one thread that the origin has. A thread of its own would hold Python's lock at times and, on
a busy machine, be made to wait while it holds it: updates were up to 30 ms late then.

What is still ugly
------------------
A driver that stops reading for good makes the kept lines grow until it ends. Nothing bounds that but the driver's watchdog.
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
"""At the end the reader has so many seconds to take what is left."""


@dataclass
class OpenStream:
    """A stream that is being served: what its end will say of it."""

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
        """Add an event. It is written as soon as the reader has room for it."""
        self._unwritten += encode(event) + b"\n"
        self._news.set()

    async def run(self) -> None:
        """Write what is entered, until cancelled, or until the driver is gone and nothing can read it."""
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
        """Tell the driver every `HEARTBEAT_S` that the origin goes on, until cancelled."""
        while True:
            self.enter(Heartbeat(at_ms=now_ms()))
            await trio.sleep(HEARTBEAT_S)

    def close(self) -> None:
        """Write what is left, unless the reader takes nothing for `LAST_S`."""
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
        """A connection was accepted; its number from now on."""
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
        """A stream that is open inside the block. What serves it counts in `sent` and says in `reason` how it ended; an error
        is the reason `fault`, being cancelled is `shutdown`."""
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
        """An error that no client caused on purpose."""
        while isinstance(error, BaseExceptionGroup):  # From a nursery: the error itself is inside.
            error = error.exceptions[0]
        self.enter(OriginFault(at_ms=now_ms(), where=where, error=f"{type(error).__name__}: {error}"))
