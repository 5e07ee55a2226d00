"""Limits before the judge: each kind of verdict, and each reason to doubt."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from lab.judge import judge
from lab.model.browsers import BrowserLog, HeldRequest
from lab.model.claims import Answer, AtMost, Claim, Unlimited
from lab.model.ledger import AnyEvent, ConnectionOpened, OriginFault, StreamOpened
from lab.model.observation import Arrival, ClientSeen, Release
from lab.model.verdict import Doubt, Kind, Limit, Verdict
from tests.judge.made import log, said, seen


def counts(verdict: Verdict) -> tuple[int | None, int | None, int | None, int | None]:
    return verdict.live, verdict.documents, verdict.connections, verdict.max_streams


def test_as_claimed() -> None:
    verdict = judge(seen(12, 6))
    assert (verdict.kind, verdict.cause) == (Kind.CONFIRMED, Limit.CONNECTIONS)
    assert counts(verdict) == (6, 6, 6, 1)
    assert "client 7 reached the origin 12 ms later, on a new connection" in verdict.why
    assert [one.witness for one in verdict.witnesses] == ["pages", "ledger", "control", "network log", "release"]


@pytest.mark.parametrize("live", [0, 1, 5, 7, 9, 11])
def test_a_browser_that_differs_is_a_finding(live: int) -> None:
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
    assert judge(seen(20, 12, protocol="h2", limit=12, streams=limit)).cause == cause


def test_pages_and_ledger_disagree() -> None:
    made = seen(12, 6)
    tabs = (*made.clients[:6], ClientSeen(7, document=True, live=True), *made.clients[7:])
    verdict = judge(msgspec.structs.replace(made, clients=tabs))
    assert (verdict.kind, verdict.cause) == (Kind.DISPUTED, None)
    assert "The pages say 7 are live, the ledger says 6" in verdict.why
    assert "only the page says so of [7]" in verdict.why


def test_as_many_but_not_the_same_tabs() -> None:
    made = seen(12, 6)
    tabs = (
        ClientSeen(1, document=True, live=False),
        *made.clients[1:6],
        ClientSeen(7, document=True, live=True),
        *made.clients[7:],
    )
    assert judge(msgspec.structs.replace(made, clients=tabs)).kind == Kind.DISPUTED


def test_the_browsers_own_words_agree() -> None:
    verdict = judge(seen(12, 6, browser_log=log(7, 8, 9, 10, 11, 12)))
    assert (verdict.kind, verdict.cause) == (Kind.CONFIRMED, Limit.CONNECTIONS)
    [words] = [one for one in verdict.witnesses if one.witness == "network log"]
    assert (words.live, words.says) == (6, "The browser held back requests of 6 clients, for connections per host.")


@pytest.mark.parametrize("held", [(), (7,), (7, 8, 9, 10, 11), (6, 7, 8, 9, 10, 11, 12), (1, 2, 3, 4, 5, 6)])
def test_the_browsers_own_words_disagree(held: tuple[int, ...]) -> None:
    verdict = judge(seen(12, 6, browser_log=log(*held)))
    assert (verdict.kind, verdict.cause) == (Kind.DISPUTED, None)
    assert "the browser's own network log says" in verdict.why


def test_held_back_though_every_page_is_live() -> None:
    assert judge(seen(12, 12, protocol="h2", limit=100, browser_log=log(12))).kind == Kind.DISPUTED


def test_the_browser_names_another_cause() -> None:
    verdict = judge(seen(12, 6, browser_log=log(7, 8, 9, 10, 11, 12, waits_for=Limit.SOCKETS)))
    assert verdict.kind == Kind.DISPUTED
    assert "The counts point to connections per host, the browser's own network log to sockets in total" in verdict.why


@pytest.mark.parametrize(("limit", "cause"), [(12, Limit.ORIGIN_STREAMS), (100, None)])
def test_whose_limit_it_is_in_the_browsers_words(limit: int, cause: Limit | None) -> None:
    """The origin allows 12, twelve are live; a browser that names another number is not believed, nor are the counts."""
    own = log(*range(13, 21), waits_for=Limit.STREAMS, limit=limit)
    assert judge(seen(20, 12, protocol="h2", limit=12, streams=12, browser_log=own)).cause == cause


def test_a_log_that_is_missing_leaves_the_others() -> None:
    verdict = judge(seen(12, 6, browser_log=BrowserLog(missing="it is empty")))
    assert verdict.kind == Kind.CONFIRMED
    assert said(verdict, "network log") == "Unavailable: it is empty."


CAME = Arrival(7, 1, 1, True)


@pytest.mark.parametrize(
    ("releases", "why"),
    [
        ((), "no place could be freed"),
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
        (
            {"clients": (ClientSeen(1, document=False, live=False, errors=("ERR_CERT",)),)},
            "the page of client 1 failed to load",
        ),
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
    held = HeldRequest("https://x/?tab=8", 8, Limit.CONNECTIONS, 1, note="8 connections counted, against a limit of 6")
    releases = (Release(1, "page", 1005, (7, 8), (CAME,), 6), Release(2, "tab", 1009, (8,), (), 5, (held,)))
    verdict = judge(seen(12, 6, releases=releases))
    assert (verdict.kind, verdict.cause) == (Kind.CONFIRMED, Limit.CONNECTIONS)
    [words] = [one.says for one in verdict.witnesses if one.witness == "release"]
    assert "no waiting client came: the browser still held back [8] (8 connections counted, against a limit of 6)." in words


def test_clients_that_take_turns_at_one_place_are_no_more_than_before() -> None:
    """A long poll is answered and asked again: after a release several come, one after the other."""
    release = Release(1, "page", 1005, (7, 8), (CAME, Arrival(8, 2, 1, True)), 6)
    assert judge(seen(12, 6, releases=(release,))).kind == Kind.CONFIRMED


def test_the_order_in_which_clients_came() -> None:
    two = tuple(Release(tab, "page", 1005, (7, 8), (Arrival(came, 1, 1, True),), 6) for tab, came in ((1, 8), (2, 7)))
    [words] = [one.says for one in judge(seen(12, 6, releases=two)).witnesses if one.witness == "release"]
    assert words.endswith("They came as 8, 7: not in the order of their opening.")


@pytest.mark.parametrize(
    ("transport", "kind", "cause", "why"),
    [
        ("sse", Kind.DISPUTED, None, "6 clients failed instead of waiting: closed with code 1006."),
        ("websocket", Kind.CONFIRMED, Limit.WEBSOCKETS, "The other 6 had failed at once"),
    ],
)
def test_a_client_that_was_refused_did_not_wait(transport: str, kind: Kind, cause: Limit | None, why: str) -> None:
    refused = tuple(ClientSeen(tab, document=True, live=False, failed="closed with code 1006") for tab in range(7, 13))
    streams = seen(12, 6, browser_log=log(), transport=transport)
    streams = msgspec.structs.replace(streams, clients=(*streams.clients[:6], *refused))
    verdict = judge(streams)
    assert (verdict.kind, verdict.cause, verdict.live) == (kind, cause, 6)
    assert why in verdict.why


def test_sockets_in_total_count_the_labs_own() -> None:
    """Eight are claimed: seven streams to seven hosts, and the control tab's."""
    control: tuple[AnyEvent, ...] = (
        ConnectionOpened(at_ms=1, connection=99, door="control", peer="127.0.0.1:99"),
        StreamOpened(at_ms=2, stream=99, connection=99, cell="control", tab=1, transport="sse", http="1.1"),
        ConnectionOpened(at_ms=1, connection=98, door="control", peer="127.0.0.1:98"),
    )
    made = seen(12, 7, limit=8, opening="hosts")
    verdict = judge(msgspec.structs.replace(made, ledger=(*control, *(made.ledger or ()))))
    assert (verdict.kind, verdict.cause, verdict.live) == (Kind.CONFIRMED, Limit.SOCKETS, 7)
    assert "and 1 connection of the lab's own" in verdict.why


