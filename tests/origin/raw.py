"""Bytes as no library would send them, and what becomes of the connection that they are sent on."""

from __future__ import annotations

import select
import socket
import ssl
import time
from contextlib import suppress
from pathlib import Path

import hpack

from tests.conftest import PATIENCE_S
from tests.tools.control import connect

DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = range(10)
END_STREAM = ACK = 0x1
END_HEADERS = 0x4
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
RECORD = 16384
STUCK_S = 0.3  # A sender that is let send nothing for so long has come to what the kernel keeps.


def frame(kind: int, flags: int, stream: int, content: bytes = b"") -> bytes:
    """RFC 9113 section 4.1."""
    return len(content).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + content


def request(path: bytes = b"/", method: bytes = b"GET", *more: tuple[bytes, bytes]) -> bytes:
    """A block of fields."""
    fields = [(b":method", method), (b":scheme", b"https"), (b":authority", b"127.0.0.1"), (b":path", path)]
    return block(*fields, *more)


def block(*fields: tuple[bytes, bytes]) -> bytes:
    return hpack.Encoder().encode(fields)


def h2_raw(port: int, folder: Path) -> ssl.SSLSocket:
    """A connection on which the preface has been sent."""
    one = connect(port, "h2", folder)
    assert isinstance(one, ssl.SSLSocket)
    one.sendall(PREFACE + frame(SETTINGS, 0, 0))
    return one


def ended(one: socket.socket) -> bytes:
    """What came until the origin ended the connection, as it must."""
    came = b""
    one.settimeout(PATIENCE_S)
    try:
        while data := one.recv(65536):
            came += data
    except ConnectionError:  # It closed a connection from which it had not read everything.
        pass
    except OSError as error:
        assert not isinstance(error, TimeoutError), "it is still open"
    return came


def sent(one: socket.socket, data: bytes) -> None:
    """All of it, or what is taken until the origin ends the connection."""
    one.settimeout(PATIENCE_S)
    try:
        one.sendall(data)
    except OSError as error:
        assert not isinstance(error, TimeoutError), "it is neither read nor ended"


def flooded(one: ssl.SSLSocket, flood: bytes) -> None:
    """Everything, while the answers are read, to the answer of a last PING: then all has been dealt with. One thread does both:
    a connection over TLS is not for two."""
    last = b"the last"
    rest, came = memoryview(flood + frame(PING, 0, 0, last)), b""
    one.setblocking(False)
    while True:
        with suppress(ssl.SSLWantWriteError):
            while rest:
                rest = rest[one.send(rest[:RECORD]) :]
        with suppress(ssl.SSLWantReadError):
            while data := one.recv(65536):
                came = came[-4096:] + data
            raise AssertionError("it was ended")
        if frame(PING, ACK, 0, last) in came:
            return
        assert any(select.select([one], [one] if rest else [], [], PATIENCE_S)), "it is neither read nor answered"


def until_came(one: socket.socket, *expected: bytes) -> None:
    """Read until each of these has come."""
    came = b""
    one.settimeout(PATIENCE_S)
    while not all(part in came for part in expected):
        data = one.recv(65536)
        assert data, "it was ended"
        came = came[-4096:] + data


def unread(one: socket.socket, some: bytes, most: int) -> int:
    """Send the same again and again and read nothing, until nothing more is taken; how many bytes that was."""
    taken, end = 0, time.monotonic() + PATIENCE_S
    one.settimeout(STUCK_S)
    while taken < most and time.monotonic() < end:
        try:
            taken += one.send(some)
        except TimeoutError:
            return taken
    raise AssertionError(f"{taken} bytes were taken, and more would be")
