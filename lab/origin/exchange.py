"""One request and its response, as the handlers see it: ASGI's messages with names."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any
from urllib.parse import parse_qsl

import trio

Send = Callable[[Mapping[str, Any]], Awaitable[None]]
Receive = Callable[[], Awaitable[Mapping[str, Any]]]
Headers = Iterable[tuple[bytes, bytes]]

MAX_TABS = 1_000_000  # A tab's number is a small whole number; anything longer is somebody's mistake.
NO_STORE = (b"cache-control", b"no-store")
"""On every response: Chromium's lock on a cache entry would look like a connection limit."""


class Exchange:
    """`port` and `peer` are the two ends of the connection; together they are its identity."""

    def __init__(self, scope: Mapping[str, Any], receive: Receive, send: Send) -> None:
        self._receive = receive
        self._send = send
        self.method: str = scope.get("method", "GET")
        self.path: str = scope["path"]
        self.http: str = scope["http_version"]
        self.port: int = scope["server"][1]
        self.peer = "{}:{}".format(*scope["client"])
        self.query = dict(parse_qsl(scope["query_string"].decode("latin-1")))
        self.headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        self.shared = False

    def cors(self) -> Headers:
        """What lets a page of another origin read a response, with credentials or without (Fetch standard, CORS protocol),
        and its timing too."""
        origin = self.headers.get("origin", "").encode("latin-1")
        if not self.shared or not origin:
            return ()
        allowed = ((b"access-control-allow-origin", origin), (b"access-control-allow-credentials", b"true"))
        return (*allowed, (b"timing-allow-origin", origin), (b"vary", b"origin"))

    @property
    def tab(self) -> int | None:
        """The number in `?tab=`, where there is a sound one."""
        text = self.query.get("tab", "")
        return int(text) if text.isascii() and text.isdigit() and len(text) < len(str(MAX_TABS)) else None

    async def start(self, status: int, headers: Headers) -> None:
        """Send status and headers now, before there is any body."""
        every = [NO_STORE, *self.cors(), *headers]
        await self._send({"type": "http.response.start", "status": status, "headers": every})

    async def write(self, body: bytes) -> None:
        await self._send({"type": "http.response.body", "body": body, "more_body": True})

    async def finish(self, body: bytes = b"") -> None:
        await self._send({"type": "http.response.body", "body": body, "more_body": False})

    async def answer(
        self, status: int, content_type: str = "text/plain; charset=utf-8", body: str = "", closing: bool = False
    ) -> None:
        """A whole short response; over HTTP/1.1 its connection can be closed with it."""
        encoded = body.encode()
        length = str(len(encoded)).encode()
        headers = [] if status == 204 else [(b"content-type", content_type.encode()), (b"content-length", length)]
        if closing and self.http == "1.1":
            headers.append((b"connection", b"close"))
        await self.start(status, headers)
        await self.finish(encoded)

    async def gone(self) -> None:
        """Return when the client has gone: its stream was reset or its connection closed.

        One task waits here for as long as the response lasts. Asking now and then instead, with a timeout, misses
        disconnects on trio (Hypercorn issue 210).
        """
        while True:
            message = await self._receive()
            if message["type"] in ("http.disconnect", "websocket.disconnect"):
                return


class Socket(Exchange):
    """The same for a WebSocket: its start accepts the handshake, and each write is a text message."""

    async def start(self, status: int, headers: Headers) -> None:
        await self._send({"type": "websocket.accept", "headers": list(headers)})

    async def write(self, body: bytes) -> None:
        await self._send({"type": "websocket.send", "text": body.decode()})

    async def write_bytes(self, body: bytes) -> None:
        """A binary message."""
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

    async def answer(
        self, status: int, content_type: str = "text/plain; charset=utf-8", body: str = "", closing: bool = False
    ) -> None:
        """A WebSocket has no short response: it is refused, with status 403."""
        await self.finish()


async def until_gone(exchange: Exchange, serve: Callable[[], Awaitable[None]], scope: trio.CancelScope) -> bool:
    """Run `serve` until it ends, `scope` is cancelled or the client has gone; True when the client has gone."""
    gone = False

    async def watch() -> None:
        nonlocal gone
        await exchange.gone()
        gone = True
        scope.cancel()

    with scope:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(watch)
            await serve()
            nursery.cancel_scope.cancel()
    return gone
