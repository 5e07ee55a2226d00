"""The ASGI app behind every door: the pages, a page for people, the streams; and on the control door, the levers."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

import trio
from hypercorn.config import Config

from lab.model.ledger import now_ms
from lab.origin.control import ControlEndpoints
from lab.origin.exchange import Exchange, Headers, Receive, Send, Socket, until_gone
from lab.origin.feed import Feed
from lab.origin.hosts import Hosts
from lab.origin.ledger_writer import LedgerWriter
from lab.origin.meter import Meter
from lab.origin.payloads import Carrying, asked
from lab.transports import Transport, Update, transports

CLOCK_PER_SECOND = 50.0
HTML = "text/html; charset=utf-8"
PROBES = {
    "image": ("image/svg+xml", '<svg xmlns="http://www.w3.org/2000/svg" width="1" height="1"/>'),
    "script": ("text/javascript; charset=utf-8", "0;"),
    "navigation": (HTML, "<!doctype html><title>A probe</title><link rel=icon href=data:,>"),
}


@cache
def page(name: str) -> str:
    return (files("lab.origin") / "pages" / name).read_text(encoding="utf-8")


class TabStream:
    """A transport's view of the response it writes (lab.transports.Stream). An update is late from when it was due, or from
    when somebody came who lacked it."""

    def __init__(self, exchange: Exchange, cell: str, tab: int, meter: Meter | None) -> None:
        self._exchange = exchange
        self._cell = cell
        self._tab = tab
        self._meter = meter
        self._opened_ms = now_ms()
        self.headers = exchange.headers
        self.query = exchange.query
        self.sent = 0
        self.started = False

    async def start(self, status: int, headers: Headers) -> None:
        self.started = True
        await self._exchange.start(status, headers)

    async def write(self, body: bytes) -> None:
        await self._exchange.write(body)

    def delivered(self, update: Update) -> None:
        self.sent += 1
        if self._meter is not None:
            late_ms = now_ms() - max(update.due_ms, self._opened_ms)
            self._meter.delivered(self._cell, self._tab, update.seq, late_ms)


class App:
    """`control_port` is the one door where requests may change something: the feed, and Hypercorn's `settings`. It has a feed
    of its own that never falls silent: the clock by which the driver waits."""

    def __init__(self, book: LedgerWriter, feed: Feed, settings: Config, hosts: Hosts) -> None:
        self.book = book
        self.hosts = hosts
        self.feed = feed
        self.clock = Feed(CLOCK_PER_SECOND)
        self.meter = Meter()
        self.levers = ControlEndpoints(book, feed, settings, self.meter)
        self.control_port = 0
        self._by_name = transports()
        self._transports = {transport.PATH: transport for transport in self._by_name.values()}

    async def __call__(self, scope: Mapping[str, Any], receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            return
        exchange = (Socket if scope["type"] == "websocket" else Exchange)(scope, receive, send)
        try:
            await self._answer(exchange)
        except Exception as error:
            # Hypercorn only logs what an app raises: the ledger must know too, or the browser would be blamed.
            self.book.fault(exchange.path, error)
            raise

    async def _answer(self, exchange: Exchange) -> None:
        if not self.hosts.knows(exchange.headers.get("host", "")):
            await exchange.answer(421, body="this origin is not called that: use its address, or a name under localhost\n")
        elif exchange.path in self._transports:
            await self._stream(exchange, self._transports[exchange.path])
        elif exchange.path == "/probe" and exchange.tab is not None:
            await self._probe(exchange, exchange.tab)
        elif exchange.path == "/payload":
            await self._payload(exchange)
        elif isinstance(exchange, Socket):
            await exchange.answer(404)
        elif exchange.path.startswith("/control/") and exchange.port == self.control_port:
            await exchange.answer(self.levers.pull(exchange))
        elif exchange.path == "/tab":
            await self._page(exchange)
        elif exchange.path == "/payloads":
            await exchange.answer(200, HTML, page("payloads.html"))
        elif exchange.path == "/":
            people = page("people.html").replace("{{ stream }}", self._by_name["sse"].PATH)
            await exchange.answer(200, HTML, people)
        else:
            await exchange.answer(404, body="There is nothing here. Try / or /tab\n")

    async def _page(self, exchange: Exchange) -> None:
        """A page for one client, when `?tab=` names it, or for those that will be added."""
        transport = self._by_name.get(exchange.query.get("transport", ""))
        tab = exchange.tab
        if transport is None or (tab is None and "tab" in exchange.query):
            await exchange.answer(400, body="a page needs ?transport=NAME, and a tab's page &tab=NUMBER\n")
            return
        if tab is not None:
            connection = self.book.connection_of(exchange.port, exchange.peer)
            self.book.document_served(connection, exchange.query.get("cell", ""), tab)
        script = f"const transportPath = {transport.PATH!r};\n{transport.SCRIPT}"
        html = page("page.html").replace("{{ page }}", page("page.js")).replace("{{ transport }}", script)
        await exchange.answer(200, HTML, html)

    async def _probe(self, exchange: Exchange, tab: int) -> None:
        """What a page asks for besides its stream: a short answer, and no connection left over to make the next one's way
        easier than it was."""
        kind = exchange.query.get("kind", "")
        connection = self.book.connection_of(exchange.port, exchange.peer)
        self.book.probe_served(connection, exchange.query.get("cell", ""), tab, kind)
        exchange.shared = True
        if isinstance(exchange, Socket):
            await exchange.start(101, ())
            await exchange.gone()
            return
        content_type, body = PROBES.get(kind, ("text/plain; charset=utf-8", "here"))
        await exchange.answer(200, content_type, body, closing=True)

    async def _payload(self, exchange: Exchange) -> None:
        """Something to carry, once; whether all of it was written is in the ledger."""
        payload, tab, transport = asked(exchange.query), exchange.tab, exchange.query.get("transport", "")
        if isinstance(payload, str) or tab is None:
            await exchange.answer(400, body=f"{payload if isinstance(payload, str) else 'a payload needs ?tab=NUMBER'}\n")
            return
        connection = self.book.connection_of(exchange.port, exchange.peer)
        number = self.book.stream_opened(connection, exchange.query.get("cell", ""), tab, transport, exchange.http, None)
        carrying, reason = Carrying(exchange, transport, payload), "shutdown"
        try:
            reason = "answered" if await carrying.whole() else "client"
        except Exception:
            reason = "fault"
            raise
        finally:
            self.book.stream_closed(number, reason, carrying.times)

    async def _stream(self, exchange: Exchange, transport: Transport) -> None:
        tab = exchange.tab
        if tab is None:
            await exchange.answer(400, body="a stream needs ?tab=NUMBER\n")
            return
        exchange.shared = True
        cell = exchange.query.get("cell", "")
        number = self.book.stream_opened(
            self.book.connection_of(exchange.port, exchange.peer),
            cell,
            tab,
            transport.NAME,
            exchange.http,
            exchange.headers.get("last-event-id"),
        )
        refusal = self.levers.refusal(cell)
        if refusal is not None:
            self.book.stream_closed(number, "refused", 0)
            await exchange.answer(*refusal)
            return
        control = exchange.port == self.control_port
        feed, meter = (self.clock, None) if control else (self.feed, self.meter)
        stream, scope, reason = TabStream(exchange, cell, tab, meter), trio.CancelScope(), "shutdown"
        with self.levers.holding(cell, tab, scope):
            try:
                gone = await until_gone(exchange, lambda: transport.serve(stream, feed), scope)
                reason = "client" if gone else "origin" if scope.cancelled_caught else "answered"
            except Exception:  # Not the client's doing, nor the end of the origin: `__call__` records the error itself.
                reason = "fault"
                raise
            finally:
                self.book.stream_closed(number, reason, stream.sent)
        if not gone:
            if not stream.started:
                await exchange.start(204, ())
            await exchange.finish()
