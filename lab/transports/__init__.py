"""The ways to bring updates to a page: one module each, holding both its halves.

A transport module has a NAME, a TITLE, the PATH it answers at, a SCRIPT (the page's half: it defines `connect(client)`, see
lab/origin/pages/page.js) and `serve`, the origin's half. They are found by looking into this folder.
"""

from __future__ import annotations

import importlib
import json
import pkgutil
from collections.abc import Awaitable, Callable, Sequence
from functools import lru_cache
from typing import Any, Protocol

RECENT = 256  # So many updates are kept in the form in which they leave: every stream writes the same bytes.


class Update(Protocol):
    """What a transport needs to know of an update: its number, when it was published, what kind, what text."""

    @property
    def seq(self) -> int: ...
    @property
    def at_ms(self) -> float: ...
    @property
    def kind(self) -> str: ...
    @property
    def text(self) -> str: ...
    @property
    def due_ms(self) -> float: ...


class Missed(Protocol):
    """Updates that the feed's memory no longer holds."""

    @property
    def first(self) -> int: ...
    @property
    def last(self) -> int: ...


class Feed(Protocol):
    """The updates, as a transport reads them."""

    @property
    def last(self) -> int: ...
    async def after(self, seq: int, patience_s: float) -> tuple[Missed | None, Sequence[Update]]: ...


class Stream(Protocol):
    """One tab's request for updates. Each update that was written is `delivered`: the ledger counts them."""

    @property
    def headers(self) -> dict[str, str]: ...
    @property
    def query(self) -> dict[str, str]: ...
    async def start(self, status: int, headers: Sequence[tuple[bytes, bytes]]) -> None: ...
    async def write(self, body: bytes) -> None: ...
    def delivered(self, update: Update) -> None: ...


class Transport(Protocol):
    """What a module in this folder must offer."""

    NAME: str
    TITLE: str
    PATH: str
    SCRIPT: str
    serve: Callable[[Stream, Feed], Awaitable[None]]


def transports() -> dict[str, Transport]:
    """Every transport by name, in the order of their names."""
    modules = (importlib.import_module(f"{__name__}.{found.name}") for found in pkgutil.iter_modules(__path__))
    return {module.NAME: module for module in modules}


def resume_from(last_seen: str | None, feed: Feed) -> int:
    """The number to continue after. Somebody new, or with a number this feed never gave, starts with the newest update."""
    if last_seen is not None and last_seen.isascii() and last_seen.isdigit():
        seq = int(last_seen[:20])
        if seq <= feed.last:
            return seq
    return feed.last - 1


def content(update: Update) -> dict[str, Any]:
    return {"seq": update.seq, "at_ms": update.at_ms, "text": update.text}


@lru_cache(maxsize=RECENT)
def json_line(update: Update) -> bytes:
    return json.dumps(content(update), ensure_ascii=False).encode() + b"\n"


async def answer(stream: Stream, updates: Sequence[Update]) -> None:
    """One whole answer: so many updates."""
    body = json.dumps({"updates": [content(update) for update in updates]}, ensure_ascii=False).encode()
    await stream.start(200, ((b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())))
    await stream.write(body)
    for update in updates:
        stream.delivered(update)


async def deliver(stream: Stream, updates: Sequence[Update], encode: Callable[[Any], bytes]) -> None:
    """Write what is due in one go: a stream that has fallen behind must not pay for each update once more."""
    if updates:
        await stream.write(b"".join(map(encode, updates)))
    for update in updates:
        stream.delivered(update)


async def lines(stream: Stream, feed: Feed, heartbeat_s: float, *, apart: bool = False) -> None:
    """Write each update as a line of JSON until cancelled, beginning after `?after=`; an empty line when there is nothing to
    say for `heartbeat_s`, against proxies that drop what is silent. `apart`: each in a write, that is a message, of its own."""
    reached = resume_from(stream.query.get("after"), feed)
    while True:
        _, updates = await feed.after(reached, heartbeat_s)
        if not updates:
            await stream.write(b"\n")
        for due in [[update] for update in updates] if apart else [updates]:
            await deliver(stream, due, json_line)
        reached = updates[-1].seq if updates else reached
