"""One request and its response, for the app's handlers: ASGI's messages as methods."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any
from urllib.parse import parse_qsl

import trio

from lab.origin.hypercorn_patches.prompt import WRITE_NOW

Scope = Mapping[str, Any]
Send = Callable[[Mapping[str, Any]], Awaitable[None]]
Receive = Callable[[], Awaitable[Mapping[str, Any]]]
ASGIApp = Callable[[Scope, Receive, Send], Awaitable[None]]
"""An ASGI app."""

Headers = Iterable[tuple[bytes, bytes]]

PLAIN_TEXT = "text/plain; charset=utf-8"
MAX_TAB = 999_999
"""The largest number that a client can have."""

NO_STORE = (b"cache-control", b"no-store")
"""On every response: Chromium's lock on a cache entry would look like a connection limit."""


def address(pair: tuple[Any, ...]) -> str:
    """HOST:PORT of a socket address, which over IPv6 has four parts, and its host in brackets."""
    host, port = pair[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def never(_: bytes) -> bool:
    """`write_now` of a server that can't."""
    return False


class Exchange:
    """A request over HTTP and the response to it. `cross_origin`: whether pages of other origins may read the response."""

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._receive = receive
        self._send = send
        self._state: Mapping[str, Any] = scope.get("state", {})
        self.method: str = scope.get("method", "GET")
        self.path: str = scope["path"]
        self.http: str = scope["http_version"]
        self.query: dict[str, str] = dict(parse_qsl(scope["query_string"].decode("latin-1")))
        self.headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        self.cross_origin = False
        self.write_now: Callable[[bytes], bool] = scope.get("extensions", {}).get(WRITE_NOW, never)
        """Send a part of the body without waiting, if that is possible; else returns False, and has sent nothing."""

    @property
    def connection(self) -> int:
        """The number, in the ledger, of the request's connection."""
        number: int = self._state["connection"]
        return number

    @property
    def door(self) -> str:
        """The name of the door that received the request."""
        name: str = self._state["door"]
        return name

    @property
    def tab(self) -> int | None:
        """The client's number in `?tab=`; None if it is missing or not a number."""
        text = self.query.get("tab", "")
        return int(text) if text.isascii() and text.isdigit() and len(text) <= len(str(MAX_TAB)) else None

    @property
    def cell(self) -> str:
        """The cell's name in `?cell=`; empty if it is missing."""
        return self.query.get("cell", "")

    def _cors(self) -> Headers:
        """The headers that let a page of another origin read the response and its timing, with or without credentials (Fetch
        standard, CORS protocol)."""
        origin = self.headers.get("origin", "").encode("latin-1")
        if not self.cross_origin or not origin:
            return ()
        allowed = ((b"access-control-allow-origin", origin), (b"access-control-allow-credentials", b"true"))
        return (*allowed, (b"timing-allow-origin", origin), (b"vary", b"origin"))

    async def start(self, status: int, headers: Headers) -> None:
        """Send status and headers now, before there is any body."""
        every = [NO_STORE, *self._cors(), *headers]
        await self._send({"type": "http.response.start", "status": status, "headers": every})

    async def write(self, body: bytes) -> None:
        """Send a part of the body."""
        await self._send({"type": "http.response.body", "body": body, "more_body": True})

    async def finish(self, body: bytes = b"") -> None:
        """Send the last part of the body, and end the response."""
        await self._send({"type": "http.response.body", "body": body, "more_body": False})

    async def answer(self, status: int, content_type: str = PLAIN_TEXT, body: str = "", closing: bool = False) -> None:
        """Send a complete short response. `closing`: over HTTP/1.1, close the connection afterwards."""
        encoded = body.encode()
        length = str(len(encoded)).encode()
        headers = [] if status == 204 else [(b"content-type", content_type.encode()), (b"content-length", length)]
        if closing and self.http == "1.1":
            headers.append((b"connection", b"close"))
        await self.start(status, headers)
        await self.finish(encoded)

    async def gone(self) -> None:
        """Return when the client has gone: its stream was reset or its connection closed.

        One task waits here as long as the response lasts. Asking with a timeout instead misses disconnects on trio (Hypercorn
        issue 210).
        """
        while True:
            message = await self._receive()
            if message["type"] in ("http.disconnect", "websocket.disconnect"):
                return


class WebSocketExchange(Exchange):
    """The same over a WebSocket: its start accepts the handshake, and each write is a text message."""

    async def start(self, status: int, headers: Headers) -> None:
        await self._send({"type": "websocket.accept", "headers": list(headers)})

    async def write(self, body: bytes) -> None:
        await self._send({"type": "websocket.send", "text": body.decode()})

    async def write_bytes(self, body: bytes) -> None:
        """Send a binary message."""
        await self._send({"type": "websocket.send", "bytes": body})

    async def message(self) -> str | None:
        """The client's next text message; None when it has gone."""
        while True:
            message = await self._receive()
            if message["type"] == "websocket.disconnect":
                return None
            if message["type"] == "websocket.receive" and message.get("text") is not None:
                return str(message["text"])

    async def finish(self, body: bytes = b"") -> None:
        await self._send({"type": "websocket.close", "code": 1000})

    async def answer(self, status: int, content_type: str = PLAIN_TEXT, body: str = "", closing: bool = False) -> None:
        """Refuse the handshake, with status 403: a WebSocket can't have a short response."""
        await self.finish()


async def until_gone(exchange: Exchange, serve: Callable[[], Awaitable[None]], scope: trio.CancelScope) -> bool:
    """Run `serve` until it ends, `scope` is cancelled or the client has gone. Returns whether the client has gone before the
    end: a client may close its connection as soon as it has the whole answer."""
    gone = complete = False

    async def watch() -> None:
        nonlocal gone
        await exchange.gone()
        gone = True
        scope.cancel()

    with scope:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(watch)
            await serve()
            complete = True
            nursery.cancel_scope.cancel()
    return gone and not complete
