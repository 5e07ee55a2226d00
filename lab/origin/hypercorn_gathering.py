"""Hypercorn's HTTP/1.1 and its connections without what a long measurement has no use for: see lab.origin.hypercorn_shim."""

from __future__ import annotations

from typing import Any

from hypercorn.events import Event, RawData
from hypercorn.protocol.events import Event as StreamEvent
from hypercorn.protocol.events import Response
from hypercorn.protocol.h11 import H11Protocol
from hypercorn.protocol.http_stream import HTTPStream
from hypercorn.trio.tcp_server import TCPServer


class WholeH11Protocol(H11Protocol):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._write, self.send = self.send, self._gather
        self._gathering = False
        self._head = b""

    async def stream_send(self, event: StreamEvent) -> None:
        self._gathering = isinstance(event, Response) and isinstance(self.stream, HTTPStream)
        await super().stream_send(event)

    async def _gather(self, event: Event) -> None:
        if not isinstance(event, RawData):
            await self._write(event)
        elif self._gathering:
            self._head += event.data
        elif self._head or event.data:
            whole, self._head = self._head + event.data, b""
            await self._write(RawData(whole))


class NoTimer:
    """In the place of a hypercorn.typing.SingleTask: there is nothing to end."""

    async def restart(self, task_group: object, action: object) -> None: ...

    async def stop(self) -> None: ...


class LastingTCPServer(TCPServer):
    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.idle_task = NoTimer()  # type: ignore[assignment]  # it offers what Hypercorn calls
