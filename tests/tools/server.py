"""A small app, served by stock Hypercorn or by a door of the origin: `python -m tests.tools.server stock|patched CERTS`.

It prints its port, then serves HTTP/2 with TLS. What kills or silences the stock server must leave the patched one well.
"""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import trio
from hypercorn.config import Config
from hypercorn.trio import serve

from lab.model.protocols import PROTOCOLS
from lab.origin import hypercorn_patches
from lab.origin.doors.tcp import TcpDoor, tls_context
from lab.origin.exchange import Exchange, WebSocketExchange, until_gone
from lab.origin.ledger_writer import LedgerWriter
from lab.paths import CHAIN, KEY, LOOPBACK

STREAMS = 5000
CHUNK = b"x" * 16384


class TestApp:
    """/stream never ends, a tick every 20 ms; /flood writes as fast as it may; /polled and /watched notice a disconnect in two
    ways; /counts tells what became of the others."""

    __test__ = False

    def __init__(self) -> None:
        self.accepted = 0
        self.opened = {"/polled": 0, "/watched": 0}
        self.noticed = {"/polled": 0, "/watched": 0}

    async def __call__(self, scope: dict[str, Any], receive: Callable[[], Awaitable[Any]], send: Callable[[Any], Any]) -> None:
        if scope["type"] == "lifespan":
            await lifespan(receive, send)
            return
        exchange = (WebSocketExchange if scope["type"] == "websocket" else Exchange)(scope, receive, send)
        if exchange.path == "/counts":
            await exchange.answer(200, body=f"{self.accepted} {self.noticed['/polled']} {self.noticed['/watched']}")
        elif exchange.path == "/ping":
            await exchange.answer(204)
        elif exchange.path == "/polled":
            await self.polled(exchange, receive)
        elif exchange.path == "/watched":
            await exchange.start(200, [])
            if await until_gone(exchange, lambda: tick(exchange), trio.CancelScope()):
                self.noticed["/watched"] += 1
        else:
            await exchange.start(200, [])
            work = self.flood if exchange.path == "/flood" else tick
            await until_gone(exchange, lambda: work(exchange), trio.CancelScope())

    async def flood(self, exchange: Exchange) -> None:
        while True:
            await exchange.write(CHUNK)
            self.accepted += len(CHUNK)
            await trio.lowlevel.checkpoint()

    async def polled(self, exchange: Exchange, receive: Callable[[], Awaitable[Any]]) -> None:
        """The recipe of many frameworks: between two writes, look whether the client is still there, without waiting."""
        await exchange.start(200, [])
        while True:
            await exchange.write(b"tick\n")
            await trio.sleep(0.02)
            with trio.CancelScope() as now:
                now.cancel()
                if (await receive())["type"] == "http.disconnect":
                    self.noticed["/polled"] += 1
                    return


async def tick(exchange: Exchange) -> None:
    while True:
        await exchange.write(b"tick\n")
        await trio.sleep(0.02)


async def lifespan(receive: Callable[[], Awaitable[Any]], send: Callable[[Any], Any]) -> None:
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return


def tell(port: str) -> None:
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()


async def stock(folder: Path) -> None:
    config = Config()
    config.bind = [f"{LOOPBACK}:0"]
    config.certfile, config.keyfile = str(folder / CHAIN), str(folder / KEY)
    config.h2_max_concurrent_streams = STREAMS
    config.errorlog = None
    async with trio.open_nursery() as nursery:
        [bind] = await nursery.start(serve, TestApp(), config)
        tell(bind.rsplit(":", 1)[1])


async def patched(folder: Path) -> None:
    hypercorn_patches.install()
    settings, ledger = hypercorn_patches.config(STREAMS), LedgerWriter(sys.stderr.fileno())
    tls = tls_context(folder, PROTOCOLS["h2"])
    door = TcpDoor("h2", PROTOCOLS["h2"], host=LOOPBACK, settings=settings, ledger=ledger, tls=tls)
    await door.open(0)
    tell(str(door.port))
    app: Any = TestApp()
    await door.serve(app)


if __name__ == "__main__":
    trio.run({"stock": stock, "patched": patched}[sys.argv[1]], Path(sys.argv[2]))
