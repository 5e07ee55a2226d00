"""Real logs, recorded and cut down by tests/probe/explain/recording.py: tabs of one page, each with an event stream, until
three more wait; then one is closed."""

from __future__ import annotations

import asyncio
import itertools
import re
from pathlib import Path

import pytest

from lab.model.verdict import Limit
from lab.probe.explain import explain
from lab.probe.explain.as_json import as_json
from lab.probe.explain.explanation import Explanation
from lab.probe.explain.history import Kind, Outcome
from tests.probe.explain.recording import FOLDER, LOGS, STREAMS, WAITING, record

LIVE = {
    "chromium-h1.netlog.json": 6,
    "chromium-h2.netlog.json": STREAMS,
    "chromium-pool-h1.netlog.json": 6,
    "firefox-h1.moz_log": 9,
    "firefox-h2.moz_log": STREAMS,
}
"""How many tabs were live when it was recorded, as the recording said."""


def told(one: Explanation, live: int, protocol: str) -> None:
    """What a log of such a run must say."""
    limit = Limit.CONNECTIONS if protocol == "h1" else Limit.STREAMS
    [queue] = one.queues
    assert (queue.limit, queue.protocol, queue.held) == (limit, protocol, live)
    assert [(group.kind, group.count) for group in queue.holding] == [(Kind.EVENTS, live)]
    pages = [each for each in queue.waits if each.request.kind == Kind.PAGE]
    assert len(pages) == WAITING
    assert all(each.ms > 0 and each.wait.held == live for each in pages)
    served = [each for each in pages if each.wait.outcome == Outcome.SERVED]
    assert served, "one of them got the place of the tab that was closed"
    first = min(served, key=lambda each: each.wait.until_ms or 0.0)
    assert first.wait.released_by == min(number for each in pages for number in each.wait.holders)
    host = one.history.hosts[0]
    assert (host.protocols, host.most_at_once) == ((protocol,), live)
    assert host.host == queue.host


@pytest.mark.parametrize("name", LOGS)
def test_what_a_recorded_log_says(name: str) -> None:
    one = explain(FOLDER / name)
    told(one, LIVE[name], LOGS[name][1])
    assert one.history.browser in ("Chromium 156.0.8078.79", "Firefox 153.0")
    assert one.history.notes == ()


def test_waits_of_the_new_pool_are_derived() -> None:
    [old], [new] = (explain(FOLDER / f"chromium-{name}h1.netlog.json").queues for name in ("", "pool-"))
    assert not old.derived
    assert new.derived
    assert all(each.wait.derived for each in new.waits)


def test_an_idle_connection_is_not_held() -> None:
    """The new pool does not log when a socket is given back; the end of its request tells."""
    requests = explain(FOLDER / "chromium-pool-h1.netlog.json").history.requests
    shared = [(one, two) for one, two in itertools.pairwise(requests) if one.connection and one.connection == two.connection]
    page, stream = next((one, two) for one, two in shared if two.kind == Kind.EVENTS)
    assert page.ended_ms is not None
    assert page.ended_ms < stream.began_ms


def test_the_limit_where_the_log_has_it() -> None:
    most = {name: explain(FOLDER / name).queues[0].most for name in LOGS}
    assert most == {
        "chromium-h1.netlog.json": None,
        "chromium-h2.netlog.json": STREAMS,
        "chromium-pool-h1.netlog.json": None,
        "firefox-h1.moz_log": 6,
        "firefox-h2.moz_log": None,
    }


@pytest.mark.parametrize(("engine", "protocol"), [("chromium", "h1"), ("firefox", "h2")])
def test_a_browser_of_today(engine: str, protocol: str, leaf: Path, tmp_path: Path) -> None:
    """The browser that is installed here, from its start to its end: its whole log says what happened."""
    found = asyncio.run(record(engine, protocol, leaf, tmp_path))
    told(explain(found.log), found.live, protocol)


def test_a_user_name_in_a_connections_key_is_left_out(tmp_path: Path) -> None:
    raw = (FOLDER / "firefox-h1.moz_log").read_bytes()
    changed = re.sub(rb"(127\.0\.0\.1:\d+)\^", rb"\1[alice]^", raw)
    assert changed != raw
    (tmp_path / "log").write_bytes(changed)
    told = as_json(explain(tmp_path / "log"))
    assert "alice" not in told
    assert told.count('"limit": "connections"') == as_json(explain(FOLDER / "firefox-h1.moz_log")).count(
        '"limit": "connections"'
    )


def test_to_a_proxy_a_request_names_the_whole_address(tmp_path: Path) -> None:
    raw = (FOLDER / "firefox-h1.moz_log").read_bytes()
    (tmp_path / "log").write_bytes(raw.replace(b"  GET /", b"  GET http://app.test/"))
    assert explain(tmp_path / "log").queues[0].host == "http://app.test"
