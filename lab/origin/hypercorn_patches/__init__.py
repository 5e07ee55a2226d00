"""What stock Hypercorn 0.18.0 must not do to a long measurement, and the least that prevents it.

Each part names the fault; `tests/origin/test_immunity.py` shows each on the stock server and its absence here.

- *Priority.* Hypercorn keeps RFC 7540's dependency tree with the `priority` library, and does not catch its PriorityLoop
  (a chain deeper than 100, as Chromium builds) or TooManyStreamsError (over 1000, as Firefox does): the whole process dies.
  RFC 9113 section 5.3 deprecates the scheme, so here every stream takes its turn instead.
- *Back-pressure.* StreamBuffer.pop resumes the producer when it could send nothing at all (`len(data)`) instead of when
  the buffer is low, so a client that shuts its window lets the buffer grow without bound.
- *WebSocket over HTTP/2.* When the client closes it, stock answers and forgets the stream without ending it (RFC 8441 section
  5 wants END_STREAM), so the browser holds its place for seconds more. Here the stream ends with the answer, and is reset
  without error (RFC 9113 section 8.1): Firefox 153 takes END_STREAM for the end of both directions and sends none itself, so
  its next stream would be one more than allowed.
- *A WebSocket that waits for its client.* What stock answers a Close or a Ping with is written by the task that reads the
  connection: on a stream whose window is shut it waits there, and never sees the window open; every other stream stops with it.
  Who breaks the protocol gets no Close, and over HTTP/2 keeps its place for ever. Both are mended in hypercorn_sockets.
- *Late data.* A client may still send on a stream that the server has answered and ended; stock looks the stream up, and the
  whole connection dies of a KeyError. Here such data is acknowledged and passed over (RFC 9113 section 5.1).
- *Many small writes.* A response's head, its body and its end, and every stream's update, leave in a write of their own; each
  wakes the browser, which on the same machine then competes with the origin for the rest. Here a head waits for the body, and
  over HTTP/2 whatever is ready leaves together.
- *The idle timer.* Each connection starts and stops one around every request, and one that is idle when its client leaves stays
  until that timer ends. Here nothing ends by a timer (`NEVER`), so none runs.
- *Hostile clients.* What one could make it keep without bound, wait for without end or die of is mended in hypercorn_bounds, or
  beside what it belongs to; `tests/origin/test_hostile_*.py` send it.
- *GOAWAY after 1000 requests.* `keep_alive_max_requests` counts every request of a connection and then closes it
  under the streams that are still open. It is raised in `config()`.

Another version of Hypercorn may need other mending, so the version is held exactly.
"""

from __future__ import annotations

import importlib.metadata
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import h2.errors
import hypercorn.protocol
import hypercorn.protocol.h2
import hypercorn.protocol.h11
import hypercorn.protocol.ws_stream
import hypercorn.trio.tcp_server
from h2.events import DataReceived, Event, RequestReceived, StreamReset
from h2.stream import StreamState
from hypercorn.config import Config
from hypercorn.events import Closed
from hypercorn.events import Event as ConnectionEvent
from hypercorn.protocol.events import Event as StreamEvent
from hypercorn.protocol.events import Response
from hypercorn.protocol.h2 import BUFFER_HIGH_WATER, BUFFER_LOW_WATER, BufferCompleteError, H2Protocol, StreamBuffer
from hypercorn.protocol.http_stream import HTTPStream
from hypercorn.protocol.ws_stream import WSStream
from priority.priority import DeadlockError

from lab.origin.hypercorn_patches.bounds import MOST_AT_ONCE, BodilessHTTPStream, bound, sound, unhindered
from lab.origin.hypercorn_patches.http1 import WholeH11Protocol
from lab.origin.hypercorn_patches.websocket import (
    BoundedDeflate,
    EndingWSStream,
    ReadableHandshake,
    TellingConnection,
    TellingWSStream,
)

HYPERCORN = "0.18.0"
NEVER = 2**31 - 1  # Requests on one connection, or seconds of keep-alive: more than any run can reach.
TOGETHER = 16  # So many frames of up to 16 KiB leave in one write.


class TakingTurns:
    """The part of priority.PriorityTree that Hypercorn calls, without the tree: ready streams in turn."""

    def __init__(self) -> None:
        self._ready: dict[int, None] = {}

    def insert_stream(self, stream_id: int, **_: object) -> None:
        self._ready[stream_id] = None

    def reprioritize(self, stream_id: int, **_: object) -> None:
        """A PRIORITY frame changes nothing: RFC 9113 section 5.3.2 lets a server ignore it."""

    def block(self, stream_id: int) -> None:
        self._ready.pop(stream_id, None)

    def unblock(self, stream_id: int) -> None:
        self._ready[stream_id] = None

    def remove_stream(self, stream_id: int) -> None:
        self._ready.pop(stream_id, None)

    def __next__(self) -> int:
        for stream_id in self._ready:
            # To the back of the line: a dict keeps the order of insertion.
            del self._ready[stream_id]
            self._ready[stream_id] = None
            return stream_id
        raise DeadlockError("every stream is blocked")


