"""The ASGI app behind every door: the measured page, a page to try by hand, streams, probes and payloads; and on the control
door, the control endpoints."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import cache, partial
from importlib.resources import files

import trio

from lab.model.feed import Update
from lab.model.ledger import now_ms
from lab.model.protocols import CONTROL
from lab.origin import drip
from lab.origin.control import ControlEndpoints
from lab.origin.exchange import Exchange, Headers, Receive, Scope, Send, WebSocketExchange, until_gone
from lab.origin.feed import Feed
from lab.origin.hosts import is_own
from lab.origin.ledger_writer import LedgerWriter, OpenStream
from lab.origin.meter import Meter
from lab.origin.payloads import requested, write_payload
from lab.transports import Transport, transports

CLOCK_PER_SECOND = 50.0
"""The pace of the control door's own feed, in updates a second."""

HTML = "text/html; charset=utf-8"
PROBES = {
    "image": ("image/svg+xml", '<svg xmlns="http://www.w3.org/2000/svg" width="1" height="1"/>'),
    "script": ("text/javascript; charset=utf-8", "0;"),
    "navigation": (HTML, "<!doctype html><title>A probe</title><link rel=icon href=data:,>"),
}
"""The response to each kind of probe, unless it is plain text: content type and body."""

Handler = Callable[[Exchange], Awaitable[None]]


class ClientStream:
    """A client's request for updates, as a transport sees it (lab.transports.Stream). Each written update is counted in the
    ledger's stream and in the meter. An update is due when it should have been published or, if that is later, when the client
    connected."""

    def __init__(self, exchange: Exchange, tab: int, opened: OpenStream, meter: Meter | None) -> None:
        self._exchange = exchange
        self._tab = tab
        self._opened = opened
        self._meter = meter
        self._opened_ms = now_ms()
        self._cell = exchange.cell
        self.write_now = exchange.write_now
        self.headers = exchange.headers
        self.query = exchange.query
        self.started = False

    async def start(self, status: int, headers: Headers) -> None:
        self.started = True
        await self._exchange.start(status, headers)

    async def write(self, body: bytes) -> None:
        await self._exchange.write(body)

    def delivered(self, update: Update) -> None:
        self._opened.sent += 1
        if self._meter is not None:
            delay_ms = now_ms() - max(update.due_ms, self._opened_ms)
            self._meter.delivered(self._cell, self._tab, update.seq, delay_ms)


