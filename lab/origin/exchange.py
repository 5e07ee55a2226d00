"""One request and its response, as the handlers see it: ASGI's messages with names."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any
from urllib.parse import parse_qsl

import trio

Send = Callable[[Mapping[str, Any]], Awaitable[None]]
Receive = Callable[[], Awaitable[Mapping[str, Any]]]
Headers = Iterable[tuple[bytes, bytes]]

NO_STORE = (b"cache-control", b"no-store")
"""On every response: Chromium's lock on a cache entry would look like a connection limit."""


class Exchange:
    """`port` and `peer` are the two ends of the connection; together they are its identity."""

    def __init__(self, scope: Mapping[str, Any], receive: Receive, send: Send) -> None:
        self._receive = receive
        self._send = send
        self.method: str = scope["method"]
        self.path: str = scope["path"]
        self.http: str = scope["http_version"]
        self.port: int = scope["server"][1]
        self.peer = "{}:{}".format(*scope["client"])
        self.query = dict(parse_qsl(scope["query_string"].decode("latin-1")))
        self.headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}

    async def start(self, status: int, headers: Headers) -> None:
        """Send status and headers now, before there is any body."""
        await self._send({"type": "http.response.start", "status": status, "headers": [NO_STORE, *headers]})

    async def write(self, body: bytes) -> None:
        await self._send({"type": "http.response.body", "body": body, "more_body": True})

    async def finish(self, body: bytes = b"") -> None:
        await self._send({"type": "http.response.body", "body": body, "more_body": False})

    async def answer(self, status: int, content_type: str = "text/plain; charset=utf-8", body: str = "") -> None:
        """A whole short response."""
        encoded = body.encode()
        length = str(len(encoded)).encode()
        headers = [] if status == 204 else [(b"content-type", content_type.encode()), (b"content-length", length)]
        await self.start(status, headers)
        await self.finish(encoded)

    async def gone(self) -> None:
        """Return when the client has gone: its stream was reset or its connection closed.

        One task waits here for as long as the response lasts. Asking now and then instead, with a timeout, misses
        disconnects on trio (Hypercorn issue 210).
        """
        while True:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                return


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
