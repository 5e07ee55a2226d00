"""Hypercorn's WebSockets: each tells why it fails, and over HTTP/2 ends and holds up nobody. See lab.origin.hypercorn_shim."""

from __future__ import annotations

from collections.abc import Generator

from hypercorn.protocol.events import EndData, StreamClosed
from hypercorn.protocol.ws_stream import WSStream
from wsproto.connection import Connection, ConnectionState
from wsproto.events import CloseConnection, Event, Pong


class TellingConnection(Connection):
    """It keeps to itself that the client has broken the protocol; `broken` then has the code to close with."""

    broken: int | None = None

    def events(self) -> Generator[Event]:
        for event in super().events():
            if isinstance(event, CloseConnection) and self.state is ConnectionState.OPEN:
                self.broken = event.code
                return
            yield event


class TellingWSStream(WSStream):
    """Stock closes the connection of who breaks the protocol without a word, and over HTTP/2 not even that: its stream stays
    open for ever (RFC 6455 section 7.1.7)."""

    connection: TellingConnection

    async def _handle_events(self) -> None:
        await super()._handle_events()
        if self.connection.broken is not None and not self.closed:
            await self._last(CloseConnection(code=self.connection.broken))
            await self.send(StreamClosed(stream_id=self.stream_id))

    async def _last(self, event: CloseConnection) -> None:
        await super()._send_wsproto_event(event)


class EndingWSStream(TellingWSStream):
    """What answers a client is written aside: the task that reads the connection must not wait for the client's window, for
    nobody would then see it open."""

    async def _send_wsproto_event(self, event: Event) -> None:
        if isinstance(event, CloseConnection) and self.connection.state is ConnectionState.REMOTE_CLOSING:
            await self._last(event)
        elif isinstance(event, Pong):
            self.task_group.spawn(super()._send_wsproto_event, event)
        else:
            await super()._send_wsproto_event(event)

    async def _last(self, event: CloseConnection) -> None:
        self.task_group.spawn(self._end, event)

    async def _end(self, event: CloseConnection) -> None:
        await super()._last(event)
        await self.send(EndData(stream_id=self.stream_id))