@pytest.mark.parametrize(("waits_for", "kind"), [(Limit.SOCKETS, Kind.CONFIRMED), (Limit.CONNECTIONS, Kind.DISPUTED)])
def test_a_soft_limit_in_total_is_known_by_the_browsers_own_words(waits_for: Limit, kind: Kind) -> None:
    own = log(*range(8, 13), waits_for=waits_for)
    releases = (Release(1, "page", 1005, (8,), (), 6),)
    made = seen(12, 7, limit=7, browser_log=own, releases=releases, opening="hosts")
    assert judge(made).kind == kind


@pytest.mark.parametrize(
    ("claim", "setting", "kind"),
    [
        (Unlimited(source="somebody"), 12, Kind.CONFIRMED),
        (AtMost(limit=256, source="somebody"), 12, Kind.CONFIRMED),
        (AtMost(limit=8, source="somebody"), 12, Kind.REFUTED),
        (Unlimited(source="somebody"), 14, Kind.REFUTED),
    ],
)
def test_over_http2_nobody_is_expected_to_pass_the_origins_setting(claim: Claim, setting: int, kind: Kind) -> None:
    verdict = judge(seen(20, 12, protocol="h2", claim=claim, streams=setting))
    assert verdict.kind == kind


def test_without_a_limit_all_should_be_live() -> None:
    verdict = judge(seen(12, 6, claim=Unlimited(source="somebody")))
    assert verdict.kind == Kind.REFUTED
    assert "The claim is all live at once; 6 of 12 tabs were." in verdict.why


