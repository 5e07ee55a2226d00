"""Hypercorn's WebSockets: each tells why it fails, keeps little of what it is sent, and over HTTP/2 ends and holds up nobody.
See lab.origin.hypercorn_shim."""

from __future__ import annotations

import zlib
from collections.abc import Generator, Mapping
from typing import Any

import trio
from hypercorn.protocol.events import Body, Data, EndData, Request, StreamClosed
from hypercorn.protocol.events import Event as StreamEvent
from hypercorn.protocol.ws_stream import Handshake, WSStream
from wsproto.connection import Connection, ConnectionState
from wsproto.events import CloseConnection, Event, Message, Pong
from wsproto.extensions import PerMessageDeflate
from wsproto.frame_protocol import CloseReason, FrameDecoder, FrameProtocol

MOST = 65536
"""Bytes or characters of one message, and of what one read inflates to: a page sends words."""
MOST_WAITING = 100
"""Messages that the app has not come to yet; Hypercorn would stop reading at ten."""


class TellingConnection(Connection):
    """It keeps to itself that the client has broken the protocol or a bound; `broken` then has the code to close with."""

    broken: int | None = None
    _length = 0

    def events(self) -> Generator[Event]:
        for event in super().events():
            if isinstance(event, CloseConnection) and self.state is ConnectionState.OPEN:
                self.broken = event.code
            elif isinstance(event, Message):
                self._length += len(event.data)
                if self._length > MOST:
                    self.broken = CloseReason.MESSAGE_TOO_BIG
                if event.message_finished:
                    self._length = 0
            if self.broken is None:
                yield event
            if self.broken is not None:
                return


class ReadableHandshake(Handshake):
    """Without the fields that are no ASCII: stock's connection dies of a UnicodeDecodeError."""

    def __init__(self, headers: list[tuple[bytes, bytes]], http_version: str) -> None:
        super().__init__([(name, value) for name, value in headers if value.isascii()], http_version)


class BoundedDeflate(PerMessageDeflate):
    """It takes no more than `MOST` out of what comes at once (64 KiB can hold 64 MiB), and declines an offer that it can't
    read (RFC 7692 section 7.1) where stock raises."""

    def accept(self, offer: str) -> bool | str | None:
        try:
            return super().accept(offer)
        except (ValueError, IndexError):
            return None

    def frame_inbound_payload_data(self, proto: FrameDecoder | FrameProtocol, data: bytes) -> bytes | CloseReason:
        if self._decompressor is None or not self._inbound_compressed or not self._inbound_is_compressible:
            return data
        try:
            inflated = self._decompressor.decompress(data, MOST)
        except zlib.error:
            return CloseReason.INVALID_FRAME_PAYLOAD_DATA
        return CloseReason.MESSAGE_TOO_BIG if self._decompressor.unconsumed_tail else inflated


class TellingWSStream(WSStream):
    """Stock closes the connection of who breaks the protocol without a word, and over HTTP/2 not even that: its stream stays
    open for ever (RFC 6455 section 7.1.7). Of who sends a message before the handshake is answered, the app is told nothing,
    and goes on for ever."""

    connection: TellingConnection

    async def handle(self, event: StreamEvent) -> None:
        before = self.closed
        if isinstance(event, (Body, Data)) and not before and not self.handshake.accepted:
            self.closed = True  # First, or what the app answers meanwhile would follow the refusal.
            await self._send_error_response(400)
        else:
            await super().handle(event)
        if isinstance(event, Request) and self.app_put is not None:
            self._app_put, self.app_put = self.app_put, self._put
        if self.closed and not before and not isinstance(event, StreamClosed):  # It was refused.
            if self.app_put is not None:
                await self.app_put({"type": "websocket.disconnect", "code": CloseReason.ABNORMAL_CLOSURE})
            await self.send(StreamClosed(stream_id=self.stream_id))

    async def _put(self, message: Mapping[str, Any]) -> None:
        channel: trio.MemorySendChannel[Any] = self._app_put.__self__  # type: ignore[attr-defined]  # it is its `send`
        waiting = channel.statistics().current_buffer_used
        if message["type"] == "websocket.receive" and waiting >= MOST_WAITING:
            self.connection.broken = CloseReason.POLICY_VIOLATION
        else:
            await self._app_put(message)

    async def _handle_events(self) -> None:
        await super()._handle_events()
        if self.connection.broken is not None and not self.closed:
            await self._last(CloseConnection(code=self.connection.broken))
            await self.send(StreamClosed(stream_id=self.stream_id))

    async def _last(self, event: CloseConnection) -> None:
        await super()._send_wsproto_event(event)


class EndingWSStream(TellingWSStream):
    """What answers a client is written aside: the task that reads the connection must not wait for the client's window, for
    nobody would then see it open. Only the last Ping that waits is answered (RFC 6455 section 5.5.3)."""

    _pong: Pong | None = None

    async def _send_wsproto_event(self, event: Event) -> None:
        if isinstance(event, CloseConnection) and self.connection.state is ConnectionState.REMOTE_CLOSING:
            await self._last(event)
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

    async def _last(self, event: CloseConnection) -> None:
        self.task_group.spawn(self._end, event)

    async def _end(self, event: CloseConnection) -> None:
        await super()._last(event)
        await self.send(EndData(stream_id=self.stream_id))
