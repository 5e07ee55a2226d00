"""A drip: a short stream of small events at a fixed pace, each with the moment of its sending. Whoever reads it knows how much
later each event came. It does not depend on the feed.

The query says what the stream is like:

| name | means | default |
|---|---|---|
| `events` | how many events | 20 |
| `interval` | ms from one event to the next | 100 |
| `lead` | ms from the header to the first event | 500 |
| `hold` | ms that the stream stays open after the last event | 0 |
| `comment` | with any value: a comment comes right after the header | none |
| `padding` | how many bytes that comment has | 0 |
| `fields` | further header fields, `Name:value;Name:value` | none |
"""

from __future__ import annotations

import json
from collections.abc import Mapping

import msgspec
import trio

from lab.model.ledger import now_ms
from lab.origin.exchange import Exchange, Headers, until_gone
from lab.origin.ledger_writer import OpenStream
from lab.transports import sse

PATH = "/drip"
MOST = 10_000_000
"""The largest number that a query may have."""


class Drip(msgspec.Struct, frozen=True):
    """What a stream is like; times in ms."""

    events: int = 20
    interval: int = 100
    lead: int = 500
    hold: int = 0
    padding: int = 0


def requested(query: Mapping[str, str]) -> Drip:
    """The stream that a request asks for. Raises ValueError, in one line, for what is no number of 0 to MOST."""
    asked = {name: query[name] for name in Drip.__struct_fields__ if name in query}
    try:
        wanted = msgspec.convert(asked, Drip, strict=False)
    except msgspec.ValidationError as error:
        raise ValueError(f"a drip has {', '.join(Drip.__struct_fields__)} as numbers: {error}") from error
    if not all(0 <= value <= MOST for value in msgspec.structs.astuple(wanted)):
        raise ValueError(f"each number of a drip is from 0 to {MOST}")
    return wanted


def header_fields(query: Mapping[str, str]) -> Headers:
    """The header of the stream, with the fields that the query names."""
    pairs = [part.partition(":") for part in query.get("fields", "").split(";") if part]
    return [sse.HEADERS[0], *((name.strip().lower().encode(), value.strip().encode()) for name, _, value in pairs)]


async def drip(exchange: Exchange, wanted: Drip, stream: OpenStream) -> None:
    """Send the stream until its end, or until the client has gone. Sets `stream.sent` and `stream.reason`."""

    async def send() -> None:
        await exchange.start(200, header_fields(exchange.query))
        await exchange.write(b"")  # Hypercorn keeps a header over HTTP/1.1 until some of the body comes.
        if "comment" in exchange.query or wanted.padding:
            await exchange.write(sse.comment(" " * wanted.padding or "open"))
        due = trio.current_time() + wanted.lead / 1000
        for number in range(wanted.events):
            await trio.sleep_until(due + number * wanted.interval / 1000)
            await exchange.write(sse.encode(data=json.dumps({"n": number, "at_ms": round(now_ms(), 3)})))
            stream.sent += 1
        await trio.sleep(wanted.hold / 1000)

    if await until_gone(exchange, send, trio.CancelScope()):
        stream.reason = "client"
        return
    await exchange.finish()
    stream.reason = "answered"
