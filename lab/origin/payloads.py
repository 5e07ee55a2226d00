"""The origin's half of payloads (lab/model/payloads.py): it writes one payload, chunk by chunk."""

from __future__ import annotations

import trio

from lab.model.payloads import Payload, payload, sized
from lab.origin.exchange import Exchange, WebSocketExchange, until_gone
from lab.origin.ledger_writer import OpenStream
from lab.transports import sse, transports

APART_S = 0.002
"""Seconds between the chunks of a payload, so that each is sent in a TCP segment of its own."""

GO = "go"
"""The text message by which a WebSocket's client requests the payload again."""


def requested(query: dict[str, str]) -> Payload:
    """The payload that a request names; or with `?bytes=`, a payload with this many bytes of text. Raises ValueError, in one
    line, if there is none."""
    if "bytes" in query:
        return sized(int(query["bytes"]))
    found = payload(query.get("transport", ""), query.get("name", ""))
    if found is None:
        raise ValueError("a payload needs ?transport=NAME&name=NAME of lab/model/payloads.py, or &bytes=NUMBER")
    return found


async def write_payload(exchange: Exchange, transport: str, one: Payload, stream: OpenStream) -> None:
    """Write a payload as a response, or over a WebSocket as a message at each request. Sets `stream.sent` to how often it was
    written completely, and `stream.reason`."""
    if isinstance(exchange, WebSocketExchange):
        await exchange.start(101, ())
        while await exchange.message() == GO:
            for chunk in one.chunks:
                await exchange.write_bytes(chunk)
            stream.sent += 1
        stream.reason = "client"
        return

    async def respond() -> None:
        known = transports().get(transport)
        carries = (known and known.CARRIES) or sse.CARRIES
        await exchange.start(200, ((b"content-type", carries.content_type), (b"x-accel-buffering", b"no")))
        for number, chunk in enumerate(one.chunks):
            if number:
                await trio.sleep(APART_S)
            await exchange.write(chunk)

    if await until_gone(exchange, respond, trio.CancelScope()):
        stream.reason = "client"
        return
    await exchange.finish()  # After until_gone: when a response has ended, Hypercorn reports that the client has gone.
    stream.sent += 1
    stream.reason = "answered"
