"""Hypercorn's connection: no timer ends it, and its end is always noticed.

How it works: one task reads the connection; other tasks write to it. The first task that finds the connection ended tells the
protocol, and stops the task that reads.
"""

from __future__ import annotations

from typing import Any

import trio
from hypercorn.events import Closed, Event, RawData
from hypercorn.trio.tcp_server import TCPServer


class NoTimer:
    """Stands for Hypercorn's keep-alive timer (a hypercorn.typing.SingleTask), which would end idle connections."""

    async def restart(self, task_group: object, action: object) -> None: ...

    async def stop(self) -> None: ...


class LastingTCPServer(TCPServer):
    """Serves one connection, over TLS or not.

    The stock task that reads may be waiting for something other than bytes (for an answer to end before it looks at the next
    request). It would not see that the connection has ended, and would keep it for ever.
    """

    stream: Any  # lab.origin.doors: it has trio's methods, and send_now, unsent and flush.

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.idle_task = NoTimer()  # type: ignore[assignment]  # it offers what Hypercorn calls
        self._reading = trio.CancelScope()
        self._broken = False

    async def _read_data(self) -> None:
        with self._reading:
            await super()._read_data()
        if self._reading.cancelled_caught:  # The protocol may have begun another stream by then.
            await self.protocol.handle(Closed())

    async def protocol_send(self, event: Event) -> None:
        if not isinstance(event, RawData):
            await super().protocol_send(event)
        elif not await self._write(event.data):
            await self.protocol.handle(Closed())
            event = Closed()
        if isinstance(event, Closed):
            self._reading.cancel()

    async def _write(self, data: bytes) -> bool:
        """Write data. False if the connection has ended or is being closed (trio reports that as busy). As in stock Hypercorn,
        a write can't be cancelled: half a write would be worse than a late end."""
        try:
            if not self.stream.send_now(data):
                with trio.CancelScope(shield=True):
                    await self.stream.flush()
        except (trio.BrokenResourceError, trio.ClosedResourceError, trio.BusyResourceError):
            return False
        return True

    @property
    def ready(self) -> bool:
        """Whether `write_now` may be called: nothing that was written before waits for room in the socket, or failed."""
        return not self._broken and not self.stream.unsent

    def write_now(self, data: bytes) -> None:
        """Write data without waiting. What the socket has no room for follows in a task of its own. After an error there is
        only `_write`, which meets it again and ends the connection."""
        try:
            if not self.stream.send_now(data):
                self._task_group.spawn(self._flush)
        except trio.BrokenResourceError:
            self._broken = True

    async def _flush(self) -> None:
        try:
            await self.stream.flush()
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            self._broken = True
