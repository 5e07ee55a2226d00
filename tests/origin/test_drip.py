"""The drip: a stream whose every event says when it was sent, and whose header leaves at once."""

from __future__ import annotations

import json
import time
from contextlib import closing
from pathlib import Path

import pytest

from tests.conftest import Served
from tests.tools.control import H1


def test_the_header_leaves_before_the_first_event(origin: Served, leaf: Path) -> None:
    for door in ("h1-clear", "h1"):
        with closing(H1(origin.port(door), leaf if door == "h1" else None)) as client:
            began = time.monotonic()
            answer = client.get("/drip?cell=c&tab=1&events=2&interval=1&lead=400&fields=X-Accel-Buffering:no;X-Other:a")
            fields = dict(answer.headers)
            assert (fields[b"content-type"], fields[b"x-accel-buffering"], fields[b"x-other"]) == (
                b"text/event-stream",
                b"no",
                b"a",
            )
            head = time.monotonic() - began
            events = [line for line in client.body().decode().split("\n\n") if line]
            assert time.monotonic() - began - head >= 0.3, "the events came later than the header"
            stamps = [json.loads(event.removeprefix("data: ")) for event in events]
            assert [one["n"] for one in stamps] == [0, 1]
            assert stamps[1]["at_ms"] - stamps[0]["at_ms"] > 0


def test_a_comment_with_padding_comes_first(origin: Served) -> None:
    with closing(H1(origin.port("h1-clear"))) as client:
        client.get("/drip?cell=c&tab=1&events=1&lead=1&padding=2048")
        comment, event = client.body().split(b"\n", 1)
        assert comment.startswith(b":")
        assert len(comment) >= 2048
        assert event.strip().startswith(b"data: ")


@pytest.mark.parametrize("query", ["events=many", "lead=-1", "hold=10000001"])
def test_what_is_no_number_is_refused_in_one_line(origin: Served, query: str) -> None:
    with closing(H1(origin.port("h1-clear"))) as client:
        assert client.get(f"/drip?cell=c&tab=1&{query}").status_code == 400
        assert len(client.body().splitlines()) == 1
