"""The encoding, checked against an independent decoder: httpx-sse."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import ClassVar

import httpx
import pytest
import trio
from httpx_sse import EventSource, ServerSentEvent

from lab.model.feed import Missed, Update
from lab.transports import sse


def decode(content: bytes) -> list[ServerSentEvent]:
    response = httpx.Response(200, headers={"content-type": "text/event-stream"}, content=content)
    return list(EventSource(response).iter_sse())


@pytest.mark.parametrize(
    "data",
    ["one line", "two\nlines", "\nfirst empty", "last empty\n", "", " leading space", "a: b", ": not a comment", "⚽ é \u0301"],
)
def test_data_comes_back(data: str) -> None:
    [event] = decode(sse.encode(event="score", data=data, event_id="7", retry_ms=1500))
    assert (event.event, event.data, event.id, event.retry) == ("score", data, "7", 1500)


@pytest.mark.parametrize("line_end", ["\r\n", "\r"])
def test_other_line_ends_arrive_as_line_feeds(line_end: str) -> None:
    [event] = decode(sse.encode(data=f"a{line_end}b"))
    assert event.data == "a\nb"


@pytest.mark.parametrize(("event", "event_id"), [("a\nb", None), ("a\rdata: x", None), (None, "1\n2"), (None, "1\0")])
def test_what_the_format_cannot_carry_is_refused(event: str | None, event_id: str | None) -> None:
    with pytest.raises(ValueError):
        sse.encode(event=event, data="x", event_id=event_id)


def test_a_lone_surrogate_has_no_utf8() -> None:
    with pytest.raises(ValueError):
        sse.encode(data="\ud800")


def test_comments_are_no_events() -> None:
    [event] = decode(sse.comment("heartbeat") + sse.retry(2000) + sse.comment("two\nlines") + sse.encode(data="x"))
    assert (event.data, event.retry) == ("x", 2000)


@pytest.mark.parametrize(("kind", "lines"), [("score", 1), ("commentary", 5)])
def test_an_update_is_json_on_one_line_or_several(kind: str, lines: int) -> None:
    encoded = sse.encode_update(Update(3, 17.5, kind, "Goal!\n2 : 1"))
    assert encoded.count(b"data: ") == lines
    [event] = decode(encoded)
    assert (event.event, event.id) == (kind, "3")
    assert json.loads(event.data) == {"seq": 3, "at_ms": 17.5, "text": "Goal!\n2 : 1"}


def test_a_silent_feed_is_kept_alive_by_comments() -> None:
    """A feed in which nothing happens: the stream starts, says how to retry, and then sends a comment at each heartbeat."""

    class SilentFeed:
        last = 5
        patience_s: float = 0

        async def follow(self, seq: int, patience_s: float, take: Callable[[Sequence[Update]], bool]) -> None:
            assert seq == 5
            self.patience_s = patience_s

        async def after(self, seq: int, patience_s: float) -> tuple[None, list[Update]]:
            assert (seq, patience_s) == (5, 0)
            return None, []

    class Recorder:
        headers: ClassVar[dict[str, str]] = {"last-event-id": "5"}
        query: ClassVar[dict[str, str]] = {}

        def __init__(self) -> None:
            self.written: list[bytes] = []

        async def start(self, status: int, headers: Sequence[tuple[bytes, bytes]]) -> None:
            assert status == 200

        def delivered(self, update: Update) -> None:
            raise AssertionError(update)

        def write_now(self, body: bytes) -> bool:
            raise AssertionError(body)

        async def write(self, body: bytes) -> None:
            self.written.append(body)
            if len(self.written) == 4:
                raise EnoughError

    class EnoughError(Exception):
        pass

    feed, stream = SilentFeed(), Recorder()
    with pytest.raises(EnoughError):
        trio.run(sse.serve, stream, feed)
    assert stream.written == [b"retry: 2000\n", *[b": heartbeat\n"] * 3]
    assert feed.patience_s == sse.KEEPALIVE_S


def test_what_was_missed_is_said() -> None:
    [event] = decode(sse.encode_missed(Missed(3, 9)))
    assert (event.event, json.loads(event.data)) == ("missed", {"first": 3, "last": 9})