@pytest.mark.parametrize(
    ("logged", "protocol", "live", "kind"),
    [
        (Limit.STREAMS, "h2", 12, Kind.CONFIRMED),
        (Limit.ORIGIN_STREAMS, "h2", 12, Kind.CONFIRMED),
        (Limit.BROWSER_STREAMS, "h2", 12, Kind.DISPUTED),
        (Limit.CONNECTIONS, "h2", 12, Kind.DISPUTED),
        (Limit.STREAMS, "h1", 6, Kind.DISPUTED),
    ],
)
def test_a_log_need_not_tell_whose_limit_on_streams_it_is(logged: Limit, protocol: str, live: int, kind: Kind) -> None:
    own = log(*range(live + 1, 21), waits_for=logged)
    assert judge(seen(20, live, protocol=protocol, limit=live, streams=12, browser_log=own)).kind == kind


@pytest.mark.parametrize("opening", ["page", "hosts"])
def test_clients_that_share_a_page_have_no_documents_to_count(opening: str) -> None:
    """The sample said "554 documents had loaded" of a single page."""
    clients = tuple(ClientSeen(tab, document=True, live=tab <= 6) for tab in range(1, 13))
    verdict = judge(seen(12, 6, opening=opening, clients=clients))
    assert verdict.documents is None
    assert said(verdict, "pages") == "6 of 12 received updates when asked; their page had loaded."


def test_a_shared_page_that_had_not_loaded() -> None:
    verdict = judge(seen(12, 6, opening="page"))
    assert said(verdict, "pages") == "6 of 12 received updates when asked; the page of 6 of them had not loaded."


@pytest.mark.parametrize("opening", ["tabs", "cross-tabs", "frames"])
def test_clients_with_a_document_each_have_them_counted(opening: str) -> None:
    verdict = judge(seen(12, 6, opening=opening))
    assert verdict.documents == 6
    words = "6 of 12 received updates when asked; 6 documents had loaded, 6 navigations were still waiting."
    assert said(verdict, "pages") == words


def test_a_precondition_that_was_not_met_is_inconclusive() -> None:
    verdict = judge(seen(12, 6, unmet="no limit was met up to 4: raise --tabs", settled_ms=None))
    assert (verdict.kind, verdict.doubt, verdict.live) == (Kind.INCONCLUSIVE, Doubt.PRECONDITION, None)
    assert verdict.why == "no limit was met up to 4: raise --tabs"


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({"missing": "no engine", "faults": ("x",), "unmet": "y"}, Kind.UNSUPPORTED),
        ({"faults": ("x",), "unmet": "y"}, Kind.HARNESS_FAULT),
        ({"too_busy": "x", "settled_ms": None}, Kind.INCONCLUSIVE),
        ({"too_busy": "x", "missing": "no engine"}, Kind.UNSUPPORTED),
        ({"too_busy": "x", "ledger": (OriginFault(at_ms=1, where="door h1", error="OSError"),)}, Kind.HARNESS_FAULT),
        ({"unmet": "y", "settled_ms": None}, Kind.INCONCLUSIVE),
        ({"settled_ms": None}, Kind.HARNESS_FAULT),
    ],
)
def test_what_keeps_a_cell_from_being_judged_the_weightiest_first(changes: dict[str, Any], kind: Kind) -> None:
    assert judge(seen(12, 6, **changes)).kind == kind


def test_a_claim_of_another_kind_is_no_claim_here() -> None:
    verdict = judge(seen(12, 6, claim=Answer(answer="shared", source="somebody")))
    assert (verdict.kind, verdict.doubt) == (Kind.INCONCLUSIVE, Doubt.PRECONDITION)
    assert verdict.live == 6
    assert verdict.why.startswith("The claim is about another question (Shared.).")
