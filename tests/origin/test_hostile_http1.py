"""What a client that is hostile over HTTP/1.1 costs the others: nothing that they would miss."""

from __future__ import annotations

import socket
from collections.abc import Callable
from contextlib import ExitStack

import pytest

from tests.conftest import Served
from tests.origin.beside import EACH_KIB, KIB, LITTLE_MIB, SSE, Beside
from tests.origin.raw import ended, sent
from tests.tools.control import connect


@pytest.fixture
def origin(serve: Callable[..., Served]) -> Served:
    """A process of its own: its memory is measured."""
    return serve()


HOST = b"Host: 127.0.0.1\r\n"
GET = b"GET / HTTP/1.1\r\n" + HOST
STREAM = f"GET {SSE}1 HTTP/1.1\r\n".encode() + HOST
CHUNKED = b"Transfer-Encoding: chunked\r\n\r\n"
SLOW, IDLE, SOME, FEW, TURNS = 300, 1000, 20, 5, 5
MUCH = 2 * 1024 * KIB


def opened(attackers: ExitStack, origin: Served, door: str = "h1-clear") -> socket.socket:
    return attackers.enter_context(connect(origin.port(door)))


def test_slow_loris(origin: Served, beside: Beside) -> None:
    """Headers line by line, without end. None is ended: it costs what an idle connection does, and those must be let live. A
    request that comes to its end at last is answered."""
    with beside.attack(f"{SLOW} requests, line by line", SLOW * EACH_KIB) as attackers:
        slow = [opened(attackers, origin) for _ in range(SLOW)]
        for line in (GET, *[b"X-Slow: loris\r\n"] * TURNS):
            for one in slow:
                one.sendall(line)
        slow[0].sendall(b"Connection: close\r\n\r\n")
        assert ended(slow[0]).startswith(b"HTTP/1.1 200 ")


@pytest.mark.usefixtures("many_files")
def test_1000_idle_connections(origin: Served, beside: Beside) -> None:
    """A browser opens some in advance and leaves them idle: none is ended, and each can still be used."""
    with beside.attack(f"{IDLE} idle connections", IDLE * EACH_KIB) as attackers:
        idle = [opened(attackers, origin) for _ in range(IDLE)]
        idle[0].sendall(GET + b"Connection: close\r\n\r\n")
        assert ended(idle[0]).startswith(b"HTTP/1.1 200 ")


def test_connections_that_begin_no_handshake(origin: Served, beside: Beside) -> None:
    """At a door with TLS. After 30 s they are ended, or when what they send is no handshake."""
    with beside.attack(f"{SLOW} connections without a handshake", SLOW * EACH_KIB) as attackers:
        silent = [opened(attackers, origin, "h2") for _ in range(SLOW)]
        silent[0].sendall(GET + b"\r\n")
        ended(silent[0])


ENDLESS = (
    (GET, b"X-More: and more\r\n"),
    (GET + b"X-Long: ", b"more" * 100),
    (b"GET /", b"more" * 100),
    (STREAM + CHUNKED + b"0\r\n", b"X-More: and more\r\n"),  # Trailers.
    (STREAM + CHUNKED + b"1;", b"more" * 100),  # What extends a chunk's head.
)


