"""The judge, with observations made up for it: each kind of verdict, and each reason to doubt."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from lab.judge import judge
from lab.model.browsers import BrowserLog, HeldRequest
from lab.model.cell import Cell
from lab.model.claims import Claim
from lab.model.ledger import AnyEvent, ConnectionNegotiated, ConnectionOpened, OriginFault, StreamOpened
from lab.model.observation import Arrival, ClientSeen, Observation, Release
from lab.model.pools import SideSeen
from lab.model.starvation import ProbeSeen
from lab.model.verdict import Kind, Limit, Verdict

SETTLED = 1000.0


def seen(
    asked: int, live: int, *, protocol: str = "h1", limit: int = 6, alpn: str | None = None, **changes: Any
) -> Observation:
    """A consistent observation: `live` of `asked` tabs live, the rest waiting, and one came when one was released."""
    multiplexed = protocol == "h2"
    cell = Cell("s", "chromium", protocol, "sse", asked)
    events: list[AnyEvent] = []
    for tab in range(1, live + 1):
        connection = 1 if multiplexed else tab
        if connection == tab:
            peer = f"127.0.0.1:{connection}"
            events.append(ConnectionOpened(at_ms=tab, connection=connection, door=protocol, peer=peer))
            spoken = alpn or ("h2" if multiplexed else "http/1.1")
            events.append(ConnectionNegotiated(at_ms=tab, connection=connection, protocol=spoken))
        http = "2" if multiplexed else "1.1"
        whose: dict[str, Any] = {"cell": cell.name, "tab": tab, "transport": "sse"}
        events.append(StreamOpened(at_ms=tab, stream=tab, connection=connection, http=http, **whose))
    waiting = tuple(range(live + 1, asked + 1))
    releases = (Release(1, "page", SETTLED + 5, waiting, (Arrival(live + 1, 12.0, 99, False),), live),) if waiting else ()
    tabs = tuple(ClientSeen(tab, document=tab <= live, live=tab <= live) for tab in range(1, asked + 1))
    fields: dict[str, Any] = {
        "cell": cell,
        "claim": Claim(limit, "somebody"),
        "tabs": tabs,
        "ledger": tuple(events),
        "settled_ms": SETTLED,
        "quiet_ms": 200.0,
        "controls": 2,
        "releases": releases,
        "streams_per_connection": 100,
    }
    return Observation(**{**fields, **changes})


def counts(verdict: Verdict) -> tuple[int | None, int | None, int | None, int | None]:
    return verdict.live, verdict.documents, verdict.connections, verdict.max_streams


def test_as_claimed() -> None:
    verdict = judge(seen(12, 6))
    assert (verdict.kind, verdict.cause) == (Kind.CONFIRMED, Limit.CONNECTIONS)
    assert counts(verdict) == (6, 6, 6, 1)
    assert "number 7 reached the origin 12 ms later, on a new connection" in verdict.why
    assert [one.witness for one in verdict.witnesses] == ["pages", "ledger", "control", "release"]


@pytest.mark.parametrize("live", [0, 1, 5, 7, 9, 11])
def test_a_browser_that_does_otherwise_is_a_finding(live: int) -> None:
    verdict = judge(seen(12, live))
    assert verdict.kind == Kind.REFUTED
    assert f"The claim is 6 live at once; {live} of 12 tabs were." in verdict.why
    assert verdict.cause == Limit.CONNECTIONS


def test_nothing_waited() -> None:
    verdict = judge(seen(12, 12, protocol="h2", limit=100))
    assert (verdict.kind, verdict.cause) == (Kind.CONFIRMED, Limit.NONE)
    assert counts(verdict) == (12, 12, 1, 12)
    assert "limit of 100 was not reached with 12" in verdict.why


@pytest.mark.parametrize(("limit", "cause"), [(12, Limit.ORIGIN_STREAMS), (100, Limit.BROWSER_STREAMS)])
def test_whose_limit_it_is_over_http2(limit: int, cause: Limit) -> None:
    assert judge(seen(20, 12, protocol="h2", limit=12, streams_per_connection=limit)).cause == cause


def test_pages_and_ledger_disagree() -> None:
    made = seen(12, 6)
    tabs = (*made.tabs[:6], ClientSeen(7, document=True, live=True), *made.tabs[7:])
    verdict = judge(msgspec.structs.replace(made, tabs=tabs))
    assert (verdict.kind, verdict.cause) == (Kind.DISPUTED, None)
    assert "The pages say 7 are live, the ledger says 6" in verdict.why
    assert "only the page says so of [7]" in verdict.why


def test_as_many_but_not_the_same_tabs() -> None:
    made = seen(12, 6)
    tabs = (ClientSeen(1, document=True, live=False), *made.tabs[1:6], ClientSeen(7, document=True, live=True), *made.tabs[7:])
    assert judge(msgspec.structs.replace(made, tabs=tabs)).kind == Kind.DISPUTED


def log(*tabs: int, waits_for: str = "connections per host", limit: int | None = None) -> BrowserLog:
    return BrowserLog(tuple(HeldRequest(f"https://x/?tab={tab}", tab, waits_for, 1, limit) for tab in tabs))


def test_the_browsers_own_words_agree() -> None:
    verdict = judge(seen(12, 6, browser_log=log(7, 8, 9, 10, 11, 12)))
    assert (verdict.kind, verdict.cause) == (Kind.CONFIRMED, Limit.CONNECTIONS)
    [words] = [one for one in verdict.witnesses if one.witness == "network log"]
    assert (words.live, words.says) == (6, "The browser itself held back requests of 6, for connections per host.")


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


@pytest.mark.parametrize(("limit", "cause"), [(12, Limit.ORIGIN_STREAMS), (100, None)])
def test_whose_limit_it_is_in_the_browsers_words(limit: int, cause: Limit | None) -> None:
    """The origin allows 12, twelve are live; a browser that names another number is not believed, nor are the counts."""
    own = log(*range(13, 21), waits_for="streams per connection", limit=limit)
    assert judge(seen(20, 12, protocol="h2", limit=12, streams_per_connection=12, browser_log=own)).cause == cause


def test_a_log_that_is_missing_leaves_the_others() -> None:
    verdict = judge(seen(12, 6, browser_log=BrowserLog(missing="it is empty")))
    assert verdict.kind == Kind.CONFIRMED
    assert "Not heard: it is empty." in [one.says for one in verdict.witnesses]


CAME = Arrival(7, 1, 1, True)


@pytest.mark.parametrize(
    ("releases", "why"),
    [
        ((), "no waiting one could be tried"),
        ((Release(1, "page", 1005, (7,), (), 5),), "none came when a place was freed"),
        ((Release(1, "page", 1005, (7, 8), (CAME, Arrival(8, 2, 1, True)), 7),), "once a place was freed, 7 were"),
        ((Release(1, "page", 1005, (7, 8), (CAME,), 6), Release(2, "tab", 1009, (8,), (), 5)), "none came when a place was"),
    ],
)
def test_waiting_without_proof(releases: tuple[Release, ...], why: str) -> None:
    verdict = judge(seen(12, 6, releases=releases))
    assert verdict.kind == Kind.DISPUTED
    assert why in verdict.why


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"faults": ("the browser failed",)}, "the browser failed"),
        ({"settled_ms": None}, "before it was settled"),
        ({"ledger": (OriginFault(at_ms=1, where="connection 3", error="KeyError: 1"),)}, "failed at connection 3: KeyError"),
        ({"tabs": (ClientSeen(1, document=False, live=False, errors=("ERR_CERT",)),)}, "tab 1 failed to load"),
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


def test_a_later_release_may_bring_none_when_the_browser_says_that_it_still_holds_them() -> None:
    """As in Firefox: nine tabs' navigations were let past its limit of six, and then one tab's stream must wait for five."""
    held = HeldRequest("https://x/?tab=8", 8, "connections per host", 1, note="8 connections counted, against a limit of 6")
    releases = (Release(1, "page", 1005, (7, 8), (CAME,), 6), Release(2, "tab", 1009, (8,), (), 5, (held,)))
    verdict = judge(seen(12, 6, releases=releases))
    assert (verdict.kind, verdict.cause) == (Kind.CONFIRMED, Limit.CONNECTIONS)
    [words] = [one.says for one in verdict.witnesses if one.witness == "release"]
    assert "no waiting one came: the browser still held back [8] (8 connections counted, against a limit of 6)." in words


def test_who_takes_turns_at_one_place_is_no_more_than_before() -> None:
    """A long poll is answered and asked again: after a release several come, one after the other."""
    release = Release(1, "page", 1005, (7, 8), (CAME, Arrival(8, 2, 1, True)), 6)
    assert judge(seen(12, 6, releases=(release,))).kind == Kind.CONFIRMED


def test_the_order_of_those_who_came() -> None:
    two = tuple(Release(tab, "page", 1005, (7, 8), (Arrival(came, 1, 1, True),), 6) for tab, came in ((1, 8), (2, 7)))
    [words] = [one.says for one in judge(seen(12, 6, releases=two)).witnesses if one.witness == "release"]
    assert words.endswith("They came as 8, 7: not in the order of their opening.")


def test_who_was_refused_did_not_wait() -> None:
    refused = tuple(ClientSeen(tab, document=True, live=False, failed="closed with code 1006") for tab in range(7, 13))
    streams = seen(12, 6, browser_log=log())
    streams = msgspec.structs.replace(streams, tabs=(*streams.tabs[:6], *refused))
    other = judge(streams)
    assert other.kind == Kind.DISPUTED
    assert "6 failed instead of waiting: closed with code 1006." in other.why
    verdict = judge(with_cell(streams, transport="websocket"))
    assert (verdict.kind, verdict.cause, verdict.live) == (Kind.CONFIRMED, Limit.WEBSOCKETS, 6)
    assert "The other 6 had failed at once" in verdict.why


def with_cell(made: Observation, **changes: Any) -> Observation:
    cell = msgspec.structs.replace(made.cell, **changes)
    events = tuple(
        msgspec.structs.replace(event, cell=cell.name) if isinstance(event, StreamOpened) else event for event in made.ledger
    )
    return msgspec.structs.replace(made, cell=cell, ledger=events)


def test_sockets_in_total_count_the_labs_own() -> None:
    """Eight are claimed: seven streams to seven hosts, and the control tab's."""
    control: tuple[AnyEvent, ...] = (
        ConnectionOpened(at_ms=1, connection=99, door="control", peer="127.0.0.1:99"),
        StreamOpened(at_ms=2, stream=99, connection=99, cell="control", tab=1, transport="sse", http="1.1"),
        ConnectionOpened(at_ms=1, connection=98, door="control", peer="127.0.0.1:98"),
    )
    made = with_cell(seen(12, 7, limit=8), opened="hosts")
    verdict = judge(msgspec.structs.replace(made, ledger=(*control, *made.ledger)))
    assert (verdict.kind, verdict.cause, verdict.live) == (Kind.CONFIRMED, Limit.SOCKETS, 7)
    assert "and 1 connection of the lab's own" in verdict.why


