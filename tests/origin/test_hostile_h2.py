"""What a client that is hostile over HTTP/2 costs the others: nothing that they would miss."""

from __future__ import annotations

import struct
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import h2.events
import pytest

from tests.conftest import Served
from tests.origin.beside import KIB, SSE, Beside
from tests.origin.raw import (
    ACK,
    CONTINUATION,
    DATA,
    END_HEADERS,
    END_STREAM,
    GOAWAY,
    HEADERS,
    PING,
    PREFACE,
    PRIORITY,
    PUSH_PROMISE,
    RST_STREAM,
    SETTINGS,
    WINDOW_UPDATE,
    block,
    ended,
    flooded,
    frame,
    h2_raw,
    request,
    sent,
    unread,
    until_came,
)
from tests.tools.control import H2


@pytest.fixture
def origin(serve: Callable[..., Served]) -> Served:
    """A process of its own: its memory is measured."""
    return serve()


MANY, RESETS, SOCKETS, SOME = 20_000, 10_000, 2000, 20
WHOLE = END_HEADERS | END_STREAM
CANCEL, PROTOCOL_ERROR = struct.pack(">I", 8), struct.pack(">I", 1)
STREAM = request(f"{SSE}1".encode())
WEBSOCKET = request(
    b"/api/v1/live-scores/socket?cell=c&tab=1", b"CONNECT", (b":protocol", b"websocket"), (b"sec-websocket-version", b"13")
)
KERNEL = 32 * 1024 * KIB
"""More than the kernel keeps of what one end sends and the other does not read, in both directions."""


def opened_and_reset(count: int, fields: bytes, flags: int) -> bytes:
    """The client never has more than one stream open, so no limit on streams holds it up (CVE-2023-44487)."""
    numbers = range(1, 2 * count, 2)
    return b"".join(frame(HEADERS, flags, number, fields) + frame(RST_STREAM, 0, number, CANCEL) for number in numbers)


