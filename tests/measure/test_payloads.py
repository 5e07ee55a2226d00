"""The table of payloads against the HTML standard, read a second time; and what is said of what a page got."""

from __future__ import annotations

import base64
import re

import pytest

from lab.measure.payloads import SHORT, compared, surviving
from lab.model.ledger import Counters
from lab.model.payloads import BINARY, MOST_BYTES, PAYLOADS, SSE, PageEvent, Payload, encoded, payload, raw, sized, whole


def counters(sent_bytes: int, received_bytes: int) -> Counters:
    return Counters(
        at_ms=0, cell="c", last=1, reached={}, delivered={}, delay_ms=0, sent_bytes=sent_bytes, received_bytes=received_bytes
    )


BEFORE, AFTER = counters(1000, 300), counters(1090, 340)


def decoded(stream: bytes) -> list[PageEvent]:
    """As the standard interprets an event stream: sections "Parsing" and "Interpreting an event stream", step by step.

    https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation
    """
    text = stream.decode("utf-8", errors="replace").removeprefix("\ufeff")
    *lines, _ = re.split("\r\n|\n|\r", text)  # What no line end follows is no line; and its block never ends.
    events: list[PageEvent] = []
    data = event_type = last_event_id = ""
    for line in lines:
        if line == "":
            if data != "":
                events.append((event_type or "message", data.removesuffix("\n"), last_event_id))
            data = event_type = ""
            continue
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if field == "event":
            event_type = value
        elif field == "data":
            data += value + "\n"
        elif field == "id" and "\0" not in value:
            last_event_id = value
    return events


@pytest.mark.parametrize(
    ("stream", "events"),
    [
        (b"data: YHOO\ndata: +2\ndata: 10\n\n", [("message", "YHOO\n+2\n10", "")]),
        (
            b": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event\n\n",
            [("message", "first event", "1"), ("message", "second event", ""), ("message", " third event", "")],
        ),
        (b"data\n\ndata\ndata\n\ndata:", [("message", "", ""), ("message", "\n", "")]),
        (b"data:test\n\ndata: test\n\n", [("message", "test", "")] * 2),
    ],
)
def test_the_decoder_itself_by_the_standards_own_examples(stream: bytes, events: list[PageEvent]) -> None:
    assert decoded(stream) == events


@pytest.mark.parametrize("one", SSE, ids=lambda one: one.name)
def test_what_a_page_must_get_is_what_the_standard_says(one: Payload) -> None:
    assert list(one.events) == decoded(b"".join(one.chunks))


@pytest.mark.parametrize("name", [one.name for one in SSE if "cut at every byte" in one.name])
def test_cut_at_every_byte(name: str) -> None:
    [one] = [one for one in SSE if one.name == name]
    assert {len(chunk) for chunk in one.chunks} == {1}
    assert len(one.chunks) > 20


def test_each_is_found_by_its_name() -> None:
    for transport, all_of_them in PAYLOADS.items():
        assert [payload(transport, one.name) for one in all_of_them] == list(all_of_them)
    assert payload("sse", "binary") is None
    assert payload("carrier pigeon", "binary") is None


def test_random_bytes_are_the_same_in_both_processes_and_of_every_kind() -> None:
    """The origin writes what the driver compares: each has made them for itself."""
    assert (len(BINARY), set(BINARY)) == (64 * 1024, set(range(256)))
    assert {whole(BINARY), raw(BINARY), encoded(BINARY)} <= {one for row in PAYLOADS.values() for one in row}
    assert base64.b64encode(BINARY[:6]) == b"GILleQE8"


@pytest.mark.parametrize(
    "content", [b"", b"\r\n", b"a\r\rb\n\r", b"\xff:\xc3\n\xa9", b"\xef\xbb\xbfa", b"\0", b" a", b"a\xf0\x9f"]
)
def test_bytes_as_they_are_come_as_the_standard_says(content: bytes) -> None:
    one = raw(content)
    assert list(one.events) == decoded(b"".join(one.chunks))
    assert one.content == content


def test_of_bytes_as_they_are_every_line_end_becomes_one_lf() -> None:
    assert raw(b"a\r\nb\rc\nd\n\re").events == (("message", "a\nb\nc\nd\n\ne", ""),)


@pytest.mark.parametrize("count", [1, MOST_BYTES])
def test_the_least_and_the_most_text(count: int) -> None:
    [(_, data, _)] = sized(count).events
    assert data == "x" * count
    assert len(b"".join(sized(count).chunks)) == len("data: \n\n") + count


@pytest.mark.parametrize("count", [0, -1, MOST_BYTES + 1])
def test_no_text_or_too_much(count: int) -> None:
    with pytest.raises(ValueError, match=f"1 to 1048576 bytes, not {count}$"):
        sized(count)


@pytest.mark.parametrize("one", SSE, ids=lambda one: one.name)
def test_what_came_as_the_standard_says_is_right(one: Payload) -> None:
    """A page answers in JSON: its events are lists."""
    found = compared(one, list(one.events), BEFORE, AFTER)
    assert (found.name, found.right, found.note, found.events) == (one.name, True, "", len(one.events))
    assert (found.chunks, found.sent_bytes, found.received_bytes) == (len(one.chunks), 90, 40)
    assert (found.content_bytes is None) == (found.survived_bytes is None) == (one.content is None)


@pytest.mark.parametrize(
    "came", [[], [("message", "one", "")] * 2, [("message", "one ", "")], [("named", "one", "")], [("message", "one", "1")]]
)
def test_what_came_otherwise_is_told(came: list[PageEvent]) -> None:
    found = compared(SSE[0], came, BEFORE, AFTER)
    assert (found.right, found.events, found.note) == (False, len(came), repr(came))


def test_what_came_otherwise_is_told_in_short() -> None:
    assert len(compared(SSE[0], [("message", "x" * 1000, "")], BEFORE, AFTER).note) == SHORT


def test_bytes_in_base64() -> None:
    sent = whole(b"\0\xff\r")
    found = compared(sent, base64.b64encode(b"\0\xff\r").decode(), BEFORE, AFTER)
    assert (found.right, found.events, found.content_bytes, found.survived_bytes, found.note) == (True, 1, 3, 3, "")
    cut = compared(sent, base64.b64encode(b"\0\xff").decode(), BEFORE, AFTER)
    assert (cut.right, cut.content_bytes, cut.note) == (False, 3, "2 bytes")
    assert cut.survived_bytes != cut.content_bytes


@pytest.mark.parametrize(
    ("content", "data", "survived"),
    [
        (b"abc", ["abc"], 3),
        (b"abc", ["YWJj"], 3),
        ("é🏆".encode(), ["é🏆"], 6),
        (b"a\xff\xfeb", ["a\ufffd\ufffdb"], 2),
        (b"a\nb", ["a\nb"], 3),
        (b"a\rb", ["a\nb"], 2),
        (b"a\r\nb", ["a\nb"], 3),
        (b"a\r\r\nb", ["a\n\nb"], 3),
        (b"abc", ["a", "c"], 2),
        (b"abc", [], 0),
        (b"", [""], 0),
    ],
)
def test_how_many_bytes_survive(content: bytes, data: list[str], survived: int) -> None:
    assert surviving(content, data) == survived
