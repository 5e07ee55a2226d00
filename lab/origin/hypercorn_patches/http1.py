"""Hypercorn's HTTP/1.1 and its connections without what a long measurement has no use for: see lab.origin.hypercorn_shim."""

from __future__ import annotations

from typing import Any

import h11
import trio
from hypercorn.events import Closed, Event, RawData
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

    async def _check_protocol(self, event: h11.Request) -> None:
        """A door speaks its own protocol only: stock would change to HTTP/2 here (h2c), which no browser asks for."""


class NoTimer:
    """In the place of a hypercorn.typing.SingleTask: there is nothing to end."""

    async def restart(self, task_group: object, action: object) -> None: ...

    async def stop(self) -> None: ...


class LastingTCPServer(TCPServer):
    """Stock's reading task may be waiting for something else than the connection's bytes, as for an answer to end before it
    looks at the next request: it would not see that the connection has ended, and keep it for ever."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.idle_task = NoTimer()  # type: ignore[assignment]  # it offers what Hypercorn calls
        self._reading = trio.CancelScope()

    async def _read_data(self) -> None:
        with self._reading:
            await super()._read_data()
        if self._reading.cancelled_caught:  # It may have begun one more stream meanwhile.
            await self.protocol.handle(Closed())

    async def protocol_send(self, event: Event) -> None:
        if not isinstance(event, RawData):
            await super().protocol_send(event)
        elif not await self._written(event.data):
            await self.protocol.handle(Closed())
            event = Closed()
        if isinstance(event, Closed):
            self._reading.cancel()

    async def _written(self, data: bytes) -> bool:
        """Whether the connection took it; it does not while it is being closed, which trio calls busy. As in stock, half a
        write would be worse than a late end."""
        async with self.send_lock:
            try:
                with trio.CancelScope(shield=True):
                    await self.stream.send_all(data)
            except (trio.BrokenResourceError, trio.ClosedResourceError, trio.BusyResourceError):
                return False
        return True
