"""A small HTTP server for apps of the tests: asyncio, HTTP/1.1 by hand and HTTP/2 by h2, in a thread of its own. Nothing in it
hurries or caches, and an app decides about each byte."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import h2.config
import h2.connection
import h2.events
import h2.exceptions
import h2.settings

from lab.paths import CHAIN, KEY


@dataclass
class Asked:
    """One request. `connection` numbers connections from 1, `count` the app's requests by path."""

    method: str
    path: str
    query: str
    headers: dict[str, str]
    connection: int
    port: int
    open_streams: int = 0


@dataclass
class Answer:
    """What an app answers. `head`: whether the header is sent at once, or with the first part of the body. Without a body the
    parts decide; `never`: nothing is sent at all."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    parts: AsyncIterator[bytes] | None = None
    head_first: bool = True
    never: bool = False


App = Callable[[Asked], Awaitable[Answer]]


def page(text: str, **headers: str) -> Answer:
    return Answer(
        headers={"content-type": "text/html; charset=utf-8", "cache-control": "no-store", **headers}, body=text.encode()
    )


def stream(parts: AsyncIterator[bytes], **headers: str) -> Answer:
    fields = {
        "content-type": "text/event-stream",
        "cache-control": "no-store",
        **{k.replace("_", "-"): v for k, v in headers.items()},
    }
    return Answer(headers=fields, parts=parts)


async def ticking(every: float = 0.5, text: str = "data: tick\n\n") -> AsyncIterator[bytes]:
    while True:
        yield text.encode()
        await asyncio.sleep(every)


class Http1:
    """One connection over HTTP/1.1."""

    def __init__(self, app: App, number: int, port: int) -> None:
        self._app, self._number, self._port = app, number, port

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            first, *lines = head.decode("latin-1").rstrip("\r\n").split("\r\n")
            method, target, _ = first.split(" ")
            headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
            if length := int(headers.get("content-length", 0)):
                await reader.readexactly(length)
            path, _, query = target.partition("?")
            answer = await self._app(Asked(method, path, query, headers, self._number, self._port))
            if answer.never:
                await reader.read()
                return
            await self._send(answer, method, reader, writer)

    async def _send(self, answer: Answer, method: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        headers = dict(answer.headers)
        headers |= {"content-length": str(len(answer.body))} if answer.parts is None else {"transfer-encoding": "chunked"}
        head = f"HTTP/1.1 {answer.status} X\r\n" + "".join(f"{name}: {value}\r\n" for name, value in headers.items()) + "\r\n"
        if answer.parts is None:
            writer.write(head.encode("latin-1") + (b"" if method == "HEAD" else answer.body))
            await writer.drain()
            return
        if answer.head_first or method == "HEAD":
            writer.write(head.encode("latin-1"))
            head = ""
        gone = asyncio.ensure_future(reader.read(1))
        gone.add_done_callback(lambda read: read.cancelled() or read.exception())  # Whoever writes finds the client gone too.
        async for part in answer.parts:
            writer.write(head.encode("latin-1") + f"{len(part):x}\r\n".encode() + part + b"\r\n")
            head = ""
            await writer.drain()
            if gone.done():
                return
        writer.write(b"0\r\n\r\n")
        await writer.drain()
        gone.cancel()
        await asyncio.wait({gone})  # Else two would read the connection.


class Http2:
    """One connection over HTTP/2."""

    def __init__(self, app: App, number: int, port: int, streams: int) -> None:
        self._app, self._number, self._port = app, number, port
        self._h2 = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False, header_encoding="utf-8"))
        self._h2.local_settings = h2.settings.Settings(
            client=False, initial_values={h2.settings.SettingCodes.MAX_CONCURRENT_STREAMS: streams}
        )
        self._tasks: dict[int, asyncio.Task[None]] = {}

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._h2.initiate_connection()
        writer.write(self._h2.data_to_send())
        try:
            while data := await reader.read(65536):
                for event in self._h2.receive_data(data):
                    if isinstance(event, h2.events.RequestReceived):
                        self._tasks[event.stream_id] = asyncio.create_task(self._answer(event, writer))
                    elif isinstance(event, h2.events.StreamReset) and event.stream_id in self._tasks:
                        self._tasks.pop(event.stream_id).cancel()
                writer.write(self._h2.data_to_send())
        finally:
            for task in self._tasks.values():
                task.cancel()

    async def _answer(self, event: h2.events.RequestReceived, writer: asyncio.StreamWriter) -> None:
        fields = {str(name): str(value) for name, value in event.headers or ()}
        path, _, query = fields[":path"].partition("?")
        asked = Asked(fields[":method"], path, query, fields, self._number, self._port, len(self._tasks))
        answer = await self._app(asked)
        if answer.never:
            await asyncio.Event().wait()
        stream = event.stream_id
        head = [(":status", str(answer.status)), *answer.headers.items()]
        with contextlib.suppress(h2.exceptions.ProtocolError, ConnectionError):
            if answer.parts is None or asked.method == "HEAD":
                self._h2.send_headers(stream, head, end_stream=not answer.body or asked.method == "HEAD")
                if answer.body and asked.method != "HEAD":
                    self._h2.send_data(stream, answer.body, end_stream=True)
                writer.write(self._h2.data_to_send())
                self._tasks.pop(stream, None)
                return
            if answer.head_first:
                self._h2.send_headers(stream, head)
                head = []
                writer.write(self._h2.data_to_send())
            async for part in answer.parts:
                if head:
                    self._h2.send_headers(stream, head)
                    head = []
                self._h2.send_data(stream, part)
                writer.write(self._h2.data_to_send())


class Server:
    """An app on one or more ports of 127.0.0.1, in a thread. `connections` counts what was accepted."""

    def __init__(self, app: App, *, certs: Path | None, protocols: tuple[str, ...], streams: int, ports: int) -> None:
        self._app, self._certs, self._protocols, self._streams, self._count = app, certs, protocols, streams, ports
        self._ready = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.ports: list[int] = []
        self.connections = 0

    def start(self) -> None:
        self._thread.start()
        assert self._ready.wait(10)

    def stop(self) -> None:
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join(10)

    def die(self) -> None:
        """End at once, from inside the app."""
        self._stopping.set()

    def url(self, path: str = "/", port: int = 0) -> str:
        return f"{'https' if self._certs else 'http'}://127.0.0.1:{self.ports[port]}{path}"

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._serve())
        self._loop.close()

    async def _serve(self) -> None:
        self._stopping = asyncio.Event()
        tls = None
        if self._certs is not None:
            tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            tls.load_cert_chain(self._certs / CHAIN, self._certs / KEY)
            tls.set_alpn_protocols(list(self._protocols))
        servers = [await asyncio.start_server(self._accept, "127.0.0.1", 0, ssl=tls, limit=2**21) for _ in range(self._count)]
        self.ports = [one.sockets[0].getsockname()[1] for one in servers]
        self._ready.set()
        await self._stopping.wait()
        for one in servers:
            one.close()
        tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for one in servers:
            await one.wait_closed()
        await asyncio.sleep(0.01)  # Aborted transports close at the loop's next turns.

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        tls = writer.get_extra_info("ssl_object")
        port = writer.get_extra_info("sockname")[1]
        chosen = tls.selected_alpn_protocol() if tls else None
        one: Http1 | Http2
        one = (
            Http2(self._app, self.connections, port, self._streams)
            if chosen == "h2"
            else Http1(self._app, self.connections, port)
        )
        try:
            with contextlib.suppress(
                OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, h2.exceptions.ProtocolError
            ):
                await one.serve(reader, writer)
        finally:
            writer.transport.abort()


@contextmanager
def serving(
    app: App, *, certs: Path | None = None, protocols: tuple[str, ...] = ("h2", "http/1.1"), streams: int = 100, ports: int = 1
) -> Iterator[Server]:
    """An app that runs inside the block; over TLS if there are certificates."""
    server = Server(app, certs=certs, protocols=protocols, streams=streams, ports=ports)
    server.start()
    try:
        yield server
    finally:
        server.stop()
