"""Drops before the judge: which clients came back and when, what was lost, and what the origin had asked for."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from lab.judge import judge
from lab.judge.drops import BACK, GONE, HONOURED
from lab.model.claims import Answer
from lab.model.drops import ClientAfterDrop, DropSeen
from lab.model.ledger import ConnectionNegotiated, ConnectionOpened, StreamOpened
from lab.model.observation import ClientSeen, Observation
from lab.model.verdict import Doubt, Kind
from tests.judge.made import counters, said, seen, with_ledger

DROPPED, LAST = 500.0, 60
REACHED = {1: LAST, 2: LAST, 3: LAST}


def back(tab: int, waited: float | None = 500.0, **changes: Any) -> ClientAfterDrop:
    """Its stream ended 1 ms after the drop; it asked again so much later, and had an update 20 ms after that. None: never."""
    ended = DROPPED + 1
    fields: dict[str, Any] = {
        "closed_ms": ended,
        "had": 40,
        "asked_ms": None if waited is None else ended + waited,
        "asks": int(waited is not None),
        "http": None if waited is None else "1.1",
        "last_event_id": None if waited is None else "40",
        "live_ms": None if waited is None else ended + waited + 20,
        "missed": 0,
        "repeated": 0,
        "kinds": {},
        "failed": None,
    }
    return ClientAfterDrop(tab=tab, **{**fields, **changes})


def drop(*clients: ClientAfterDrop, how: str = "end", **changes: Any) -> DropSeen:
    fields: dict[str, Any] = {"retry": 500, "status": 0, "watched_ms": 0.0, "ended": counters(900, LAST, reached=REACHED)}
    return DropSeen(how=how, dropped_ms=DROPPED, clients=clients, clocks_ms=0.1, **{**fields, **changes})


def refused(*clients: ClientAfterDrop) -> DropSeen:
    return drop(*clients, status=204, watched_ms=1240.0, ended=counters(900, LAST, reached={}))


ALL = (back(1), back(2), back(3))


def observed(*drops: DropSeen, claimed: str = BACK, transport: str = "sse", case: str = "", live: int = 3) -> Observation:
    tabs = tuple(ClientSeen(tab, document=True, live=tab <= live) for tab in (1, 2, 3))
    asked: dict[str, Any] = {"question": "drops", "opening": "page", "transport": transport, "case": case}
    return seen(3, 3, claim=Answer(answer=claimed, source="somebody"), drops=drops, clients=tabs, **asked)


def answer_to(*clients: ClientAfterDrop, retry: int | None = 1000, opening_ms: float = 0.0) -> str | None:
    made = observed(drop(*clients, retry=retry), case="some case")
    slow = tuple(msgspec.structs.replace(client, opening_ms=opening_ms) for client in made.clients)
    return judge(msgspec.structs.replace(made, clients=slow)).answer


def test_all_came_back_and_nothing_was_lost() -> None:
    verdict = judge(observed(drop(*ALL), drop(*ALL, how="reset")))
    assert (verdict.kind, verdict.answer, verdict.cause, verdict.live) == (Kind.CONFIRMED, BACK, None, 3)
    assert verdict.why == (
        "All came back, nothing lost (as claimed). Live again after 521 ms when it ended every stream, "
        "521 ms when it reset every connection."
    )


@pytest.mark.parametrize(
    ("two", "wrong"),
    [
        (back(2, missed=4), "4 updates lost"),
        (back(2, repeated=3), "3 repeated"),
        (back(2, None, live_ms=None), "[2] did not come back"),
        (back(2, live_ms=None, missed=40), "[2] did not come back"),
        (back(2, last_event_id="39"), "Last-Event-ID of [2] was not the last one seen"),
        (back(2, last_event_id=None), "Last-Event-ID of [2] was not the last one seen"),
        (back(2, missed=1, repeated=2), "1 update lost, 2 repeated"),
    ],
)
def test_what_went_wrong_is_said_of_its_own_drop(two: ClientAfterDrop, wrong: str) -> None:
    """What those missed who never came back is not counted as lost."""
    verdict = judge(observed(drop(*ALL), drop(ALL[0], two, ALL[2], how="shut")))
    assert (verdict.kind, verdict.answer) == (Kind.REFUTED, f"after it was away for two seconds: {wrong}")
    assert f"(claim: {BACK})" in verdict.why


def test_each_drop_that_went_wrong_has_its_words() -> None:
    drops = (drop(back(1, missed=1)), drop(back(1, repeated=2), how="reset"), drop(*ALL, how="shut"))
    assert judge(observed(*drops)).answer == (
        "after it ended every stream: 1 update lost; after it reset every connection: 2 repeated"
    )


@pytest.mark.parametrize("transport", ["websocket", "fetch_stream", "long_polling", "polling"])
def test_only_server_sent_events_say_themselves_what_they_had(transport: str) -> None:
    others = tuple(back(tab, last_event_id=None) for tab in (1, 2, 3))
    assert judge(observed(drop(*others), transport=transport)).answer == BACK


@pytest.mark.parametrize(
    ("waits", "opening_ms", "answer"),
    [
        ((1000.0, 1001.0, 1500.0), 0.0, HONOURED),
        ((1000.0, 1001.0, 1540.0), 40.0, HONOURED),
        ((1000.0, 1001.0, 1541.0), 40.0, "after 1.0 s"),
        ((999.0, 1200.0, 1300.0), 0.0, "after 1.2 s"),
        ((3012.0, 3013.0, 3014.0), 0.0, "after 3.0 s"),
    ],
)
def test_retry_is_honoured_by_all_or_not(waits: tuple[float, ...], opening_ms: float, answer: str) -> None:
    """No sooner than it says, and no later than half as much more and the slowest opening."""
    clients = [back(tab, wait) for tab, wait in enumerate(waits, start=1)]
    assert answer_to(*clients, opening_ms=opening_ms) == answer


@pytest.mark.parametrize(
    ("waits", "answer"),
    [
        ((5499.9,), "after 5.0 s"),
        ((5500.0,), "after 5.5 s"),
        ((0.0, 3114.0, 9000.0), "after 3.0 s"),
        ((1999.0,), "after 1.9 s"),
        ((99.0,), "after 0.0 s"),
    ],
)
def test_the_browsers_own_delay_is_rounded_down(waits: tuple[float, ...], answer: str) -> None:
    assert answer_to(*[back(tab, wait) for tab, wait in enumerate(waits, start=1)], retry=None) == answer


def test_nobody_came_back_whom_anything_could_be_said_of() -> None:
    assert answer_to(back(1, None), back(2, closed_ms=None)) == "none came back"


@pytest.mark.parametrize(
    ("asks", "failed", "answer"),
    [
        ((1, 1, 1), ("204", "204", "204"), GONE),
        ((1, 2, 1), ("204", "204", "204"), "1 of 3 came again"),
        ((1, 1, 1), ("204", None, None), "2 of 3 came again"),
        ((5, 5, 5), (None, None, None), "3 of 3 came again"),
    ],
)
def test_a_refused_client_is_gone_for_good_or_came_again(asks: tuple[int, ...], failed: tuple[Any, ...], answer: str) -> None:
    """That the pages have nothing new is what was wanted."""
    clients = [back(n + 1, asks=asks[n], failed=failed[n], live_ms=None) for n in range(3)]
    verdict = judge(observed(refused(*clients), claimed=GONE, case="status 204", live=0))
    assert (verdict.kind == Kind.CONFIRMED, verdict.answer) == (answer == GONE, answer)
    assert said(verdict, "end") == (
        f"When the origin ended every stream and answered with status 204 from then on, {sum(asks)} requests came from "
        f"3 clients; {sum(map(bool, failed))} gave up, and the lab waited 1.2 s for more."
    )


def test_the_last_drop_has_the_answer() -> None:
    drops = (
        drop(*[back(tab, 1000.0) for tab in (1, 2, 3)], retry=1000),
        drop(*[back(tab, 7000.0) for tab in (1, 2, 3)], retry=1000),
    )
    assert judge(observed(*drops, case="some case")).answer == "after 7.0 s"
    assert judge(observed(*reversed(drops), case="some case")).answer == HONOURED


@pytest.mark.parametrize("reached", [{1: LAST, 2: LAST}, {1: LAST, 2: LAST, 3: LAST - 1}])
def test_page_and_ledger_disagree_of_the_last_update(reached: dict[int, int]) -> None:
    one = drop(*ALL, ended=counters(900, LAST, reached=reached))
    verdict = judge(observed(drop(*ALL), one))
    assert verdict.kind == Kind.DISPUTED
    assert "The pages say that [1–3] have the last update, the ledger says that [1–2] were sent it." in verdict.why
    assert judge(observed(one, drop(*ALL))).kind == Kind.CONFIRMED, "the last drop's counters are the ones that count"


def test_a_page_that_goes_on_without_a_request() -> None:
    verdict = judge(observed(drop(ALL[0], back(2, asked_ms=None), ALL[2]), drop(*ALL)))
    assert verdict.kind == Kind.DISPUTED
    assert verdict.why == "The pages of [2] went on, and the ledger has no request of theirs."


def test_what_is_said_of_a_drop() -> None:
    clients = (back(1, 480.0, http="2", kinds={"score": 3}), back(2, 520.0, kinds={"score": 2, "note": 1}), back(3, None))
    assert said(judge(observed(drop(*clients))), "end") == (
        "When the origin ended every stream, 2 of 3 were live again after 521 ms (501 to 541); they sent a new request 500 ms "
        "after their streams had ended; 0 updates lost, 0 repeated; they came over HTTP/2 instead; named events delivered: 5 "
        "score, 1 note; Last-Event-ID sent by 2."
    )


@pytest.mark.parametrize(("at_ms", "kind"), [(DROPPED, Kind.UNSUPPORTED), (DROPPED + 1, Kind.CONFIRMED)])
def test_a_client_that_comes_back_by_another_protocol_was_measured_all_the_same(at_ms: float, kind: Kind) -> None:
    made = observed(drop(*ALL))
    other = (
        ConnectionOpened(at_ms=at_ms, connection=9, door="h1", peer="127.0.0.1:9"),
        ConnectionNegotiated(at_ms=at_ms, connection=9, protocol="h2"),
        StreamOpened(at_ms=at_ms, stream=9, connection=9, cell=made.cell.name, tab=1, transport="sse", http="2"),
    )
    assert judge(with_ledger(made, *other)).kind == kind


def test_nothing_was_dropped() -> None:
    verdict = judge(observed())
    assert (verdict.kind, verdict.doubt) == (Kind.INCONCLUSIVE, Doubt.PRECONDITION)
