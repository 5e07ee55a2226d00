"""Server-sent events, as the HTML standard has them (section 9.2): a response that never ends, in lines of UTF-8.

https://html.spec.whatwg.org/multipage/server-sent-events.html
"""

from __future__ import annotations

import json
import re
from functools import lru_cache

from lab.transports import RECENT, Feed, Missed, Stream, Update, content, deliver, resume_from

NAME = "sse"
TITLE = "server-sent events"
PATH = "/api/v1/live-scores"

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

RETRY_MS = 2000
SILENT = "none"
"""What `?retry=` says when the stream shall leave the choice to the browser."""

HEARTBEAT_S = 15.0
"""The standard advises a comment line every 15 seconds or so, against proxies that drop silent connections."""

HEADERS = ((b"content-type", b"text/event-stream"), (b"x-accel-buffering", b"no"))

_LINE_END = re.compile("\r\n|\r|\n")


def encode(
    *, event: str | None = None, data: str | None = None, event_id: str | None = None, retry_ms: int | None = None
) -> bytes:
    """One event. `data` may have several lines, each of which becomes a field of its own.

    Raises ValueError for what the format can't carry: a line end in `event` or `event_id`, NUL in `event_id` (the browser would
    ignore it), a lone surrogate (there is no UTF-8 for it).
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
    """A line that the browser skips: it only keeps the connection from looking dead."""
    return "".join(f": {line}\n" for line in _LINE_END.split(text)).encode()


def retry(ms: int) -> bytes:
    """The field alone, without the blank line of an event: a browser heeds it at once, and no decoder takes it for an event
    without data (as httpx-sse does)."""
    return f"retry: {ms}\n".encode()


@lru_cache(maxsize=RECENT)
def encode_update(update: Update) -> bytes:
    """Commentary is laid out over several lines, a score on one: both are the same JSON to the page."""
    layout = 1 if update.kind == "commentary" else None
    data = json.dumps(content(update), ensure_ascii=False, indent=layout)
    return encode(event=update.kind, data=data, event_id=str(update.seq))


def encode_missed(missed: Missed) -> bytes:
    return encode(event="missed", data=json.dumps({"first": missed.first, "last": missed.last}))


def retry_ms(query: dict[str, str]) -> int:
    """What `?retry=` asks for, in ms; the usual where it is absent or no number."""
    text = query.get("retry", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 7 else RETRY_MS


async def serve(stream: Stream, feed: Feed) -> None:
    """Send updates until cancelled, starting after the client's Last-Event-ID if it has one."""
    reached = resume_from(stream.headers.get("last-event-id"), feed)
    await stream.start(200, HEADERS)
    await stream.write(comment("open") if stream.query.get("retry") == SILENT else retry(retry_ms(stream.query)))
    while True:
        missed, updates = await feed.after(reached, HEARTBEAT_S)
        if missed:
            await stream.write(encode_missed(missed))
        if not updates:
            await stream.write(comment("heartbeat"))
        await deliver(stream, updates, encode_update)
        reached = updates[-1].seq if updates else reached