class TurnTakingH2Protocol(H2Protocol):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        bound(self.connection)
        self.priority = TakingTurns()  # type: ignore[assignment]  # it offers what Hypercorn calls
        self._sockets: set[int] = set()
        self._sending = 0
        self._gathered = 0
        self._gathering = False

    async def handle(self, event: ConnectionEvent) -> None:
        await super().handle(event)
        if isinstance(event, Closed):  # Nobody sends any more; stock's app would wait to the end for its answer to leave.
            for buffer in list(self.stream_buffers.values()):
                await buffer.close()

    async def send_task(self) -> None:
        """As the stock one, but what is ready is written at once, and not stream by stream."""
        while not self.closed:
            try:
                stream_id = next(self.priority)
            except DeadlockError:
                await self._write_gathered()
                await self.has_data.wait()
                await self.has_data.clear()
            else:
                await self._send_data(stream_id)
                if self._gathered >= TOGETHER:
                    await self._write_gathered()

    async def _write_gathered(self) -> None:
        self._gathered = 0
        await self._flush()

    async def stream_send(self, event: StreamEvent) -> None:
        if isinstance(event, Response) and isinstance(self.streams.get(event.stream_id), HTTPStream):
            with self._gathering_frames():
                await super().stream_send(event)
        else:
            await super().stream_send(event)

    @contextmanager
    def _gathering_frames(self) -> Iterator[None]:
        """What is sent in here is not written yet; nothing in here waits."""
        self._gathering = True
        try:
            yield
        finally:
            self._gathering = False

    async def _create_stream(self, request: RequestReceived) -> None:
        if not sound(request):
            self.connection.reset_stream(request.stream_id, h2.errors.ErrorCodes.PROTOCOL_ERROR)
            return
        await super()._create_stream(request)
        if isinstance(self.streams.get(request.stream_id), WSStream):
            self._sockets.add(request.stream_id)

    async def _handle_events(self, events: list[Event]) -> None:
        for event in events:
            if isinstance(event, DataReceived) and event.stream_id not in self.streams:
                self.connection.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
            else:
                await super()._handle_events([event])
                if isinstance(event, StreamReset):
                    self._sockets.discard(event.stream_id)
        await self._flush()

    async def _send_data(self, stream_id: int) -> None:
        # A stream that was reset while it was ready has no buffer any more; stock raises KeyError twice over.
        if stream_id not in self.stream_buffers:
            self.priority.remove_stream(stream_id)
            return
        self._sending = stream_id
        try:
            with self._gathering_frames():
                await super()._send_data(stream_id)
        except KeyError:  # It was reset while it was being written to.
            self.priority.remove_stream(stream_id)

    async def _flush(self) -> None:
        """A WebSocket's END_STREAM and its reset leave together: between them Firefox would open its next stream."""
        stream = self.connection.streams.get(self._sending) if self._sending in self._sockets else None
        if stream is not None and stream.state_machine.state is StreamState.HALF_CLOSED_LOCAL:
            self._sockets.remove(self._sending)
            self.connection.reset_stream(self._sending, h2.errors.ErrorCodes.NO_ERROR)
        if self._gathering:
            self._gathered += 1
        else:
            await super()._flush()


class BoundedStreamBuffer(StreamBuffer):
    """A producer waits while its buffer is over the high mark, until it is under the low one."""

    async def push(self, data: bytes) -> None:
        if self._complete:
            raise BufferCompleteError
        self.buffer.extend(data)
        await self._is_empty.clear()
        if len(self.buffer) >= BUFFER_HIGH_WATER:
            if self._paused.is_set():  # Else somebody waits for it already: to clear it would put another in its place.
                await self._paused.clear()
            await self._paused.wait()

    async def pop(self, max_length: int) -> bytes:
        data = bytes(self.buffer[:max_length])
        del self.buffer[:max_length]
        if len(self.buffer) < BUFFER_LOW_WATER:
            await self._paused.set()
        if not self.buffer:
            await self._is_empty.set()
        return data


def install() -> None:
    """Put the mended parts where Hypercorn looks them up. Only the origin's process calls this."""
    found = importlib.metadata.version("hypercorn")
    if found != HYPERCORN:
        raise RuntimeError(f"the origin's shim is for Hypercorn {HYPERCORN}, and {found} is installed")
    hypercorn.protocol.H2Protocol = TurnTakingH2Protocol  # type: ignore[attr-defined]  # looked up by name
    hypercorn.protocol.H11Protocol = WholeH11Protocol  # type: ignore[attr-defined]  # likewise
    hypercorn.protocol.ws_stream.Connection = TellingConnection  # type: ignore[attr-defined]  # likewise
    hypercorn.protocol.h11.WSStream = TellingWSStream  # type: ignore[attr-defined]  # likewise
    hypercorn.protocol.h2.WSStream = EndingWSStream  # type: ignore[attr-defined]  # likewise
    hypercorn.protocol.h2.StreamBuffer = BoundedStreamBuffer  # type: ignore[misc]  # likewise
    hypercorn.protocol.h11.HTTPStream = BodilessHTTPStream  # type: ignore[attr-defined]  # likewise
    hypercorn.protocol.h2.HTTPStream = BodilessHTTPStream  # type: ignore[attr-defined]  # likewise
    hypercorn.protocol.ws_stream.Handshake = ReadableHandshake  # type: ignore[misc]  # likewise
    hypercorn.protocol.ws_stream.PerMessageDeflate = BoundedDeflate  # type: ignore[attr-defined]  # likewise
    hypercorn.trio.tcp_server.MAX_RECV = MOST_AT_ONCE


def config(streams_per_connection: int) -> Config:
    """Hypercorn's settings for a door: nothing that ends a connection behind the experiment's back."""
    settings = Config()
    settings.h2_max_concurrent_streams = streams_per_connection
    settings.keep_alive_max_requests = NEVER
    settings.keep_alive_timeout = NEVER
    unhindered(settings)
    settings.errorlog = "-"
    settings.accesslog = None
    settings.include_server_header = False
    return settings
