"""The payloads that a transport must carry, and the events that a page must receive for each by the HTML standard. Both
processes read the same table: the origin writes the chunks, and the driver compares what the page received.

https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation
"""

from __future__ import annotations

import base64
import random
import re

import msgspec

PageEvent = tuple[str, str, str]
"""An event as a page's listener gets it: its type, its data, and the last event id."""

KIB = 1024
MOST_BYTES = 1024 * KIB
"""The largest payload of text that can be requested, in bytes."""

BINARY = random.Random(64).randbytes(64 * KIB)  # noqa: S311  # test data, not secrets
LINE_END = re.compile(rb"\r\n|\r|\n")


class PayloadSeen(msgspec.Struct, frozen=True, kw_only=True):
    """One payload, as the page received it. Bytes on the wire include TLS; the connection was already open."""

    name: str
    """The payload's name in the table below."""
    chunks: int
    """How many writes it was sent in."""
    events: int
    """How many events the page received."""
    right: bool
    """Whether these are the events that the standard specifies."""
    sent_bytes: int
    """Bytes from the origin while it was carried."""
    received_bytes: int
    """Bytes to the origin while it was carried."""
    content_bytes: int | None = None
    """For binary payloads, how many bytes were to be carried."""
    survived_bytes: int | None = None
    """How many of these bytes the page received unchanged."""
    note: str = ""
    """What the page received instead, if it differs."""


class Payload(msgspec.Struct, frozen=True):
    """One payload. `chunks` are written one by one, each in a TCP segment of its own. `events` is what a page must receive.
    `content`: for binary payloads, the bytes that are to be carried."""

    name: str
    chunks: tuple[bytes, ...]
    events: tuple[PageEvent, ...]
    content: bytes | None = None


def text_payload(name: str, stream: str | bytes, *data: str, split: bool = False) -> Payload:
    """A payload of one or more events of the default type, without an id. `split`: each byte is a chunk of its own."""
    raw = stream.encode() if isinstance(stream, str) else stream
    chunks = tuple(raw[at : at + 1] for at in range(len(raw))) if split else (raw,)
    return Payload(name, chunks, tuple(("message", one, "") for one in data))


def sized(count: int) -> Payload:
    """A payload of `count` bytes of text on one line. Raises ValueError outside 1 to `MOST_BYTES`."""
    if not 1 <= count <= MOST_BYTES:
        raise ValueError(f"a payload has 1 to {MOST_BYTES} bytes, not {count}")
    return text_payload(f"{count} bytes", b"data: " + b"x" * count + b"\n\n", "x" * count)


def raw(content: bytes) -> Payload:
    """A payload of unencoded bytes, with a `data` field for each line: the browser replaces what is not UTF-8, and every line
    end becomes LF."""
    lines = LINE_END.split(content)
    stream = b"".join(b"data: " + line + b"\n" for line in lines) + b"\n"
    return Payload("binary, raw", (stream,), (("message", b"\n".join(lines).decode(errors="replace"), ""),), content)


def encoded(content: bytes) -> Payload:
    """A payload of bytes in base64, in one `data` field."""
    data = base64.b64encode(content).decode()
    return Payload("binary, base64", (f"data: {data}\n\n".encode(),), (("message", data, ""),), content)


def whole(content: bytes) -> Payload:
    """A payload of unencoded bytes, for a transport that can carry binary data."""
    return Payload("binary", (content,), (), content)


SCORES = "Ada 2 : 1 Hopper ⚽🏆 — e\u0301, n\u0303, 👩🏽‍🚀"  # Emoji, combining characters, and a sequence of both.
SEVENTH = (("message", "one", "7"), ("message", "two", "7"))

SSE = (
    text_payload("one line", "data: one\n\n", "one"),
    text_payload("several lines", "data: one\ndata:\ndata: three\n\n", "one\n\nthree"),
    text_payload("empty data", "data\n\ndata:\n\n", "", ""),
    text_payload("no data at all", "event: score\nid: 1\n\n"),
    text_payload("a space before", "data:  one\n\n", " one"),
    text_payload("LF", "data: one\ndata: two\n\n", "one\ntwo"),
    text_payload("CR", "data: one\rdata: two\r\r", "one\ntwo"),
    text_payload("CRLF", "data: one\r\ndata: two\r\n\r\n", "one\ntwo"),
    text_payload("CRLF cut at every byte", "data: one\r\ndata: two\r\n\r\n", "one\ntwo", split=True),
    text_payload("emoji and combining characters", f"data: {SCORES}\n\n", SCORES),
    text_payload("the same cut at every byte", f"data: {SCORES}\n\n", SCORES, split=True),
    text_payload("a BOM before the stream", "\ufeffdata: one\n\n", "one"),
    text_payload("a BOM within", "data: \ufeffone\n\n\ufeffdata: two\n\n", "\ufeffone"),
    text_payload("Latin-1", b"data: caf\xe9\n\n", "caf\ufffd"),
    text_payload("NUL in data", "data: one\0two\n\n", "one\0two"),
    text_payload("a comment", ": data: none\ndata: one\n\n", "one"),
    text_payload("cut off before its end", "data: one\n\ndata: two\n", "one"),
    Payload("an id", (b"id: 7\ndata: one\n\ndata: two\n\n",), SEVENTH),
    Payload("NUL in an id", (b"id: 7\ndata: one\n\nid: 8\x009\ndata: two\n\n",), SEVENTH),
    Payload("a name", (b"event: named\ndata: one\n\ndata: two\n\n",), (("named", "one", ""), ("message", "two", ""))),
    *(sized(count) for count in (1, KIB, 64 * KIB, MOST_BYTES)),
    raw(BINARY),
    encoded(BINARY),
)  # fmt: skip

PAYLOADS: dict[str, tuple[Payload, ...]] = {"sse": SSE, "fetch_stream": (whole(BINARY),), "websocket": (whole(BINARY),)}
"""The payloads of each transport, by its name."""


def payload(transport: str, name: str) -> Payload | None:
    """The payload `name` of a transport; None if there is no such payload."""
    return next((one for one in PAYLOADS.get(transport, ()) if one.name == name), None)
