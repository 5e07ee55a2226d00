"""A TCP stream that counts its bytes where they enter and leave the process, so TLS and its handshakes are included."""

from __future__ import annotations

import socket
import struct

import trio

from lab.origin.doors import Traffic


class CountedStream(trio.abc.HalfCloseableStream):
    """A socket stream that counts its bytes. It has a `socket`, and must have no `do_handshake`: Hypercorn would then take it
    for a TLS stream."""

    def __init__(self, stream: trio.SocketStream, traffic: Traffic) -> None:
        self._stream = stream
        self._traffic = traffic
        self.socket = stream.socket

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        await self._stream.send_all(data)
        self._traffic.sent += len(data)

    async def wait_send_all_might_not_block(self) -> None:
        await self._stream.wait_send_all_might_not_block()

    async def receive_some(self, max_bytes: int | None = None) -> bytes | bytearray:
        data = await self._stream.receive_some(max_bytes)
        self._traffic.received += len(data)
        return data

    async def send_eof(self) -> None:
        await self._stream.send_eof()

    async def aclose(self) -> None:
        await self._stream.aclose()


class CountedListener(trio.abc.Listener[CountedStream]):
    """A listener that counts the bytes of all its connections in one `traffic`."""

    def __init__(self, listener: trio.SocketListener, traffic: Traffic) -> None:
        self._listener = listener
        self._traffic = traffic

    async def accept(self) -> CountedStream:
        return CountedStream(await self._listener.accept(), self._traffic)

    async def aclose(self) -> None:
        await self._listener.aclose()


def reset(connection: trio.socket.SocketType) -> None:
    """Close a connection at once with RST, as a crashed host does: data that is not sent yet is lost."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()
