"""A relay in front of a proxy: it passes TCP through, counts the connections, and reads which protocols the browser offered.

What was chosen is encrypted in TLS 1.3 (RFC 8446, section 2), so the relay can't know it. What was offered stands in the first
bytes that the browser sends (RFC 8446, section 4.1.2; ALPN is RFC 7301).
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import msgspec

from lab.model.hops import FrontConnection
from lab.model.ledger import now_ms
from lab.paths import LOOPBACK
from lab.tasks import cancel_and_wait

READ_BYTES = 65536
MOST_HELLO = 16640
"""The most bytes of a TLS record, and so of what is kept to find the offer in."""

LOOK_S = 0.02
"""From one look for a reset to the next, in seconds."""

ALPN = 16
HANDSHAKE, CLIENT_HELLO = 22, 1
"""Numbers of TLS: the extension, the kind of record, the kind of handshake message."""


class Relay:
    """Relays the connections of one front. `port` is where browsers connect."""

    def __init__(self, door: str, target: int) -> None:
        self.door = door
        self.port = 0
        self._target = target
        self._connections: list[FrontConnection] = []
        self._writers: set[asyncio.StreamWriter] = set()
        self._ended = asyncio.Event()

    def __repr__(self) -> str:
        return f"<Relay {self.door} :{self.port} to :{self._target}, {len(self._connections)} connections>"

    @property
    def connections(self) -> tuple[FrontConnection, ...]:
        """Every connection so far."""
        return tuple(self._connections)

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection to its end."""
        place = len(self._connections)
        self._connections.append(FrontConnection(connection=place + 1, door=self.door, opened_ms=now_ms()))
        both = [writer]
        self._writers.add(writer)
        try:
            answers, behind = await asyncio.open_connection(LOOPBACK, self._target)
            both.append(behind)
            self._writers.add(behind)
            sending = asyncio.create_task(pump(answers, writer))
            await self._up(place, reader, behind)
            if await was_reset(writer, sending):
                reset(behind)
        except OSError:
            pass  # The proxy does not accept it: the browser sees its connection closed.
        finally:
            self._note(place, closed_ms=now_ms())
            for one in both:
                one.transport.abort()
            self._writers.difference_update(both)
            self._ended.set()

    async def _up(self, place: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """From the browser to the proxy. The first bytes are looked at."""
        hello = b""
        while self._connections[place].offered is None and len(hello) < MOST_HELLO:
            data = await read(reader)
            if not data:
                break
            hello += data
            writer.write(data)
            if not hello.startswith(bytes([HANDSHAKE])):
                break
            if (offered := offer(hello)) is not None:
                self._note(place, offered=offered)
        await pump(reader, writer)

    def _note(self, place: int, **changes: object) -> None:
        self._connections[place] = msgspec.structs.replace(self._connections[place], **changes)

    async def close(self) -> None:
        """End every connection. Each task ends by itself when its connections have ended: asyncio reports a cancelled one as an
        error."""
        while self._writers:
            self._ended.clear()
            for one in tuple(self._writers):
                one.transport.abort()
            await self._ended.wait()


async def read(reader: asyncio.StreamReader) -> bytes:
    """What comes next; empty at the end, however the connection ended."""
    try:
        return await reader.read(READ_BYTES)
    except OSError:
        return b""


async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Pass on what comes until its end, and then that end."""
    with contextlib.suppress(OSError):
        while data := await read(reader):
            writer.write(data)
            await writer.drain()
        if writer.can_write_eof():
            writer.write_eof()


async def was_reset(writer: asyncio.StreamWriter, sending: asyncio.Task[None]) -> bool:
    """Return when `sending` to a peer that has closed its own direction has ended: False; or when the peer has reset the
    connection: True. The event loop does not look for a reset where nothing is read any more, and the proxy would learn of it
    one write later."""
    connection = writer.get_extra_info("socket")
    while not sending.done():
        await asyncio.wait({sending}, timeout=LOOK_S)
        if connection.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
            await cancel_and_wait(sending)
            return True
    return False


def reset(writer: asyncio.StreamWriter) -> None:
    """Let the connection end by a reset when it is closed, as the other side did."""
    linger = struct.pack("ii", 1, 0)
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)


def offer(hello: bytes) -> tuple[str, ...] | None:
    """The protocols that a ClientHello offers by ALPN; empty if it offers none. None while it is not complete, or is none."""
    try:
        size = int.from_bytes(hello[3:5], "big")
        body = hello[5 : 5 + size]
        if len(body) < size or body[0] != CLIENT_HELLO:
            return None
        at = 4 + 2 + 32  # Kind and length, version, random.
        at += 1 + body[at]  # The session's id.
        at += 2 + int.from_bytes(body[at : at + 2], "big")  # Cipher suites.
        at += 1 + body[at]  # Compression.
        end = at + 2 + int.from_bytes(body[at : at + 2], "big")
        at += 2
        while at + 4 <= end:
            kind, length = int.from_bytes(body[at : at + 2], "big"), int.from_bytes(body[at + 2 : at + 4], "big")
            at += 4
            if kind == ALPN:
                return tuple(names(body[at + 2 : at + length]))
            at += length
    except IndexError:
        return None
    return ()


def names(listed: bytes) -> list[str]:
    """The names in a list of ALPN."""
    found, at = list[str](), 0
    while at < len(listed):
        found.append(listed[at + 1 : at + 1 + listed[at]].decode("latin-1"))
        at += 1 + listed[at]
    return found


@asynccontextmanager
async def relay(door: str, target: int) -> AsyncIterator[Relay]:
    """A relay to a port of this machine, on a free port."""
    one = Relay(door, target)
    server = await asyncio.start_server(one.accept, LOOPBACK, 0, backlog=1024)
    one.port = server.sockets[0].getsockname()[1]
    try:
        yield one
    finally:
        server.close()
        await one.close()
