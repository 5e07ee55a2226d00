"""The transports: how updates reach a page. One module each, with both halves: the page's script and the origin's `serve`.

Rules.
1. A transport is a module in this folder that offers what `Transport` lists. It is found by looking into the folder, so a new
   transport is one new file.
2. The page's half (SCRIPT) defines `connect(client)`, which opens the client and returns nothing. It calls `client.received`
   for each update, `client.opened` when the connection is open, `client.lost` when it broke, `client.failed` when it failed,
   and it sets `client.close`. lab/origin/pages/client.js is the other side. `connect.oneByOne = true` asks the page never to
   open two clients at the same time.
3. The origin's half (`serve`) writes updates to a stream, and calls `stream.delivered` for each one that was written. It
   returns when its response is complete, or runs until it is cancelled. It may await only the stream and the feed.

What the halves may not know: trio, Hypercorn, and any browser.
"""

from __future__ import annotations

import importlib
import json
import pkgutil
from collections.abc import Awaitable, Callable, Sequence
from functools import cache, lru_cache
from typing import Any, Protocol

import msgspec

from lab.model.feed import Missed, Update

RECENT = 256
"""How many encoded updates are kept: every stream writes the same bytes."""


class Feed(Protocol):
    """The updates, as a transport reads them."""

    @property
    def last(self) -> int:
        """The newest update's number."""

    async def follow(self, seq: int, patience_s: float, take: Callable[[Sequence[Update]], bool]) -> None:
        """Call `take` with the updates after number `seq` in the moment they are published, as long as it returns True. Returns
        also when there were such updates already, or when there are none for `patience_s` seconds."""

    async def after(self, seq: int, patience_s: float) -> tuple[Missed | None, Sequence[Update]]:
        """Wait up to `patience_s` seconds for an update after number `seq`. Returns the range that the feed no longer keeps, or
        None, and the updates after it."""


class Stream(Protocol):
    """One client's request for updates, and the response to it."""

    @property
    def headers(self) -> dict[str, str]: ...
    @property
    def query(self) -> dict[str, str]: ...
    async def start(self, status: int, headers: Sequence[tuple[bytes, bytes]]) -> None: ...
    async def write(self, body: bytes) -> None: ...
    def write_now(self, body: bytes) -> bool:
        """Write without waiting, if that is possible; else returns False, and has written nothing."""

    def delivered(self, update: Update) -> None:
        """Count an update as delivered, once it was written."""


class Carries(msgspec.Struct, frozen=True):
    """How a transport carries payloads (lab/model/payloads.py). `script` is the page's half: it sets `carry[NAME]` to a
    function of a URL, which resolves to what the page received: a list of [event type, data, last event id], or bytes in
    base64. `content_type` is that of the response."""

    script: str
    content_type: bytes = b"application/octet-stream"


class Transport(Protocol):
    """What a module in this folder must offer."""

    NAME: str
    """Its name in scenarios, on the command line and in results."""

    TITLE: str
    """Its name in reports, as a heading."""

    PATH: str
    """The path at which the origin serves it."""

    SCRIPT: str
    """The page's half."""

    @property
    def CARRIES(self) -> Carries | None:  # noqa: N802  # a constant of the module
        """How it carries payloads; None if it does not."""

    OWN_LIMIT: bool
    """Whether browsers have a separate limit for its connections over HTTP/1.1, apart from the limit on connections to a
    host."""

    POLLS: bool
    """Whether its clients send a request at each interval (Cell.interval_ms)."""

    @property
    def serve(self) -> Callable[[Stream, Feed], Awaitable[None]]:
        """The origin's half."""


def transports() -> dict[str, Transport]:
    """Every transport by name, in the order of their names."""
    return dict(_found())


@cache
def _found() -> tuple[tuple[str, Transport], ...]:
    modules = [importlib.import_module(f"{__name__}.{found.name}") for found in pkgutil.iter_modules(__path__)]
    return tuple((module.NAME, module) for module in modules)  # tests/transports holds each to the contract


def resume_from(last_seen: str | None, feed: Feed) -> int:
    """The number of the update after which a client continues. A new client, or one with a number that this feed never used,
    begins with the newest update."""
    if last_seen is not None and last_seen.isascii() and last_seen.isdigit():
        seq = int(last_seen[:20])
        if seq <= feed.last:
            return seq
    return feed.last - 1


def content(update: Update) -> dict[str, Any]:
    """The part of an update that is sent to a page."""
    return {"seq": update.seq, "at_ms": update.at_ms, "text": update.text}


@lru_cache(maxsize=RECENT)
def json_line(update: Update) -> bytes:
    """An update as one line of JSON."""
    return json.dumps(content(update), ensure_ascii=False).encode() + b"\n"


async def answer(stream: Stream, updates: Sequence[Update]) -> None:
    """Write a complete response: these updates, in one JSON object."""
    body = json.dumps({"updates": [content(update) for update in updates]}, ensure_ascii=False).encode()
    await stream.start(200, ((b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())))
    await stream.write(body)
    for update in updates:
        stream.delivered(update)


class Place:
    """How far a stream has come in the feed. `reached` is the number of the last update that was written to it. `apart`: write
    each update separately (over a WebSocket each write is a message), instead of several at once, so that a slow stream can
    catch up."""

    def __init__(self, stream: Stream, reached: int, encode: Callable[[Any], bytes], *, apart: bool = False) -> None:
        self.reached = reached
        self._stream = stream
        self._encode = encode
        self._apart = apart

    def take(self, updates: Sequence[Update]) -> bool:
        """Write updates without waiting. False if not all of them could be."""
        for due in self._writes(updates):
            if not self._stream.write_now(self._encoded(due)):
                return False
            self._delivered(due)
        return True

    async def write(self, updates: Sequence[Update]) -> None:
        for due in self._writes(updates):
            await self._stream.write(self._encoded(due))
            self._delivered(due)

    def _writes(self, updates: Sequence[Update]) -> Sequence[Sequence[Update]]:
        return [[update] for update in updates] if self._apart else [updates] if updates else []

    def _encoded(self, updates: Sequence[Update]) -> bytes:
        return b"".join(map(self._encode, updates))

    def _delivered(self, updates: Sequence[Update]) -> None:
        for update in updates:
            self._stream.delivered(update)
        self.reached = updates[-1].seq


async def lines(stream: Stream, feed: Feed, heartbeat_s: float, *, apart: bool = False) -> None:
    """Write each update as a line of JSON, beginning after `?after=`, until cancelled. After `heartbeat_s` seconds without an
    update, write an empty line, because proxies close silent connections. `apart`: see Place."""
    place = Place(stream, resume_from(stream.query.get("after"), feed), json_line, apart=apart)
    while True:
        await feed.follow(place.reached, heartbeat_s, place.take)
        _, updates = await feed.after(place.reached, 0)
        if not updates:
            await stream.write(b"\n")
        await place.write(updates)
