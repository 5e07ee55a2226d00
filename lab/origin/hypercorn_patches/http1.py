"""Hypercorn's HTTP/1.1: a response's head waits for its body, so that both leave in one write; and its status line has a reason
phrase.

What is still ugly: the head is held back by replacing the `send` that Hypercorn hands in, since the stock class writes to it
from several methods.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

import h11
from hypercorn.events import Event, RawData
from hypercorn.protocol.events import Event as StreamEvent
from hypercorn.protocol.events import Response
from hypercorn.protocol.h11 import H11Protocol
from hypercorn.protocol.http_stream import HTTPStream

from lab.origin.hypercorn_patches.connection import LastingTCPServer

REASONS = {status.value: status.phrase.encode() for status in HTTPStatus}


class WholeH11Protocol(H11Protocol):
    """One HTTP/1.1 connection."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._server: LastingTCPServer = self.send.__self__  # type: ignore[attr-defined]  # it is its `protocol_send`
        self._write, self.send = self.send, self._gather
        self._gathering = False
        self._head = b""

    async def stream_send(self, event: StreamEvent) -> None:
        self._gathering = isinstance(event, Response) and isinstance(self.stream, HTTPStream)
        await super().stream_send(event)

    def ready(self, stream_id: int, size: int) -> bool:
        """See prompt.Protocol."""
        framing = not isinstance(self.connection, h11.Connection) or self.connection.our_state is h11.SEND_BODY
        return framing and self._server.ready and not self._head

    def put(self, stream_id: int, data: bytes) -> None:
        if isinstance(self.connection, h11.Connection):  # Not over a WebSocket.
            data = self.connection.send(h11.Data(data=data)) or b""
        self._server.write_now(data)

    async def flush_head(self) -> None:
        """See prompt.Protocol."""
        head, self._head = self._head, b""
        if head:
            await self._write(RawData(head))

    async def _send_h11_event(self, event: h11.Data | h11.EndOfMessage | h11.InformationalResponse | h11.Response) -> None:
        if isinstance(event, h11.Response):
            event = h11.Response(
                headers=event.headers, status_code=event.status_code, reason=REASONS.get(event.status_code, b"")
            )
        await super()._send_h11_event(event)

    async def _gather(self, event: Event) -> None:
        """Keep a response's head until its body comes, and write both together."""
        if not isinstance(event, RawData):
            await self._write(event)
        elif self._gathering:
            self._head += event.data
        elif self._head or event.data:
            whole, self._head = self._head + event.data, b""
            await self._write(RawData(whole))

    async def _check_protocol(self, event: h11.Request) -> None:
        """Do nothing: a door has only one protocol. Stock Hypercorn would switch to HTTP/2 here (h2c), which no browser
        requests."""