FLOODS = {
    f"{MANY} PINGs": frame(PING, 0, 0, b"12345678") * MANY,
    f"{MANY} SETTINGS": frame(SETTINGS, 0, 0, struct.pack(">HI", 4, 65535)) * MANY,
    f"{MANY} WINDOW_UPDATEs, PRIORITYs, empty DATA and frames of no known kind": frame(HEADERS, END_HEADERS, 1, STREAM)
    + (
        frame(WINDOW_UPDATE, 0, 0, struct.pack(">I", 1))
        + frame(PRIORITY, 0, 3, struct.pack(">IB", 0, 3))
        + frame(DATA, 0, 1)
        + frame(0xEE, 0xFF, 0, b"?")
    )
    * (MANY // 4),
    f"{RESETS} streams opened and reset": opened_and_reset(RESETS, STREAM, WHOLE),
    f"{SOCKETS} WebSockets opened and reset": opened_and_reset(SOCKETS, WEBSOCKET, END_HEADERS),
}


@pytest.mark.parametrize("sends", FLOODS)
def test_a_flood(origin: Served, leaf: Path, beside_h2: Beside, sends: str) -> None:
    """All of it is dealt with, a few KiB at a time. That is allowed, so the connection stays."""
    with beside_h2.attack(sends) as attackers:
        flooded(attackers.enter_context(h2_raw(origin.port("h2"), leaf)), FLOODS[sends])


def test_a_flood_whose_answers_are_never_read(origin: Served, leaf: Path, beside_h2: Beside) -> None:
    """Who does not take the answers is not read any more, once the kernel's buffers are full."""
    with beside_h2.attack("PINGs, and SETTINGS, whose answers are never read") as attackers:
        for one in (frame(PING, 0, 0, b"12345678"), frame(SETTINGS, 0, 0)):
            unread(attackers.enter_context(h2_raw(origin.port("h2"), leaf)), one * 4096, KERNEL)


BOMB = block((b"x", b"y" * 3000)) + b"\xbe" * 10_000  # One field of 3 KB, and 10,000 references to it, of a byte each.
LONGEST = (2**24 - 1).to_bytes(3, "big")
ENDS = {
    "CONTINUATION without end": frame(HEADERS, END_STREAM, 1, STREAM) + frame(CONTINUATION, 0, 1, b"\0\1a\1b" * 3000) * 200,
    "empty CONTINUATION without end": frame(HEADERS, END_STREAM, 1, STREAM) + frame(CONTINUATION, 0, 1) * MANY,
    "a block of fields that inflates to 30 MB": frame(HEADERS, WHOLE, 1, BOMB),
    "a frame of 16 MiB": LONGEST + bytes([DATA, 0, 0, 0, 0, 1]) + bytes(2**24 - 1),
    "a frame that says it has 16 MiB": LONGEST + bytes([DATA, 0, 0, 0, 0, 1]),
    "DATA on the connection itself": frame(DATA, 0, 0, b"x"),
    "HEADERS on the connection itself": frame(HEADERS, WHOLE, 0, STREAM),
    "a stream with a server's number": frame(HEADERS, WHOLE, 2, STREAM),
    "fields that can't be unpacked": frame(HEADERS, WHOLE, 1, b"\xff" * 40),
    "padding longer than its frame": frame(HEADERS, WHOLE | 0x8, 1, b"\xff" + STREAM),
    "PING of the wrong length": frame(PING, 0, 0, b"123"),
    "SETTINGS of the wrong length": frame(SETTINGS, 0, 0, b"12345"),
    "SETTINGS that answer with content": frame(SETTINGS, ACK, 0, b"123456"),
    "SETTINGS out of range": frame(SETTINGS, 0, 0, struct.pack(">HI", 4, 2**31)),
    "RST_STREAM of an idle stream": frame(RST_STREAM, 0, 7, CANCEL),
    "WINDOW_UPDATE by nothing": frame(WINDOW_UPDATE, 0, 0, bytes(4)),
    "WINDOW_UPDATE beyond the greatest": frame(WINDOW_UPDATE, 0, 0, struct.pack(">I", 2**31 - 1)) * 2,
    "CONTINUATION of nothing": frame(CONTINUATION, END_HEADERS, 1, STREAM),
    "PUSH_PROMISE": frame(HEADERS, WHOLE, 1, STREAM) + frame(PUSH_PROMISE, END_HEADERS, 1, struct.pack(">I", 2) + STREAM),
    "one stream too many": b"".join(frame(HEADERS, WHOLE, 2 * at + 1, STREAM) for at in range(101)),
    "another preface": PREFACE,
    "GOAWAY": frame(HEADERS, WHOLE, 1, STREAM) + frame(GOAWAY, 0, 0, bytes(8)),
}


def test_what_ends_its_connection(origin: Served, leaf: Path, beside_h2: Beside) -> None:
    """RFC 9113 section 5.4.1; and what is more than h2 keeps: 64 frames to a block, 64 KiB of fields, 16 KiB to a frame."""
    with beside_h2.attack(f"{len(ENDS)} kinds of frames that are too long or malformed") as attackers:
        for sends in ENDS.values():
            one = attackers.enter_context(h2_raw(origin.port("h2"), leaf))
            sent(one, sends)
            ended(one)


MALFORMED = (
    block((b":method", b"CONNECT"), (b":authority", b"127.0.0.1")),  # To be tunnelled elsewhere: it has no path.
    request(b"/\xff"),
    request(b"/", b"G\xff"),
)


def test_a_request_that_cannot_be_read(origin: Served, leaf: Path, beside_h2: Beside) -> None:
    """Its stream is reset (RFC 9113 section 8.1.1). The others on its connection go on."""
    with beside_h2.attack("malformed requests") as attackers:
        one = attackers.enter_context(h2_raw(origin.port("h2"), leaf))
        one.sendall(frame(HEADERS, WHOLE, 1, STREAM))
        streams = range(3, 3 + 2 * len(MALFORMED), 2)
        one.sendall(b"".join(frame(HEADERS, WHOLE, *each) for each in zip(streams, MALFORMED, strict=True)))
        until_came(one, *(frame(RST_STREAM, 0, stream, PROTOCOL_ERROR) for stream in streams))
        until_came(one, b"event: score")


def test_an_answer_that_is_never_taken(origin: Served, leaf: Path, beside_h2: Beside) -> None:
    """A window that stays shut, and a body all the same. Other streams of the connection are answered, and when the client has
    left, nothing waits for it any more."""
    with beside_h2.attack("answers that are never taken") as attackers:
        for _ in range(SOME):
            client = attackers.enter_context(closing(H2(origin.port("h2"), leaf, window=0)))
            stream = client.get("/", end=False, method="POST")
            assert client.until(h2.events.ResponseReceived, stream)
            for _ in range(SOME):
                client.send(stream, b"x")
            assert client.until(h2.events.ResponseReceived, client.get("/nowhere"))
