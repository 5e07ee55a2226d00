"""A bare ASGI app for the benchmark: one paced feed, and `/paced`, a stream of all that the feed says. It has no ledger, no
counters and no control door.

`python -m tests.bench.app hypercorn|granian h1|h2 CERTS PORT PER_SECOND` serves it, with TLS.
"""

from __future__ import annotations

import itertools
import json
import os
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import anyio
import trio
from hypercorn.config import Config
from hypercorn.trio import serve

from lab.paths import CHAIN, KEY

PACE = "SEVENTH_TAB_BENCH_PER_SECOND"  # Granian imports the app in a process of its own.
TEXT = "Ada United – Hopper City 2 : 1"

Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]


class PacedApp:
    """Each event is made once and written to every stream, in one write with others that are due by then."""

    def __init__(self, per_second: float) -> None:
        self._per_second = per_second
        self._said: list[bytes] = []
        self._news: anyio.Event | None = None

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        async with anyio.create_task_group() as tasks:
            if scope["type"] == "lifespan":
                self._news = anyio.Event()
                tasks.start_soon(self._feed)
                await self._lifespan(receive, send)
            else:
                tasks.start_soon(self._stream, send)
                while (await receive())["type"] != "http.disconnect":
                    pass
            tasks.cancel_scope.cancel()

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        for _ in ("startup", "shutdown"):
            message = await receive()
            await send({"type": f"{message['type']}.complete"})

    async def _feed(self) -> None:
        start = anyio.current_time()
        for beat in itertools.count(1):
            await anyio.sleep(max(0.0, start + beat / self._per_second - anyio.current_time()))
            data = json.dumps({"seq": beat, "at_ms": time.monotonic_ns() / 1e6, "text": TEXT}, ensure_ascii=False)
            self._said.append(f"event: score\nid: {beat}\ndata: {data}\n\n".encode())
            assert self._news is not None
            self._news.set()
            self._news = anyio.Event()

    async def _stream(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/event-stream")]})
        reached = len(self._said)
        while True:
            if reached == len(self._said):
                assert self._news is not None
                await self._news.wait()
            body, reached = b"".join(self._said[reached:]), len(self._said)
            await send({"type": "http.response.body", "body": body, "more_body": True})


def hypercorn(http: str, folder: Path, port: int) -> None:
    """As it comes, but for the protocol: what a person gets who installs it."""
    config = Config()
    config.bind = [f"127.0.0.1:{port}"]
    config.certfile, config.keyfile = str(folder / CHAIN), str(folder / KEY)
    config.alpn_protocols = ["h2"] if http == "h2" else ["http/1.1"]
    config.errorlog = None
    trio.run(serve, app, config)  # type: ignore[arg-type]  # an ASGI app by its shape


def granian(http: str, folder: Path, port: int) -> None:
    from granian.constants import HTTPModes, Interfaces
    from granian.server import Server

    Server(
        "tests.bench.app:app",
        port=port,
        interface=Interfaces.ASGI,
        http=HTTPModes.http2 if http == "h2" else HTTPModes.http1,
        ssl_cert=folder / CHAIN,
        ssl_key=folder / KEY,
        log_enabled=False,
    ).serve()


app = PacedApp(float(os.environ.get(PACE, "1")))

if __name__ == "__main__":
    {"hypercorn": hypercorn, "granian": granian}[sys.argv[1]](sys.argv[2], Path(sys.argv[3]), int(sys.argv[4]))
