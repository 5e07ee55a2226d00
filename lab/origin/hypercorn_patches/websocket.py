"""Hypercorn's WebSockets: each closes with a reason, keeps little data, and over HTTP/2 ends its stream.

How it works: wsproto's connection notes a violation instead of reporting it (`CheckedConnection.broken`); the stream then sends
the Close frame with the reason and ends itself. Over HTTP/2 (`EndingWSStream`) every answer to a client is written in a task of
its own, because the task that reads the connection must stay free to see a window open again.
"""

from __future__ import annotations

import zlib
from collections.abc import Generator, Mapping
from typing import Any

import trio
from hypercorn.protocol.events import Body, Data, EndData, Request, StreamClosed
from hypercorn.protocol.events import Event as StreamEvent
from hypercorn.protocol.ws_stream import ASGIWebsocketState, Handshake, WSStream
from wsproto.connection import Connection, ConnectionState
from wsproto.events import CloseConnection, Event, Message, Pong, TextMessage
from wsproto.extensions import PerMessageDeflate
from wsproto.frame_protocol import CloseReason, FrameDecoder, FrameProtocol

from lab.origin.hypercorn_patches.prompt import WRITE_NOW, protocol_of

MAX_MESSAGE_BYTES = 65536
"""The most bytes or characters of one message, and of the inflated data of one read. The lab's pages send only short
messages."""

MAX_FRAMING = 64
"""The most bytes by which a short message's frame is longer than the message, compression that gains nothing included."""

MAX_WAITING_MESSAGES = 100
"""The most messages that may wait for the app. Stock Hypercorn stops reading the connection at ten."""


class CheckedConnection(Connection):
    """Detects that the client has violated the protocol or a bound: `broken` is then the code to close with. Hypercorn does not
    see the violating event or later ones."""

    broken: int | None = None
    _length = 0

    def events(self) -> Generator[Event]:
        for event in super().events():
            if isinstance(event, CloseConnection) and self.state is ConnectionState.OPEN:
                self.broken = event.code
            elif isinstance(event, Message):
                self._length += len(event.data)
                if self._length > MAX_MESSAGE_BYTES:
                    self.broken = CloseReason.MESSAGE_TOO_BIG
                if event.message_finished:
                    self._length = 0
            if self.broken is None:
                yield event
            if self.broken is not None:
                return


class ReadableHandshake(Handshake):
    """Ignores fields that are not ASCII. Stock ends the connection with a UnicodeDecodeError."""

    def __init__(self, headers: list[tuple[bytes, bytes]], http_version: str) -> None:
        super().__init__([(name, value) for name, value in headers if value.isascii()], http_version)


class BoundedDeflate(PerMessageDeflate):
    """Inflates at most `MAX_MESSAGE_BYTES` of what comes at once (64 KiB can hold 64 MiB), and declines an offer that it can't
    read (RFC 7692 section 7.1), where stock raises."""

    def accept(self, offer: str) -> bool | str | None:
        try:
            return super().accept(offer)
        except (ValueError, IndexError):
            return None

    def frame_inbound_payload_data(self, proto: FrameDecoder | FrameProtocol, data: bytes) -> bytes | CloseReason:
        if self._decompressor is None or not self._inbound_compressed or not self._inbound_is_compressible:
            return data
        try:
            inflated = self._decompressor.decompress(data, MAX_MESSAGE_BYTES)
        except zlib.error:
            return CloseReason.INVALID_FRAME_PAYLOAD_DATA
        return CloseReason.MESSAGE_TOO_BIG if self._decompressor.unconsumed_tail else inflated


class ClosingWSStream(WSStream):
    """A WebSocket that closes with a reason, and always notifies the app.

    On a protocol error stock Hypercorn drops the connection without a Close frame (RFC 6455 section 7.1.7), and over HTTP/2
    leaves the stream open. If a client sends data before the handshake completes, the app is never notified and runs for ever.
    """

    connection: CheckedConnection

    def _write_now(self, message: bytes) -> bool:
        """See prompt. A frame that was made must be sent, since compression remembers it: so there must be room first."""
        open_ = self.state is ASGIWebsocketState.CONNECTED and self.connection.state is ConnectionState.OPEN
        if self.closed or not open_ or not self._protocol.ready(self.stream_id, len(message) + MAX_FRAMING):
            return False
        self._protocol.put(self.stream_id, self.connection.send(TextMessage(message.decode())))
        return True

    async def handle(self, event: StreamEvent) -> None:
        was_closed = self.closed
        if isinstance(event, (Body, Data)) and not was_closed and not self.handshake.accepted:
            self.closed = True  # Before the answer: what the app sends meanwhile would follow the refusal.
            await self._send_error_response(400)
        else:
            await super().handle(event)
        if isinstance(event, Request) and self.app_put is not None:
            self._app_put, self.app_put = self.app_put, self._put
            self._protocol = protocol_of(self)
            self.scope["extensions"][WRITE_NOW] = self._write_now  # type: ignore[assignment]  # any value by ASGI
        refused = self.closed and not was_closed and not isinstance(event, StreamClosed)
        if refused:
            if self.app_put is not None:
                await self.app_put({"type": "websocket.disconnect", "code": CloseReason.ABNORMAL_CLOSURE})
            await self.send(StreamClosed(stream_id=self.stream_id))

    async def _put(self, message: Mapping[str, Any]) -> None:
        """Hand a message to the app, unless too many wait for it."""
        channel: trio.MemorySendChannel[Any] = self._app_put.__self__  # type: ignore[attr-defined]  # it is its `send`
        waiting = channel.statistics().current_buffer_used
        if message["type"] == "websocket.receive" and waiting >= MAX_WAITING_MESSAGES:
            self.connection.broken = CloseReason.POLICY_VIOLATION
        else:
            await self._app_put(message)

    async def _handle_events(self) -> None:
        await super()._handle_events()
        if self.connection.broken is not None and not self.closed:
            await self._close(CloseConnection(code=self.connection.broken))
            await self.send(StreamClosed(stream_id=self.stream_id))

    async def _close(self, event: CloseConnection) -> None:
        """Send the last frame."""
        await super()._send_wsproto_event(event)


class EndingWSStream(ClosingWSStream):
    """A WebSocket over HTTP/2: its stream ends with it, and its answers are written in tasks of their own.

    The task that reads the connection must not wait for a client's window, since only that task sees the window open. Of
    several Pings that wait for an answer only the last one gets it (RFC 6455 section 5.5.3).
    """

    _pong: Pong | None = None

    async def _send_wsproto_event(self, event: Event) -> None:
        if isinstance(event, CloseConnection) and self.connection.state is ConnectionState.REMOTE_CLOSING:
            await self._close(event)
        elif isinstance(event, Pong):
            if self._pong is None:
                self.task_group.spawn(self._answer_pings)
            self._pong = event
        else:
            await super()._send_wsproto_event(event)

    async def _answer_pings(self) -> None:
        while self._pong is not None:
            pong = self._pong
            await super()._send_wsproto_event(pong)
            if self._pong is pong:
                self._pong = None

    async def _close(self, event: CloseConnection) -> None:
        self.task_group.spawn(self._end, event)

    async def _end(self, event: CloseConnection) -> None:
        await super()._close(event)
        await self.send(EndData(stream_id=self.stream_id))
