"""Hypercorn's HTTP/2: streams in turn, bounded buffers, and one write for what is ready.

How it works: Hypercorn has one task that reads a connection and one that sends (`send_task`). Each stream's data waits in a
buffer; `priority` chooses the next stream to send. Here the ready streams take turns, a writer really waits while its buffer is
full, and frames are gathered and written together.

What is still ugly: whether a flush writes or only counts is a flag (`_gathering`), because Hypercorn flushes inside the methods
that are called here.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import h2.errors
import h2.exceptions
from h2.events import DataReceived, Event, RequestReceived, StreamReset
from h2.stream import StreamState
from hypercorn.events import Closed
from hypercorn.events import Event as ConnectionEvent
from hypercorn.protocol.events import Event as StreamEvent
from hypercorn.protocol.events import Response
from hypercorn.protocol.h2 import BUFFER_HIGH_WATER, BUFFER_LOW_WATER, BufferCompleteError, H2Protocol, StreamBuffer
from hypercorn.protocol.http_stream import HTTPStream
from hypercorn.protocol.ws_stream import WSStream
from priority.priority import DeadlockError

from lab.origin.hypercorn_patches.bounds import bound_frames, is_readable
from lab.origin.hypercorn_patches.prompt import PromptEvent

MAX_GATHERED = 16
"""The most frames, of up to 16 KiB each, that leave in one write."""

MAX_PUT_BYTES = 262144
"""The most bytes that are taken from apps that don't wait, until the sending task has written them."""


class TakingTurns:
    """The part of priority.PriorityTree that Hypercorn calls, without the tree: the ready streams take turns."""

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
            # Move it to the end: a dict keeps the order of insertion.
            del self._ready[stream_id]
            self._ready[stream_id] = None
            return stream_id
        raise DeadlockError("every stream is blocked")


class TurnTakingH2Protocol(H2Protocol):
    """One HTTP/2 connection."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        bound_frames(self.connection)
        self.priority = TakingTurns()  # type: ignore[assignment]  # it offers what Hypercorn calls
        self._sockets: set[int] = set()
        self._sending = 0
        self._gathered = 0
        self._gathering = False
        self._put_bytes = 0
        self._news = PromptEvent()
        self.has_data = self._news

    def ready(self, stream_id: int, size: int) -> bool:
        """See prompt.Protocol. What is put waits for the sending task; if that waits for the socket, so must the writer."""
        buffer = self.stream_buffers.get(stream_id)
        if buffer is None or buffer.buffer or self._put_bytes + size > MAX_PUT_BYTES:
            return False
        try:
            window = self.connection.local_flow_control_window(stream_id)
        except h2.exceptions.ProtocolError:  # The stream was reset, and its app does not know yet.
            return False
        return size <= min(window, self.connection.max_outbound_frame_size)

    def put(self, stream_id: int, data: bytes) -> None:
        with suppress(h2.exceptions.ProtocolError):  # As in `stream_send`: the connection has ended meanwhile.
            self.connection.send_data(stream_id, data)
        self._put_bytes += len(data)
        self._news.set_now()

    async def flush_head(self) -> None:
        """See prompt.Protocol: over HTTP/2 a head does not wait."""

    async def handle(self, event: ConnectionEvent) -> None:
        await super().handle(event)
        if isinstance(event, Closed):  # Nothing is sent any more; stock's app would wait for ever for its data to leave.
            for buffer in list(self.stream_buffers.values()):
                await buffer.close()

    async def send_task(self) -> None:
        """Like the stock one, but what is ready is written together instead of stream by stream."""
        while not self.closed:
            try:
                stream_id = next(self.priority)
            except DeadlockError:
                await self._write_gathered()
                await self.has_data.wait()
                await self.has_data.clear()
            else:
                await self._send_data(stream_id)
                if self._gathered >= MAX_GATHERED:
                    await self._write_gathered()

    async def _write_gathered(self) -> None:
        self._gathered = 0
        await self._flush()
        self._put_bytes = 0

    async def stream_send(self, event: StreamEvent) -> None:
        if isinstance(event, Response) and isinstance(self.streams.get(event.stream_id), HTTPStream):
            with self._gathering_frames():
                await super().stream_send(event)
        else:
            await super().stream_send(event)

    @contextmanager
    def _gathering_frames(self) -> Iterator[None]:
        """Frames that are sent inside the block are not written yet. The block must not wait for anything."""
        self._gathering = True
        try:
            yield
        finally:
            self._gathering = False

    async def _create_stream(self, request: RequestReceived) -> None:
        if not is_readable(request):
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
        # A stream that was reset while it was ready has no buffer any more. Stock raises KeyError, and again while handling it.
        if stream_id not in self.stream_buffers:
            self.priority.remove_stream(stream_id)
            return
        self._sending = stream_id
        try:
            with self._gathering_frames():
                await super()._send_data(stream_id)
        except KeyError:  # The stream was reset while it was being written to.
            self.priority.remove_stream(stream_id)

    async def _flush(self) -> None:
        """Write, or count what is to be written later. A WebSocket's END_STREAM and its reset leave together: between the two
        Firefox would open its next stream, one more than it is allowed."""
        stream = self.connection.streams.get(self._sending) if self._sending in self._sockets else None
        if stream is not None and stream.state_machine.state is StreamState.HALF_CLOSED_LOCAL:
            self._sockets.remove(self._sending)
            self.connection.reset_stream(self._sending, h2.errors.ErrorCodes.NO_ERROR)
        if self._gathering:
            self._gathered += 1
        else:
            await super()._flush()


class BoundedStreamBuffer(StreamBuffer):
    """A stream's buffer. A writer waits when the buffer has reached the high-water mark, until it is below the low-water
    mark."""

    async def push(self, data: bytes) -> None:
        if self._complete:
            raise BufferCompleteError
        self.buffer.extend(data)
        await self._is_empty.clear()
        if len(self.buffer) >= BUFFER_HIGH_WATER:
            if self._paused.is_set():  # If it is not, another writer waits for this event, and clearing would replace it.
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
