"""A TCP stream that counts its bytes where they enter and leave the process, so TLS and its handshakes are included; and that
can send without waiting."""

from __future__ import annotations

import os
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
        self._unsent = bytearray()
        self._flushing = trio.Lock()
        self.socket = stream.socket

    @property
    def unsent(self) -> bool:
        """Whether data that was sent earlier still waits for room in the socket."""
        return bool(self._unsent)

    def send_now(self, data: bytes | bytearray | memoryview) -> bool:
        """Send data, after all that was sent before, without waiting for room. False if some is left, which `flush` waits for.
        Raises trio.BrokenResourceError."""
        if self._unsent:
            self._unsent += data
            return False
        try:
            sent = os.write(self.socket.fileno(), data) if data else 0
        except BlockingIOError:
            sent = 0
        except OSError as error:
            raise trio.BrokenResourceError(str(error)) from error
        self._traffic.sent += sent
        self._unsent += data[sent:]
        return not self._unsent

    async def flush(self) -> None:
        """Return when all is sent. Raises trio.BrokenResourceError or trio.ClosedResourceError."""
        while self._unsent:
            async with self._flushing:
                await self._stream.wait_send_all_might_not_block()
                waiting, self._unsent = self._unsent, bytearray()
                self.send_now(waiting)

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        await trio.lowlevel.checkpoint()
        if not self.send_now(data):
            await self.flush()

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
