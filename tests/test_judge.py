"""The judge, with observations made up for it: each kind of verdict, and each reason to doubt."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from lab.judge import Cause, Kind, Verdict, judge
from lab.ledger import AnyEvent, ConnectionNegotiated, ConnectionOpened, OriginFault, StreamOpened
from lab.observation import Arrival, BrowserLog, Held, Observation, Release, TabSeen
from lab.scenario import Cell, Claim

SETTLED = 1000.0


def seen(
    asked: int, live: int, *, protocol: str = "h1", limit: int = 6, alpn: str | None = None, **changes: Any
) -> Observation:
    """A consistent observation: `live` of `asked` tabs live, the rest waiting, and one came when one was released."""
    multiplexed = protocol == "h2"
    events: list[AnyEvent] = []
    for tab in range(1, live + 1):
        connection = 1 if multiplexed else tab
        if connection == tab:
            peer = f"127.0.0.1:{connection}"
            events.append(ConnectionOpened(at_ms=tab, connection=connection, door=protocol, peer=peer))
            spoken = alpn or ("h2" if multiplexed else "http/1.1")
            events.append(ConnectionNegotiated(at_ms=tab, connection=connection, protocol=spoken))
        http = "2" if multiplexed else "1.1"
        events.append(StreamOpened(at_ms=tab, stream=tab, connection=connection, cell="c", tab=tab, transport="sse", http=http))
    waiting = tuple(range(live + 1, asked + 1))
    release = Release(1, "page", SETTLED + 5, waiting, (Arrival(live + 1, 12.0, 99, False),)) if waiting else None
    tabs = tuple(TabSeen(tab, document=tab <= live, live=tab <= live) for tab in range(1, asked + 1))
    fields: dict[str, Any] = {
        "cell": Cell("s", "chromium", protocol, "sse", asked),
        "claim": Claim(limit, "somebody"),
        "tabs": tabs,
        "ledger": tuple(events),
        "settled_ms": SETTLED,
        "quiet_ms": 200.0,
        "controls": 2,
        "release": release,
        "streams_per_connection": 100,
    }
    return Observation(**{**fields, **changes})


def counts(verdict: Verdict) -> tuple[int | None, int | None, int | None, int | None]:
    return verdict.live, verdict.documents, verdict.connections, verdict.max_streams


def test_as_claimed() -> None:
    verdict = judge(seen(12, 6))
    assert (verdict.kind, verdict.cause) == (Kind.CONFIRMED, Cause.CONNECTIONS)
    assert counts(verdict) == (6, 6, 6, 1)
    assert "tab 7 reached the origin 12 ms later, on a new connection" in verdict.why
    assert [one.witness for one in verdict.witnesses] == ["pages", "ledger", "control", "release"]


@pytest.mark.parametrize("live", [0, 1, 5, 7, 9, 11])
def test_a_browser_that_does_otherwise_is_a_finding(live: int) -> None:
    verdict = judge(seen(12, live))
    assert verdict.kind == Kind.REFUTED
    assert f"The claim is 6 live at once; {live} of 12 were." in verdict.why
    assert verdict.cause == Cause.CONNECTIONS


def test_nothing_waited() -> None:
    verdict = judge(seen(12, 12, protocol="h2", limit=100))
    assert (verdict.kind, verdict.cause) == (Kind.CONFIRMED, Cause.NONE)
    assert counts(verdict) == (12, 12, 1, 12)
    assert "limit of 100 was not reached with 12" in verdict.why


@pytest.mark.parametrize(("limit", "cause"), [(12, Cause.ORIGIN_STREAMS), (100, Cause.BROWSER_STREAMS)])
def test_whose_limit_it_is_over_http2(limit: int, cause: Cause) -> None:
    assert judge(seen(20, 12, protocol="h2", limit=12, streams_per_connection=limit)).cause == cause


def test_pages_and_ledger_disagree() -> None:
    made = seen(12, 6)
    tabs = (*made.tabs[:6], TabSeen(7, document=True, live=True), *made.tabs[7:])
    verdict = judge(msgspec.structs.replace(made, tabs=tabs))
    assert (verdict.kind, verdict.cause) == (Kind.DISPUTED, None)
    assert "The pages say 7 tabs are live, the ledger says 6" in verdict.why
    assert "tabs [7]" in verdict.why


def test_as_many_but_not_the_same_tabs() -> None:
    made = seen(12, 6)
    tabs = (TabSeen(1, document=True, live=False), *made.tabs[1:6], TabSeen(7, document=True, live=True), *made.tabs[7:])
    assert judge(msgspec.structs.replace(made, tabs=tabs)).kind == Kind.DISPUTED


def log(*tabs: int, waits_for: str = "connections per host", limit: int | None = None) -> BrowserLog:
    return BrowserLog(tuple(Held(f"https://x/?tab={tab}", tab, waits_for, 1, limit) for tab in tabs))


def test_the_browsers_own_words_agree() -> None:
    verdict = judge(seen(12, 6, browser_log=log(7, 8, 9, 10, 11, 12)))
    assert (verdict.kind, verdict.cause) == (Kind.CONFIRMED, Cause.CONNECTIONS)
    [words] = [one for one in verdict.witnesses if one.witness == "network log"]
    assert (words.live, words.says) == (6, "The browser itself held back requests of 6 tabs, for connections per host.")


@pytest.mark.parametrize("held", [(), (7,), (7, 8, 9, 10, 11), (6, 7, 8, 9, 10, 11, 12), (1, 2, 3, 4, 5, 6)])
def test_the_browsers_own_words_disagree(held: tuple[int, ...]) -> None:
    verdict = judge(seen(12, 6, browser_log=log(*held)))
    assert (verdict.kind, verdict.cause) == (Kind.DISPUTED, None)
    assert "the browser's own network log says" in verdict.why


def test_held_back_though_every_page_is_live() -> None:
    assert judge(seen(12, 12, protocol="h2", limit=100, browser_log=log(12))).kind == Kind.DISPUTED


def test_the_browser_names_another_cause() -> None:
    verdict = judge(seen(12, 6, browser_log=log(7, 8, 9, 10, 11, 12, waits_for="sockets in total")))
    assert verdict.kind == Kind.DISPUTED
    assert "The counts point to connections per host, the browser's own network log to sockets in total" in verdict.why


@pytest.mark.parametrize(("limit", "cause"), [(12, Cause.ORIGIN_STREAMS), (100, None)])
def test_whose_limit_it_is_in_the_browsers_words(limit: int, cause: Cause | None) -> None:
    """The origin allows 12, twelve are live; a browser that names another number is not believed, nor are the counts."""
    own = log(*range(13, 21), waits_for="streams per connection", limit=limit)
    assert judge(seen(20, 12, protocol="h2", limit=12, streams_per_connection=12, browser_log=own)).cause == cause


def test_a_log_that_is_missing_leaves_the_others() -> None:
    verdict = judge(seen(12, 6, browser_log=BrowserLog(missing="it is empty")))
    assert verdict.kind == Kind.CONFIRMED
    assert "Not heard: it is empty." in [one.says for one in verdict.witnesses]


@pytest.mark.parametrize(
    ("release", "why"),
    [
        (None, "no waiting one could be tried"),
        (Release(1, "page", 1005, (7,), ()), "none came when a place was freed"),
        (Release(1, "page", 1005, (7, 8), (Arrival(7, 1, 1, True), Arrival(8, 2, 1, True))), "One place was freed and 2"),
    ],
)
def test_waiting_without_proof(release: Release | None, why: str) -> None:
    verdict = judge(seen(12, 6, release=release))
    assert verdict.kind == Kind.DISPUTED
    assert why in verdict.why


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"faults": ("the browser failed",)}, "the browser failed"),
        ({"settled_ms": None}, "before it was settled"),
        ({"ledger": (OriginFault(at_ms=1, where="connection 3", error="KeyError: 1"),)}, "failed at connection 3: KeyError"),
        ({"tabs": (TabSeen(1, document=False, live=False, errors=("ERR_CERT",)),)}, "tab 1 failed to load"),
    ],
)
def test_the_instruments_own_faults_are_kept_apart(changes: dict[str, Any], why: str) -> None:
    verdict = judge(seen(12, 6, **changes))
    assert verdict.kind == Kind.HARNESS_FAULT
    assert why in verdict.why
    assert verdict.live is None


def test_unsupported() -> None:
    verdict = judge(seen(12, 6, missing="Firefox did not start."))
    assert (verdict.kind, verdict.why, verdict.live) == (Kind.UNSUPPORTED, "Firefox did not start.", None)


def test_another_protocol_than_the_doors_is_not_measured() -> None:
    verdict = judge(seen(12, 12, protocol="h2", alpn="http/1.1"))
    assert verdict.kind == Kind.UNSUPPORTED
    assert "offered h2 and negotiated http/1.1" in verdict.why


def test_the_same_observation_gives_the_same_verdict() -> None:
    assert judge(seen(12, 6)) == judge(seen(12, 6))
