"""Sending without waiting: what the socket has no room for follows in order, and every byte is counted when it leaves."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
import trio

from lab.model.protocols import PROTOCOLS
from lab.origin.doors import Traffic
from lab.origin.doors.counted_stream import CountedStream
from lab.origin.doors.tcp import tls_context
from lab.origin.doors.tls_stream import TlsStream
from lab.run import certs

PART = bytes(range(256)) * 64
H2 = next(one for one in PROTOCOLS.values() if one.alpn == "h2")


@pytest.fixture(scope="module")
def leaf() -> Iterator[Path]:
    with certs.minted(*certs.NAMES) as folder:
        yield folder


def unchecked() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_alpn_protocols(["h2"])
    return context


async def pair(folder: Path | None) -> tuple[CountedStream | TlsStream, trio.abc.Stream, Traffic]:
    """A server's end and a client's end of one connection, over TLS if there is a folder with certificates."""
    here, there = trio.socket.socketpair()
    traffic = Traffic()
    counted, client = CountedStream(trio.SocketStream(here), traffic), trio.SocketStream(there)
    if folder is None:
        return counted, client, traffic
    server, secure = TlsStream(counted, tls_context(folder, H2)), trio.SSLStream(client, unchecked(), https_compatible=True)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(server.do_handshake)
        nursery.start_soon(secure.do_handshake)
    assert server.selected_alpn_protocol() == "h2"
    return server, secure, traffic


@pytest.mark.parametrize("tls", [False, True])
def test_what_has_no_room_follows_in_order(tls: bool, leaf: Path) -> None:
    async def check() -> None:
        server, client, traffic = await pair(leaf if tls else None)
        parts = 1
        while server.send_now(PART):
            parts += 1
        assert server.unsent
        left = traffic.sent
        assert not server.send_now(b"the end"), "it waits behind the others"
        assert traffic.sent == left
        came = bytearray()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(server.flush)
            nursery.start_soon(server.flush)
            while not came.endswith(b"the end"):
                came += await client.receive_some()
        assert came == PART * parts + b"the end"
        assert not server.unsent
        assert traffic.sent == len(came) if not tls else traffic.sent > len(came)
        await client.aclose()
        assert await server.receive_some() == b""
        await server.aclose()

    trio.run(check)


@pytest.mark.parametrize("tls", [False, True])
def test_an_ended_connection_is_broken(tls: bool, leaf: Path) -> None:
    async def check() -> None:
        server, client, _ = await pair(leaf if tls else None)
        await trio.aclose_forcefully(client)
        with pytest.raises(trio.BrokenResourceError):
            server.send_now(PART)
        await server.aclose()
        with pytest.raises(trio.BrokenResourceError):
            server.send_now(PART)

    trio.run(check)


def test_an_end_within_the_handshake_and_no_tls_at_all(leaf: Path) -> None:
    async def check() -> None:
        for first in (b"", b"GET / HTTP/1.1\r\n\r\n"):
            here, there = trio.socket.socketpair()
            server = TlsStream(CountedStream(trio.SocketStream(here), Traffic()), tls_context(leaf, H2))
            client = trio.SocketStream(there)
            await client.send_all(first)
            await client.send_eof()
            with pytest.raises(trio.BrokenResourceError):
                await server.do_handshake()
            await server.aclose()
            await client.aclose()

    trio.run(check)
