"""Server-sent events (HTML standard, section 9.2): a response that never ends, in lines of UTF-8.

https://html.spec.whatwg.org/multipage/server-sent-events.html
"""

from __future__ import annotations

import json
import re
from functools import lru_cache

from lab.model.feed import Missed, Update
from lab.transports import RECENT, Carries, Feed, Place, Stream, content, resume_from

NAME = "sse"
TITLE = "Server-sent events"
PATH = "/api/v1/live-scores"
OWN_LIMIT = False
POLLS = False

SCRIPT = """
const connect = client => {
  const retry = client.retry === null ? "" : `&retry=${client.retry}`;
  const source = new EventSource(client.url + retry, { withCredentials: client.credentials === "include" });
  client.close = () => source.close();
  source.onopen = () => client.opened();
  for (const kind of ["score", "commentary"])
    source.addEventListener(kind, event => client.received(JSON.parse(event.data), kind));
  source.onmessage = () => client.failed("an event without a name came", false);
  source.onerror = () => {
    const closed = source.readyState === EventSource.CLOSED;
    client.failed(closed ? "closed for good" : "reconnecting", closed);
  };
};
"""

CARRIES = Carries(
    content_type=b"text/event-stream",
    script="""
// The whole response is awaited: closing a stream before its end would cost its connection.
carry.sse = url => new Promise(resolve => {
  const events = [];
  const source = new EventSource(url);
  const note = event => events.push([event.type, event.data, event.lastEventId]);
  source.onmessage = note;
  source.addEventListener("named", note);
  source.onerror = () => {
    source.close();
    resolve(events);
  };
});
""",
)

STREAM_RETRY_MS = 2000
"""The reconnection time that a stream announces unless `?retry=` says otherwise, in ms."""

SILENT = "none"
"""The value of `?retry=` for a stream that announces no reconnection time, so that the browser uses its default."""

KEEPALIVE_S = 15.0
"""Seconds between comment lines. The standard recommends about 15, because proxies close silent connections."""

HEADERS = ((b"content-type", b"text/event-stream"), (b"x-accel-buffering", b"no"))

_LINE_END = re.compile("\r\n|\r|\n")


def encode(
    *, event: str | None = None, data: str | None = None, event_id: str | None = None, retry_ms: int | None = None
) -> bytes:
    """One event, encoded. `data` may have several lines; each becomes a field.

    Raises ValueError for what the format can't carry: a line end in `event` or `event_id`, NUL in `event_id` (the browser would
    ignore the id), a lone surrogate (UTF-8 has no encoding for it).
    """
    if _LINE_END.search(f"{event or ''}{event_id or ''}"):
        raise ValueError(f"an event's name and id are one line each: {event!r}, {event_id!r}")
    if event_id is not None and "\0" in event_id:
        raise ValueError("a browser ignores an id with NUL in it")
    fields: list[tuple[str, str]] = []
    if event is not None:
        fields.append(("event", event))
    if event_id is not None:
        fields.append(("id", event_id))
    if retry_ms is not None:
        fields.append(("retry", str(retry_ms)))
    if data is not None:
        fields.extend(("data", line) for line in _LINE_END.split(data))
    return "".join(f"{name}: {value}\n" for name, value in fields).encode() + b"\n"


def comment(text: str) -> bytes:
    """A comment. The browser ignores it; it only shows proxies that the connection is in use."""
    return "".join(f": {line}\n" for line in _LINE_END.split(text)).encode()


def retry(ms: int) -> bytes:
    """The `retry` field alone, without the blank line that ends an event. A browser applies it at once; with the blank line,
    some decoders (httpx-sse) would see an event without data."""
    return f"retry: {ms}\n".encode()


@lru_cache(maxsize=RECENT)
def encode_update(update: Update) -> bytes:
    """An update as an event. The JSON of a commentary has several lines, that of a score has one; both mean the same to a
    page."""
    layout = 1 if update.kind == "commentary" else None
    data = json.dumps(content(update), ensure_ascii=False, indent=layout)
    return encode(event=update.kind, data=data, event_id=str(update.seq))


def encode_missed(missed: Missed) -> bytes:
    """The event that says which updates a client can't get any more."""
    return encode(event="missed", data=json.dumps({"first": missed.first, "last": missed.last}))


def retry_ms(query: dict[str, str]) -> int:
    """The reconnection time to announce, in ms: the value of `?retry=`, or the default if it is missing or not a number."""
    text = query.get("retry", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 7 else STREAM_RETRY_MS


async def serve(stream: Stream, feed: Feed) -> None:
    """Send updates until cancelled, starting after the client's Last-Event-ID if it has one."""
    place = Place(stream, resume_from(stream.headers.get("last-event-id"), feed), encode_update)
    await stream.start(200, HEADERS)
    await stream.write(comment("open") if stream.query.get("retry") == SILENT else retry(retry_ms(stream.query)))
    while True:
        await feed.follow(place.reached, KEEPALIVE_S, place.take)
        missed, updates = await feed.after(place.reached, 0)
        if missed:
            await stream.write(encode_missed(missed))
        if not updates:
            await stream.write(comment("heartbeat"))
        await place.write(updates)
