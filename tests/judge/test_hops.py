"""Hops: who holds the others back behind a proxy, and what the front says against the cell."""

from __future__ import annotations

from typing import Any

import msgspec

from lab.judge import judge
from lab.model.claims import AtMost
from lab.model.hops import FrontConnection, HopsSeen, LeavingSeen, ProxySeen, ReloadSeen, WebSocketSeen
from lab.model.observation import Observation
from lab.model.verdict import Kind, Limit
from tests.judge.made import SETTLED, log, said, seen

PROXY = ProxySeen(
    name="nginx", variant="nginx", version="1.31.3", found="on PATH", line="", behind="h1-clear", configuration="daemon off;"
)


def front(count: int, **changes: Any) -> tuple[FrontConnection, ...]:
    return tuple(FrontConnection(connection=n, door="h1", opened_ms=1.0, **changes) for n in range(1, count + 1))


def observed(opened: int, live: int, *, hops: HopsSeen | None = None, **changes: Any) -> Observation:
    """Tabs behind a proxy. Over HTTP/2 in front it is HTTP/1.1 behind: a connection for each stream."""
    protocol = changes.pop("protocol", "h1")
    made = seen(opened, live, question="hops", route="nginx", **changes)
    cell = msgspec.structs.replace(made.cell, protocol=protocol)
    renamed = tuple(msgspec.structs.replace(one, cell=cell.name) if hasattr(one, "cell") else one for one in made.ledger or ())
    many = 1 if protocol == "h2" else live
    return msgspec.structs.replace(
        made, cell=cell, ledger=renamed, proxy=PROXY, hops=hops or HopsSeen(front=front(many), negotiated=None)
    )


def test_over_http_1_the_browser_holds_the_others() -> None:
    verdict = judge(observed(12, 6, browser_log=log(*range(7, 13))))
    assert (verdict.kind, verdict.live, verdict.cause) == (Kind.CONFIRMED, 6, Limit.CONNECTIONS)


def test_requests_that_the_browser_does_not_hold_are_held_by_the_proxy() -> None:
    """It has connections for all of them, or one for all: they are on their way."""
    claim = AtMost(limit=5, source="its documentation")
    whole = judge(observed(12, 5, browser_log=log(), claim=claim, protocol="h2"))
    assert (whole.kind, whole.cause) == (Kind.CONFIRMED, Limit.PROXY)
    partly = judge(observed(12, 5, browser_log=log(*range(7, 13)), claim=claim))
    assert (partly.kind, partly.cause) == (Kind.CONFIRMED, Limit.PROXY), "one of the browser's six connections waits too"


def test_the_same_without_a_proxy_is_disputed() -> None:
    made = msgspec.structs.replace(observed(12, 6, browser_log=log()), proxy=None, hops=None)
    assert judge(made).kind == Kind.DISPUTED


def test_the_proxys_own_number_of_streams_is_told_from_the_browsers() -> None:
    claim = AtMost(limit=6, source="its documentation")
    own = HopsSeen(front=front(1), announced=6)
    more = HopsSeen(front=front(1), announced=100)
    held = log(*range(7, 13), waits_for=Limit.STREAMS)
    assert judge(observed(12, 6, hops=own, claim=claim, protocol="h2", browser_log=held)).cause is Limit.PROXY_STREAMS
    assert judge(observed(12, 6, hops=more, claim=claim, protocol="h2", browser_log=held)).cause is Limit.BROWSER_STREAMS
    numbered = log(*range(7, 13), waits_for=Limit.STREAMS, limit=6)
    verdict = judge(observed(12, 6, hops=own, claim=claim, protocol="h2", browser_log=numbered))
    assert (verdict.kind, verdict.cause) == (Kind.CONFIRMED, Limit.PROXY_STREAMS)


def test_a_log_that_names_the_browsers_limit_disputes_the_proxys() -> None:
    claim = AtMost(limit=6, source="its documentation")
    held = log(*range(7, 13), waits_for=Limit.CONNECTIONS)
    made = observed(12, 6, hops=HopsSeen(front=front(1), announced=6), claim=claim, protocol="h2", browser_log=held)
    assert judge(made).kind == Kind.DISPUTED


def test_fewer_connections_in_front_than_live_tabs_is_disputed() -> None:
    verdict = judge(observed(12, 6, hops=HopsSeen(front=front(5)), browser_log=log(*range(7, 13))))
    assert (verdict.kind, verdict.why[:21]) == (Kind.DISPUTED, "6 clients are live, a")
    closed = HopsSeen(front=(*front(5), *front(1, closed_ms=SETTLED - 1)))
    assert judge(observed(12, 6, hops=closed, browser_log=log(*range(7, 13)))).kind == Kind.DISPUTED


def test_a_page_that_came_by_another_protocol_is_disputed() -> None:
    made = observed(6, 6, hops=HopsSeen(front=front(6), negotiated="h2"))
    assert judge(made).why == "The page came by h2, though the front offers http/1.1."


def test_what_each_hop_does_is_told() -> None:
    hops = HopsSeen(
        front=front(6, offered=("h2", "http/1.1")),
        negotiated="http/1.1",
        websocket=WebSocketSeen(passed=False, why="the websocket failed", connections=1, behind=None),
        leaving=LeavingSeen(learned_ms=None, watched_ms=6000.0, after_update=True),
        reload=ReloadSeen(streams=6, ended=6, back_ms=(2001.0, 2050.0), watched_ms=2100.0),
    )
    verdict = judge(observed(6, 6, hops=hops))
    assert said(verdict, "relay").startswith("The browser had 6 connections to the proxy, and offered h2/http/1.1;")
    assert said(verdict, "websocket") == "It did not open: the websocket failed."
    assert said(verdict, "leaving").startswith("The origin had not learned in 6 s")
    assert said(verdict, "reload").endswith(
        "6 of 6 streams ended; 6 came back, after 2001 to 2050 ms (watched for 2.1 s)."
    ) or ("2 came back, after 2001 to 2050 ms" in said(verdict, "reload"))