class App:
    """The app. `names` are the host names that it answers to (lab.origin.hosts.own_names). On the control door, streams come
    from `clock`, a feed that never stops: the driver uses it as a clock. It must be run, like the feed itself."""

    def __init__(
        self, *, ledger: LedgerWriter, feed: Feed, meter: Meter, control: ControlEndpoints, names: frozenset[str]
    ) -> None:
        self.clock = Feed(CLOCK_PER_SECOND)
        self._ledger = ledger
        self._feed = feed
        self._meter = meter
        self._control = control
        self._names = names
        self._transports = transports()
        self._streams: dict[str, Handler] = {
            "/payload": self._payload,
            drip.PATH: self._drip,
            "/probe": self._probe,
            **{one.PATH: partial(self._stream, one) for one in self._transports.values()},
        }
        """By path, over HTTP or a WebSocket."""
        self._pages: dict[str, Handler] = {
            "/": self._try_it_page,
            "/tab": self._clients_page,
            "/payloads": self._payloads_page,
        }
        """By path, over HTTP only."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            return
        exchange = (WebSocketExchange if scope["type"] == "websocket" else Exchange)(scope, receive, send)
        try:
            await self._answer(exchange)
        except Exception as error:
            # Hypercorn only logs an app's error. The ledger must have it too, or it would look like the browser's fault.
            self._ledger.fault(exchange.path, error)
            raise

    async def _answer(self, exchange: Exchange) -> None:
        if not is_own(exchange.headers.get("host", ""), self._names):
            await exchange.answer(421, body="unknown host name: use the origin's address, or a name under localhost\n")
        elif handler := self._streams.get(exchange.path):
            await handler(exchange)
        elif isinstance(exchange, WebSocketExchange):
            await exchange.answer(404)
        elif exchange.path.startswith("/control/") and exchange.door == CONTROL.name:
            await self._control.answer(exchange)
        elif handler := self._pages.get(exchange.path):
            await handler(exchange)
        else:
            await exchange.answer(404, body="There is nothing here. Try / or /tab\n")

    async def _try_it_page(self, exchange: Exchange) -> None:
        await exchange.answer(200, HTML, asset("try-it.html").replace("{{ stream }}", self._transports["sse"].PATH))

    async def _payloads_page(self, exchange: Exchange) -> None:
        scripts = "".join(one.CARRIES.script for one in self._transports.values() if one.CARRIES)
        await exchange.answer(200, HTML, asset("payloads.html").replace("{{ carries }}", scripts))

    async def _clients_page(self, exchange: Exchange) -> None:
        """The measured page: for the one client that `?tab=` names, or for clients that the driver adds later."""
        transport = self._transports.get(exchange.query.get("transport", ""))
        tab = exchange.tab
        if transport is None or (tab is None and "tab" in exchange.query):
            await exchange.answer(400, body="a page needs ?transport=NAME, and a tab's page &tab=NUMBER\n")
            return
        if tab is not None:
            self._ledger.document_served(exchange.connection, exchange.cell, tab)
        script = f"const transportPath = {transport.PATH!r};\n{transport.SCRIPT}"
        html = asset("page.html").replace("{{ client }}", asset("client.js")).replace("{{ transport }}", script)
        await exchange.answer(200, HTML, html)

    async def _probe(self, exchange: Exchange) -> None:
        """Any other request of a page. The response is short and closes its connection, so that the next request can't reuse
        it."""
        kind, tab = exchange.query.get("kind", ""), exchange.tab
        if tab is None:
            await exchange.answer(404, body="a probe needs ?tab=NUMBER\n")
            return
        self._ledger.probe_served(exchange.connection, exchange.cell, tab, kind)
        exchange.cross_origin = True
        if isinstance(exchange, WebSocketExchange):
            await exchange.start(101, ())
            await exchange.gone()
            return
        content_type, body = PROBES.get(kind, ("text/plain; charset=utf-8", "here"))
        await exchange.answer(200, content_type, body, closing=True)

    async def _payload(self, exchange: Exchange) -> None:
        """One payload. The ledger records how often it was written completely."""
        transport, tab = exchange.query.get("transport", ""), exchange.tab
        try:
            payload = requested(exchange.query)
        except ValueError as error:
            await exchange.answer(400, body=f"{error}\n")
            return
        if tab is None:
            await exchange.answer(400, body="a payload needs ?tab=NUMBER\n")
            return
        opened = self._ledger.stream(
            connection=exchange.connection, cell=exchange.cell, tab=tab, transport=transport, http=exchange.http
        )
        with opened as stream:
            await write_payload(exchange, transport, payload, stream)

    async def _drip(self, exchange: Exchange) -> None:
        """A short stream of events with the moments of their sending."""
        tab = exchange.tab
        try:
            wanted = drip.requested(exchange.query)
        except ValueError as error:
            await exchange.answer(400, body=f"{error}\n")
            return
        if tab is None:
            await exchange.answer(400, body="a drip needs ?tab=NUMBER\n")
            return
        opened = self._ledger.stream(
            connection=exchange.connection, cell=exchange.cell, tab=tab, transport="sse", http=exchange.http
        )
        with opened as stream:
            await drip.drip(exchange, wanted, stream)

    async def _stream(self, transport: Transport, exchange: Exchange) -> None:
        """Updates, until the client has gone, the response is complete, or the control door ends the stream."""
        tab = exchange.tab
        if tab is None:
            await exchange.answer(400, body="a stream needs ?tab=NUMBER\n")
            return
        exchange.cross_origin = True
        refusal = self._control.refusal(exchange.cell)
        scope, gone, started = trio.CancelScope(), False, False
        opened = self._ledger.stream(
            connection=exchange.connection,
            cell=exchange.cell,
            tab=tab,
            transport=transport.NAME,
            http=exchange.http,
            last_event_id=exchange.headers.get("last-event-id"),
        )
        with opened as stream:
            if refusal is not None:
                stream.reason = "refused"
            else:
                feed, meter = (self.clock, None) if exchange.door == CONTROL.name else (self._feed, self._meter)
                client = ClientStream(exchange, tab, stream, meter)
                with self._control.can_end(exchange.cell, tab, scope):
                    gone = await until_gone(exchange, lambda: transport.serve(client, feed), scope)
                stream.reason = "client" if gone else "origin" if scope.cancelled_caught else "answered"
                started = client.started
        if refusal is not None:
            await exchange.answer(refusal.status, refusal.content_type)
        elif not gone:
            if not started:
                await exchange.start(204, ())
            await exchange.finish()


@cache
def asset(name: str) -> str:
    """The content of a file in lab/origin/pages."""
    return (files("lab.origin") / "pages" / name).read_text(encoding="utf-8")