def test_requests_without_end(origin: Served, beside: Beside) -> None:
    """Each is ended after 16 KiB, with status 431 or in the midst of its answer, which can be lost with the connection."""
    with beside.attack("headers, a header, a target, trailers and a chunk's head without end") as attackers:
        for start, again in ENDLESS:
            one = opened(attackers, origin)
            sent(one, start + again * (MUCH // len(again)))
            came = ended(one)
            assert not came or came.startswith((b"HTTP/1.1 431 ", b"HTTP/1.1 200 ") if CHUNKED in start else b"HTTP/1.1 431 ")


def test_a_body_without_end(origin: Served, beside: Beside) -> None:
    """Nobody reads it, so it is passed over."""
    with beside.attack("a body of 32 MiB, in large chunks") as attackers:
        one = opened(attackers, origin)
        one.sendall(b"POST " + STREAM.removeprefix(b"GET ") + CHUNKED)
        sent(one, (b"ffff\r\n" + b"x" * 0xFFFF + b"\r\n") * 512)
        assert one.recv(65536).startswith(b"HTTP/1.1 200 ")


def test_bodies_of_who_takes_no_answer(origin: Served, beside: Beside) -> None:
    """A body is passed over while the answer waits, and the answer goes when its client does."""
    with beside.attack(f"{FEW} clients that send a body and take no answer", (LITTLE_MIB + FEW * 6) * KIB) as attackers:
        for _ in range(FEW):
            one = attackers.enter_context(socket.socket())
            one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
            one.connect(("127.0.0.1", origin.port("h1-clear")))
            # More than the kernel keeps for it; until it is taken, the origin has it in five forms.
            one.sendall(b"GET /payload?cell=c&tab=1&transport=sse&bytes=1000000 HTTP/1.1\r\n" + HOST + CHUNKED)
            sent(one, b"1\r\nx\r\n" * 1000)


def test_requests_behind_another(origin: Served, beside: Beside) -> None:
    """They are not read before it has been answered: behind a stream, or behind one whose answer closes the connection, never.
    That the connection has ended is seen all the same."""
    with beside.attack(f"{SOME} connections with 1000 requests each behind a stream, as many behind a last one") as attackers:
        for _ in range(SOME):
            opened(attackers, origin).sendall((STREAM + b"\r\n") * 1000)
            last = opened(attackers, origin)
            last.sendall(b"GET /probe?tab=1&cell=c HTTP/1.1\r\n" + HOST + b"\r\n" + GET * SOME)
            ended(last)


PATHS = (
    b"../", b"/../", b"/../../etc/passwd", b"/..%2f..%2fetc/passwd", b"/%2e%2e/%2e%2e/etc/passwd", b"/tab/../../key.pem",
    b"/page.js/..", b"//etc/passwd", b"/\\..\\key.pem", b"/%00", b"file:///etc/passwd", b"*", b"/.git/config",
)  # fmt: skip
BROKEN = (
    b"GET /\r\n\r\n", b"\x00\x01\x02\x03\r\n\r\n", b"GET / HTTP/9.9.9\r\n\r\n", b"GET / HTTP/1.1\r\n\r\n",
    b" GET / HTTP/1.1\r\n\r\n", GET + b"X : y\r\n\r\n", GET + b"X: \x00\r\n\r\n", GET + b"Content-Length: -1\r\n\r\n",
    GET + b"Transfer-Encoding: no\r\n\r\n", GET + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\n",
    b"POST / HTTP/1.1\r\n" + HOST + CHUNKED + b"zz\r\n", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    b"GET /no HTTP/1.1\r\n" + HOST + b"Upgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings, close\r\nHTTP2-Settings: !\r\n\r\n",
    STREAM + b"Upgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
    b"GET /tab?transport=sse&tab=" + b"0" * 5000 + b" HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n",
)  # fmt: skip


def test_what_is_no_request_for_anything(origin: Served, beside: Beside) -> None:
    """There are no files behind the paths: what is no page's own is not there."""
    with beside.attack("paths with ../ and broken requests") as attackers:
        for path in PATHS:
            one = opened(attackers, origin)
            one.sendall(b"GET " + path + b" HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n")
            came = ended(one)
            assert came.startswith(b"HTTP/1.1 404 "), (path, came)
            assert came.endswith(b"There is nothing here. Try / or /tab\n")
        for request in BROKEN:
            one = opened(attackers, origin)
            one.sendall(request)
            came = ended(one)
            assert came.startswith((b"HTTP/1.1 4", b"HTTP/1.1 501")) or request.startswith(b"POST"), (request, came)
