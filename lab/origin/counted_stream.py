"""Bytes counted where they leave and enter the process: at the sockets of the doors, TLS and its handshakes included."""

from __future__ import annotations

import socket
import struct

import trio


class Wire:
    """What has gone over some connections so far, in bytes, seen from the origin."""

    def __init__(self) -> None:
        self.sent = 0
        self.received = 0


class CountedStream(trio.abc.HalfCloseableStream):
    """A socket stream that counts. It has a `socket`, and only what a trio.SocketStream has: Hypercorn takes a stream that can
    do a handshake for TLS."""

    def __init__(self, stream: trio.SocketStream, wire: Wire) -> None:
        self._stream = stream
        self._wire = wire
        self.socket = stream.socket

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        await self._stream.send_all(data)
        self._wire.sent += len(data)

    async def wait_send_all_might_not_block(self) -> None:
        await self._stream.wait_send_all_might_not_block()

    async def receive_some(self, max_bytes: int | None = None) -> bytes | bytearray:
        data = await self._stream.receive_some(max_bytes)
        self._wire.received += len(data)
        return data

    async def send_eof(self) -> None:
        await self._stream.send_eof()

    async def aclose(self) -> None:
        await self._stream.aclose()


class CountedListener(trio.abc.Listener[CountedStream]):
    def __init__(self, listener: trio.SocketListener, wire: Wire) -> None:
        self._listener = listener
        self._wire = wire

    async def accept(self) -> CountedStream:
        return CountedStream(await self._listener.accept(), self._wire)

    async def aclose(self) -> None:
        await self._listener.aclose()


def reset(connection: trio.socket.SocketType) -> None:
    """Close at once with RST, as a crashed host or an impatient proxy does: no lingering, what is unsent is lost."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()
