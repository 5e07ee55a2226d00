"""The ASGI app behind every door: the tab page, a page for people, the streams; and on the control door, the levers."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

import trio

from lab.origin.book import Book
from lab.origin.exchange import Exchange, Headers, Receive, Send, until_gone
from lab.origin.feed import Feed
from lab.transports import Transport, transports

HTML = "text/html; charset=utf-8"
MAX_TABS = 1_000_000  # A tab's number is a small whole number; anything longer is somebody's mistake.


@cache
def page(name: str) -> str:
    return (files("lab.origin") / "pages" / name).read_text(encoding="utf-8")


class TabStream:
    """A transport's view of the response it writes (lab.transports.Stream)."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self.headers = exchange.headers
        self.sent = 0
        self.started = False

    async def start(self, status: int, headers: Headers) -> None:
        self.started = True
        await self._exchange.start(status, headers)

    async def write(self, body: bytes) -> None:
        await self._exchange.write(body)


class App:
    """`control_port` is the one door where requests may change something."""

    def __init__(self, book: Book, feed: Feed) -> None:
        self.book = book
        self.feed = feed
        self.control_port = 0
        self._open: dict[int, tuple[int, trio.CancelScope]] = {}
        self._by_name = transports()
        self._transports = {transport.PATH: transport for transport in self._by_name.values()}

    async def __call__(self, scope: Mapping[str, Any], receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        exchange = Exchange(scope, receive, send)
        try:
            await self._answer(exchange)
        except Exception as error:
            # Hypercorn only logs what an app raises: the ledger must know too, or the browser would be blamed.
            self.book.fault(exchange.path, error)
            raise

    async def _answer(self, exchange: Exchange) -> None:
        if exchange.path.startswith("/control/") and exchange.port == self.control_port:
            await self._control(exchange)
        elif exchange.path in self._transports:
            await self._stream(exchange, self._transports[exchange.path])
        elif exchange.path == "/tab":
            await self._tab(exchange)
        elif exchange.path == "/":
            people = page("people.html").replace("{{ stream }}", self._by_name["sse"].PATH)
            await exchange.answer(200, HTML, people)
        else:
            await exchange.answer(404, body="There is nothing here. Try / or /tab\n")

    async def _tab(self, exchange: Exchange) -> None:
        transport = self._by_name.get(exchange.query.get("transport", ""))
        tab = tab_number(exchange)
        if transport is None or tab is None:
            await exchange.answer(400, body="a tab page needs ?transport=NAME&tab=NUMBER\n")
            return
        connection = self.book.connection_of(exchange.port, exchange.peer)
        self.book.document_served(connection, exchange.query.get("cell", ""), tab)
        path = f"const transportPath = {transport.PATH!r};\n"
        html = page("tab.html").replace("{{ page }}", path + page("tab.js")).replace("{{ transport }}", transport.SCRIPT)
        await exchange.answer(200, HTML, html)

    async def _stream(self, exchange: Exchange, transport: Transport) -> None:
        tab = tab_number(exchange)
        if tab is None:
            await exchange.answer(400, body="a stream needs ?tab=NUMBER\n")
            return
        number = self.book.stream_opened(
            self.book.connection_of(exchange.port, exchange.peer),
            exchange.query.get("cell", ""),
            tab,
            transport.NAME,
            exchange.http,
            exchange.headers.get("last-event-id"),
        )
        stream, scope, reason = TabStream(exchange), trio.CancelScope(), "shutdown"
        self._open[number] = (tab, scope)
        try:
            gone = await until_gone(exchange, lambda: transport.serve(stream, self.feed), scope)
            reason = "client" if gone else "origin"
        except Exception:  # Not the client's doing, nor the end of the origin: `__call__` records the error itself.
            reason = "fault"
            raise
        finally:
            del self._open[number]
            self.book.stream_closed(number, reason, stream.sent)
        if not gone:
            if not stream.started:
                await exchange.start(204, ())
            await exchange.finish()

    async def _control(self, exchange: Exchange) -> None:
        match exchange.method, exchange.path:
            case "POST", "/control/cell":
                self.book.cell_began(exchange.query.get("name", ""))
                await exchange.answer(204)
            case "POST", "/control/publish":
                self.feed.publish()
                await exchange.answer(204)
            case "POST", "/control/end":
                ended = self._end(tab_number(exchange))
                await exchange.answer(204 if ended else 404)
            case _:
                await exchange.answer(404)

    def _end(self, tab: int | None) -> bool:
        """End every open stream of a tab, as an origin that has said all it had to say."""
        scopes = [scope for owner, scope in self._open.values() if owner == tab]
        for scope in scopes:
            scope.cancel()
        return bool(scopes)


def tab_number(exchange: Exchange) -> int | None:
    text = exchange.query.get("tab", "")
    return int(text) if text.isascii() and text.isdigit() and int(text[:7]) < MAX_TABS else None
