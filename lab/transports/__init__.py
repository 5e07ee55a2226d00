"""The transports: how updates get to a page. One module each, with both its halves: the page's script and the origin's `serve`.

They are found by looking into this folder, so a new transport is one new file. It must offer what `Transport` lists. Its halves
meet these rules:

- The page's half (SCRIPT) defines `connect(client)`, which opens the client and never returns a value. It tells the client of
  each update (`client.received`), of the opening (`client.opened`), of a connection that broke (`client.lost`) or failed
  (`client.failed`), and sets `client.close`. lab/origin/pages/client.js has the other side. `connect.oneByOne = true` asks the
  page never to open two clients at once.
- The origin's half (`serve`) writes updates to a stream, and calls `stream.delivered` for each one that was written. It returns
  when its answer is complete, or runs until it is cancelled. It may await nothing but the stream and the feed.
- The halves know neither trio nor Hypercorn nor a browser.
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
"""Updates that are kept encoded: every stream writes the same bytes."""


class Feed(Protocol):
    """The updates, as a transport reads them."""

    @property
    def last(self) -> int:
        """The newest update's number."""

    async def after(self, seq: int, patience_s: float) -> tuple[Missed | None, Sequence[Update]]:
        """The updates after number `seq`, waiting up to `patience_s` for the first; and those that are forgotten."""


class Stream(Protocol):
    """One client's request for updates, and the response to it."""

    @property
    def headers(self) -> dict[str, str]: ...
    @property
    def query(self) -> dict[str, str]: ...
    async def start(self, status: int, headers: Sequence[tuple[bytes, bytes]]) -> None: ...
    async def write(self, body: bytes) -> None: ...
    def delivered(self, update: Update) -> None:
        """Count an update that was written."""


class Carries(msgspec.Struct, frozen=True):
    """How a transport carries payloads (lab/model/payloads.py). `script` is the page's half: it sets `carry[NAME]` to a
    function of a URL that resolves to what came: a list of [event type, data, last event id], or bytes in base64.
    `content_type` is the response's."""

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
    """Over HTTP/1.1, browsers count its connections by a limit of their own, not by that of requests to a host."""

    POLLS: bool
    """Its clients send a request at each interval (Cell.interval_ms)."""

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
    """The number to continue after. A new client, or one with a number that this feed never gave, begins with the newest."""
    if last_seen is not None and last_seen.isascii() and last_seen.isdigit():
        seq = int(last_seen[:20])
        if seq <= feed.last:
            return seq
    return feed.last - 1


def content(update: Update) -> dict[str, Any]:
    """What a page gets of an update."""
    return {"seq": update.seq, "at_ms": update.at_ms, "text": update.text}


@lru_cache(maxsize=RECENT)
def json_line(update: Update) -> bytes:
    """An update as one line of JSON."""
    return json.dumps(content(update), ensure_ascii=False).encode() + b"\n"


async def answer(stream: Stream, updates: Sequence[Update]) -> None:
    """Give a whole answer: these updates, in one JSON object."""
    body = json.dumps({"updates": [content(update) for update in updates]}, ensure_ascii=False).encode()
    await stream.start(200, ((b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())))
    await stream.write(body)
    for update in updates:
        stream.delivered(update)


async def deliver(stream: Stream, updates: Sequence[Update], encode: Callable[[Any], bytes]) -> None:
    """Write several updates in one go: a stream that has fallen behind must not pay for each of them once more."""
    if updates:
        await stream.write(b"".join(map(encode, updates)))
    for update in updates:
        stream.delivered(update)


async def lines(stream: Stream, feed: Feed, heartbeat_s: float, *, apart: bool = False) -> None:
    """Write each update as a line of JSON, beginning after `?after=`, until cancelled. After `heartbeat_s` seconds without an
    update write an empty line, because proxies drop connections that are silent. `apart`: each update in a write of its own,
    which over a WebSocket is a message."""
    reached = resume_from(stream.query.get("after"), feed)
    while True:
        _, updates = await feed.after(reached, heartbeat_s)
        if not updates:
            await stream.write(b"\n")
        for due in [[update] for update in updates] if apart else [updates]:
            await deliver(stream, due, json_line)
        reached = updates[-1].seq if updates else reached