@pytest.mark.parametrize(("waits_for", "kind"), [("sockets in total", Kind.CONFIRMED), ("connections per host", Kind.DISPUTED)])
def test_a_soft_limit_in_total_is_known_by_the_browsers_own_words(waits_for: str, kind: Kind) -> None:
    own = log(*range(8, 13), waits_for=waits_for)
    made = with_cell(seen(12, 7, limit=7, browser_log=own, releases=(Release(1, "page", 1005, (8,), (), 6),)), opened="hosts")
    assert judge(made).kind == kind


@pytest.mark.parametrize(
    ("limit", "setting", "kind"),
    [(None, 12, Kind.CONFIRMED), (256, 12, Kind.CONFIRMED), (8, 12, Kind.REFUTED), (None, 14, Kind.REFUTED)],
)
def test_over_http2_nobody_is_expected_to_pass_the_origins_setting(limit: int | None, setting: int, kind: Kind) -> None:
    verdict = judge(seen(20, 12, protocol="h2", claim=Claim(limit, "somebody"), streams_per_connection=setting))
    assert verdict.kind == kind


@pytest.mark.parametrize(
    ("second", "answer", "kind"),
    [(0, "shared", Kind.REFUTED), (6, "separate", Kind.CONFIRMED), (3, "partly shared", Kind.REFUTED)],
)
def test_pools(second: int, answer: str, kind: Kind) -> None:
    """Six are live of the first side; the second asked for ten."""
    made = seen(16, 6 + second, claim=Claim(None, "somebody", "separate"))
    sides = (SideSeen("https://a", 1, 6), SideSeen("https://b", 7, 10))
    verdict = judge(msgspec.structs.replace(made, sides=sides))
    assert (verdict.kind, verdict.answer) == (kind, answer)
    assert f"with 6 live of https://a, {second} more went live of https://b" in verdict.why


def probes(**outcomes: str) -> tuple[ProbeSeen, ...]:
    times = {"passed": {"took_ms": 5.0}, "waited": {"after_release_ms": 7.0}, "failed": {"note": "blocked"}}
    return tuple(
        ProbeSeen(kind, "same-origin", outcome, arrived_ms=1.0, **times[outcome]) for kind, outcome in outcomes.items()
    )  # type: ignore[arg-type]


def test_starvation() -> None:
    claim = Claim(None, "somebody", "websocket")
    tried = probes(image="waited", websocket="passed", beacon="failed")
    verdict = judge(seen(6, 6, claim=claim, probes=tried))
    assert (verdict.kind, verdict.answer) == (Kind.CONFIRMED, "websocket")
    assert "1 waited until a stream ended, and then came within 7 ms. Failed: beacon." in verdict.why
    assert judge(seen(6, 6, claim=claim, probes=probes(image="passed", websocket="passed"))).answer == "everything"
    lost = (ProbeSeen("image", "same-origin", "waited", note="it did not come"),)
    assert judge(seen(6, 6, claim=claim, probes=lost)).kind == Kind.DISPUTED
