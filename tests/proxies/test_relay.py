"""The relay in front of a proxy: it changes nothing, counts connections, reads what is offered, and passes on how each ends."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from lab.paths import LOOPBACK
from lab.proxies.relay import Relay, offer, relay


class Server:
    """Answers with what it was sent; `ended` says how each of its connections ended."""

    def __init__(self) -> None:
        self.ended: list[str] = []
        self.came = asyncio.Event()

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()
            self.ended.append("closed")
        except ConnectionResetError:
            self.ended.append("reset")
        finally:
            self.came.set()
            writer.transport.abort()


@asynccontextmanager
async def between() -> AsyncIterator[tuple[Relay, Server]]:
    one = Server()
    server = await asyncio.start_server(one.accept, LOOPBACK, 0)
    async with relay("h1", server.sockets[0].getsockname()[1]) as between:
        yield between, one
    server.close()
    await asyncio.sleep(0.01)


def test_what_is_sent_arrives_unchanged_both_ways_and_is_counted() -> None:
    async def check() -> None:
        async with between() as (one, server):
            reader, writer = await asyncio.open_connection(LOOPBACK, one.port)
            sent = bytes(range(256)) * 4000
            writer.write(sent)
            writer.write_eof()
            assert await reader.read() == sent
            writer.close()
            await server.came.wait()
            await asyncio.sleep(0.05)
            assert server.ended == ["closed"]
            [connection] = one.connections
            assert (connection.door, connection.offered) == ("h1", None)
            assert connection.closed_ms is not None
            assert connection.closed_ms >= connection.opened_ms

    asyncio.run(check())


def test_a_server_that_is_not_there_closes_the_connection() -> None:
    async def check() -> None:
        async with relay("h1", 9) as one:
            reader, writer = await asyncio.open_connection(LOOPBACK, one.port)
            with pytest.raises(ConnectionError):
                assert not await reader.read(), "or it ends without a reset"
                raise ConnectionResetError
            writer.close()

    asyncio.run(check())


@pytest.mark.parametrize("offered", [("h2", "http/1.1"), ("http/1.1",), ()])
def test_what_a_client_offers_is_read(offered: tuple[str, ...]) -> None:
    tls = ssl.create_default_context()
    if offered:
        tls.set_alpn_protocols(list(offered))
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    with pytest.raises(ssl.SSLWantReadError):
        tls.wrap_bio(incoming, outgoing, server_hostname="localhost").do_handshake()
    hello = outgoing.read()
    assert offer(hello) == offered
    assert all(offer(hello[:size]) is None for size in range(5, len(hello), 7)), "not before it is complete"


@pytest.mark.parametrize(
    "noise", [b"", b"GET / HTTP/1.1\r\n", bytes(80), b"\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00", b"\xff" * 500]
)
def test_noise_is_no_offer(noise: bytes) -> None:
    assert not offer(noise)


def test_closing_the_relay_ends_every_connection() -> None:
    async def check() -> None:
        async with between() as (one, server):
            reader, writer = await asyncio.open_connection(LOOPBACK, one.port)
            writer.write(b"hello")
            assert await reader.readexactly(5) == b"hello"
        assert not await reader.read()
        await server.came.wait()
        writer.close()

    asyncio.run(check())
