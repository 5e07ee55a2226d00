"""The origin's half of lab/payloads.py: it writes what it is asked for, chunk by chunk, as the transport named does."""

from __future__ import annotations

import trio

from lab.model.payloads import Payload, payload, sized
from lab.origin.exchange import Exchange, Socket, until_gone

APART_S = 0.002
"""Between the chunks of one payload, so that each leaves in a segment of its own."""

TYPES = {"sse": b"text/event-stream", "fetch_stream": b"application/octet-stream"}
GO = "go"


def asked(query: dict[str, str]) -> Payload | str:
    """The payload that a request names, or so many `bytes` of text; else what is wrong with it, in a line."""
    if "bytes" in query:
        try:
            return sized(int(query["bytes"]))
        except ValueError as error:
            return str(error)
    found = payload(query.get("transport", ""), query.get("name", ""))
    return found or "a payload needs ?transport=NAME&name=NAME of lab/payloads.py, or &bytes=NUMBER"


class Carrying:
    """One request for a payload; `times` is how often all of it has been written."""

    def __init__(self, exchange: Exchange, transport: str, one: Payload) -> None:
        self._exchange = exchange
        self._transport = transport
        self._payload = one
        self.times = 0

    async def whole(self) -> bool:
        """Write it; False when the client went away first, as it always does who has a WebSocket."""
        if isinstance(self._exchange, Socket):
            await self._messages(self._exchange)
            return False
        if await until_gone(self._exchange, self._response, trio.CancelScope()):
            return False
        await self._exchange.finish()  # Only here: Hypercorn says that the client has gone when a response has ended.
        self.times += 1
        return True

    async def _messages(self, socket: Socket) -> None:
        await socket.start(101, ())
        while await socket.message() == GO:
            for chunk in self._payload.chunks:
                await socket.write_bytes(chunk)
            self.times += 1

    async def _response(self) -> None:
        content_type = TYPES.get(self._transport, TYPES["sse"])
        await self._exchange.start(200, ((b"content-type", content_type), (b"x-accel-buffering", b"no")))
        for number, chunk in enumerate(self._payload.chunks):
            if number:
                await trio.sleep(APART_S)
            await self._exchange.write(chunk)
