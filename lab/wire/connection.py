"""One connection of the plain client: opened with or without TLS, and read with the boundary and the time of each read."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from typing import Any

import msgspec

from lab.errors import UsageError
from lab.wire.address import Address

CONNECT_S = 3.0
"""Watchdog for opening a connection, TLS included."""

H1, H2 = "http/1.1", "h2"
"""Names of protocols in ALPN (RFC 7301)."""


class Trust(msgspec.Struct, frozen=True):
    """How certificates are checked: `insecure` accepts any; `authority` is a file with the only one that is trusted, instead of
    the system's."""

    insecure: bool = False
    authority: str = ""


@cache  # To read the system's authorities takes some 50 ms, in which nothing else is read.
def context_of(trust: Trust, offered: tuple[str, ...]) -> ssl.SSLContext:
    """What TLS needs to know to check certificates so, and to offer these protocols."""
    context = ssl.create_default_context(cafile=trust.authority or None)
    if trust.insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    context.set_alpn_protocols(list(offered))
    return context


class Reads(asyncio.Protocol):
    """Queues what each read brings, with its time (s, monotonic). None ends the queue."""

    def __init__(self) -> None:
        self.queue: asyncio.Queue[tuple[float, bytes] | None] = asyncio.Queue()
        self.lost: Exception | None = None

    def data_received(self, data: bytes) -> None:
        self.queue.put_nowait((time.monotonic(), data))

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost = exc
        self.queue.put_nowait(None)


class Connection:
    """An open connection. `alpn` is what the server chose: None without TLS, empty if it chose nothing."""

    def __init__(self, transport: asyncio.Transport, reads: Reads) -> None:
        self._transport = transport
        self._reads = reads
        tls: ssl.SSLObject | None = transport.get_extra_info("ssl_object")
        self.alpn = None if tls is None else tls.selected_alpn_protocol() or ""
        self.tls = None if tls is None else tls.version()
        self.certificate: dict[str, Any] = (tls.getpeercert() or {}) if tls is not None else {}

    def write(self, data: bytes) -> None:
        self._transport.write(data)

    async def read(self, until: float) -> tuple[float, bytes] | None:
        """The next read and its time. None at the end of the connection. Raises TimeoutError at the moment `until` (s,
        monotonic)."""
        async with asyncio.timeout(max(0.0, until - time.monotonic())):
            return await self._reads.queue.get()

    @property
    def lost(self) -> Exception | None:
        """The error that the connection ended with; None if it ended without one."""
        return self._reads.lost


@asynccontextmanager
async def connected(address: Address, trust: Trust, offered: tuple[str, ...] = (H2, H1)) -> AsyncIterator[Connection]:
    """A connection to an address, closed at the end. Raises OSError (also ssl.SSLError) or TimeoutError if it can't be opened,
    and UsageError for a host whose name is not known."""
    loop = asyncio.get_running_loop()
    async with asyncio.timeout(CONNECT_S):
        plain = await opened(address)
        try:
            tls = context_of(trust, offered) if address.tls else None
            transport, reads = await loop.create_connection(
                Reads, sock=plain, ssl=tls, server_hostname=address.host if tls else None
            )
        except BaseException:
            loop.call_soon(plain.close)  # Not before asyncio's transport has let go of it: its number would be used again.
            raise
    try:
        yield Connection(transport, reads)
    finally:
        transport.abort()
        with contextlib.suppress(OSError):
            plain.close()


async def opened(address: Address) -> socket.socket:
    """A TCP socket, connected to the first address of the host that answers."""
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM)
    except (socket.gaierror, UnicodeError) as error:
        raise UsageError(f"the host {address.host!r} is not known: {error}", "correct the URL") from error
    failure: OSError = OSError(f"{address.host} has no address")
    for family, kind, protocol, _, place in found:
        plain = socket.socket(family, kind, protocol)
        plain.setblocking(False)
        try:
            await loop.sock_connect(plain, place)
        except OSError as error:
            plain.close()
            failure = error
        except BaseException:
            plain.close()
            raise
        else:
            return plain
    raise failure
