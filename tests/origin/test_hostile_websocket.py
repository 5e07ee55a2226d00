"""What a client that is hostile on a WebSocket costs the others: nothing that they would miss."""

from __future__ import annotations

import socket
import zlib
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import h2.events
import pytest

from lab.transports import transports
from tests.conftest import Served
from tests.origin.beside import KIB, LITTLE_MIB, Beside
from tests.origin.raw import DATA, END_HEADERS, HEADERS, ended, frame, h2_raw, request, sent, until_came
from tests.tools.control import H2, WS, connect


@pytest.fixture
def origin(serve: Callable[..., Served]) -> Served:
    """A process of its own: its memory is measured."""
    return serve()


SOCKET = f"{transports()['websocket'].PATH}?cell=c&tab=1"
ANSWERED = "/payload?cell=c&tab=1&transport=websocket&bytes=1000000"
SOME, FEW, MANY = 20, 5, 30_000
FIN, CONTINUATION, TEXT, BINARY, PING, COMPRESSED = 0x80, 0, 1, 2, 9, 0x40
TOO_BIG = (1009).to_bytes(2, "big")
UPGRADE = (
    f"GET {SOCKET} HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
).encode()
DEFLATE = b"Sec-WebSocket-Extensions: permessage-deflate\r\n"
CONNECT = request(SOCKET.encode(), b"CONNECT", (b":protocol", b"websocket"), (b"sec-websocket-version", b"13"))


def part(opcode: int, content: bytes = b"", length: int | None = None) -> bytes:
    """RFC 6455 section 5.2, masked with zeros. `length` is what it says of itself."""
    size = len(content) if length is None else length
    said = bytes([0x80 | size]) if size < 126 else b"\xfe" + size.to_bytes(2) if size < 65536 else b"\xff" + size.to_bytes(8)
    return bytes([opcode]) + said + bytes(4) + content


def upgraded(port: int, more: bytes = b"") -> socket.socket:
    one = connect(port)
    one.sendall(UPGRADE + more + b"\r\n")
    until_came(one, b"\r\n\r\n")
    return one


def deflated(content: bytes) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return packer.compress(content) + packer.flush(zlib.Z_SYNC_FLUSH)


LARGE = b"x" * 60_000
ENDLESS = {
    "binary fragments": part(BINARY) + part(CONTINUATION, LARGE) * 500,
    "text fragments": part(TEXT) + part(CONTINUATION, LARGE) * 500,
    "one frame of 2^62 bytes": part(BINARY, LARGE * 100, 2**62),
    "60 MB in 58 KiB": part(FIN | COMPRESSED | BINARY, deflated(bytes(60_000_000))),
}


def test_messages_without_end(origin: Served, beside: Beside) -> None:
    """After 64 KiB, inflated or not, the WebSocket is ended, with code 1009 where the client still reads."""
    with beside.attack(f"messages of a WebSocket: {', '.join(ENDLESS)}") as attackers:
        for sends in ENDLESS.values():
            one = attackers.enter_context(upgraded(origin.port("h1-clear"), DEFLATE))
            sent(one, sends)
            ended(one)
        one = attackers.enter_context(upgraded(origin.port("h1-clear"), DEFLATE))
        one.sendall(part(FIN | COMPRESSED | TEXT, deflated(b"x" * 70_000)))
        assert TOO_BIG in ended(one)


def test_fragments_without_content(origin: Served, beside: Beside) -> None:
    """They are allowed, and nothing is kept of them."""
    with beside.attack(f"{MANY} empty fragments") as attackers:
        one = attackers.enter_context(closing(WS(origin.port("h1-clear"), SOCKET)))
        one.socket.sendall(part(TEXT) + part(CONTINUATION) * MANY + part(FIN | PING, b"the last"))
        until_came(one.socket, b"\x8a\x08the last")


def test_messages_that_nobody_reads(origin: Served, beside: Beside) -> None:
    """Each asks for 1 MB, of which nothing is taken. Hypercorn would let ten wait, and then not see the client leave."""
    with beside.attack(f"{FEW} clients with 3000 messages, who take no answer", (LITTLE_MIB + FEW * 6) * KIB) as attackers:
        for _ in range(FEW):
            one = attackers.enter_context(closing(WS(origin.port("h1-clear"), ANSWERED)))
            sent(one.socket, part(FIN | TEXT, b"go") * 3000)


@pytest.mark.parametrize(("sends", "content"), [("Pings", part(FIN | PING)), ("messages", part(FIN | TEXT, b"go"))])
def test_a_shut_window(origin: Served, leaf: Path, beside_h2: Beside, sends: str, content: bytes) -> None:
    """Over HTTP/2, on a stream whose client takes nothing: one answer to a Ping waits, and a hundred messages; at one more
    the stream is ended. The others of the connection go on."""
    with beside_h2.attack(f"{MANY} {sends} on a stream whose window is shut") as attackers:
        client = attackers.enter_context(closing(H2(origin.port("h2"), leaf, window=0)))
        stream = client.websocket(ANSWERED)
        assert client.until(h2.events.ResponseReceived, stream)
        for _ in range(MANY // 1000):
            while client.h2.local_flow_control_window(stream) < 1000 * len(content):
                client.receive()
            client.send(stream, content * 1000)
        assert client.until(h2.events.ResponseReceived, client.get("/"))


def test_a_message_before_the_answer(origin: Served, leaf: Path, beside_h2: Beside) -> None:
    """It is refused, and the app does not go on for it."""
    with beside_h2.attack("messages before the handshake is answered") as attackers:
        for _ in range(SOME):
            early = attackers.enter_context(h2_raw(origin.port("h2"), leaf))
            early.sendall(frame(HEADERS, END_HEADERS, 1, CONNECT) + frame(DATA, 0, 1, part(FIN | TEXT, b"go")))
            clear = attackers.enter_context(connect(origin.port("h1-clear")))
            clear.sendall(UPGRADE + b"\r\n" + part(FIN | TEXT, b"go"))
            until_came(clear, b"\r\n\r\n")


MALFORMED = {
    b"Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits=many\r\n": b"101",
    b"Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=99\r\n": b"101",
    b"Sec-WebSocket-Extensions: \xff\r\n": b"101",
    b"Sec-WebSocket-Protocol: \xff\r\n": b"101",
    b"Sec-WebSocket-Version: 7\r\n": b"400",
}


def test_handshakes_that_cannot_be_read(origin: Served, beside: Beside) -> None:
    """What can be declined is declined, and the rest is refused."""
    with beside.attack("malformed handshakes") as attackers:
        for field, status in MALFORMED.items():
            one = attackers.enter_context(connect(origin.port("h1-clear")))
            one.sendall(UPGRADE + field + b"\r\n")
            until_came(one, b"HTTP/1.1 " + status)
