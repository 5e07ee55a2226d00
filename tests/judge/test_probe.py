from __future__ import annotations

import msgspec
import pytest

from lab.judge import judge
from lab.judge.prediction import predict
from lab.judge.probe import fix, verified
from lab.model.cell import Cell
from lab.model.claims import Answer
from lab.model.observation import ClientSeen, Observation
from lab.model.probe import (
    ActionSeen,
    BeyondBrowser,
    Held,
    LimitSeen,
    ProbeReport,
    ReleaseSeen,
    SocketsSeen,
    TabSeen,
    Waiting,
)
from lab.model.verdict import Kind, Limit, Verdict
from lab.model.wire import WireSeen

APP = "http://127.0.0.1:1"
URL = f"{APP}/"
PLACES = 5  # What this made-up browser was measured to have.


STREAM = Held(origin=APP, url=f"{APP}/events", kind="event stream", protocol="h1-clear", initiator="EventSource at x")


def tab(number: int, *, live: bool = True, answered: bool = True, loaded: bool = True, waiting: tuple[Waiting, ...] = (),
        **more: object) -> TabSeen:  # fmt: skip
    made = TabSeen(tab=number, live=live, answered=answered, loaded=loaded, ready_ms=50 if live else None, waiting=waiting)
    return msgspec.structs.replace(made, **more)


def blank(number: int, *, held: bool | None = True, behind: bool = False) -> TabSeen:
    """A tab whose navigation waits."""
    waits = Waiting(url=URL, what="document", since_ms=2000, held=held, behind=behind)
    return tab(number, live=False, answered=False, loaded=False, waiting=(waits,))


def starving(number: int, *, held: bool | None = True) -> TabSeen:
    """A tab whose stream waits."""
    return tab(number, live=False, waiting=(Waiting(url=f"{APP}/events", what="eventsource", since_ms=2000, held=held),))


def report(*tabs: TabSeen, **more: object) -> ProbeReport:
    made = ProbeReport(
        url=URL,
        asked=8,
        wire=(WireSeen(url=URL),),
        holders=(
            Held(origin=APP, url=f"{APP}/events", kind="event stream", protocol="h1-clear", initiator="EventSource at x"),
        ),
        limits=(LimitSeen(protocol="h1-clear", what="streams", opened=8, live=PLACES, reached=True),),
        tabs=tabs,
        release=ReleaseSeen(closed=1, came=6, after_ms=20),
        sockets=(SocketsSeen(APP, PLACES),),
        beside=BeyondBrowser(answered=True, took_ms=3),
        action="HEAD of the page's own URL",
    )
    return msgspec.structs.replace(made, **more)


def observed(seen: ProbeReport) -> Observation:
    cell = Cell(scenario="probe", question="probe", engine="chromium", protocol="h1-clear", transport="sse", at_most=8)
    claim = Answer(predict(seen).answer, source="arithmetic")
    clients = tuple(ClientSeen(one.tab, document=one.loaded, live=one.live) for one in seen.tabs)
    return Observation(cell=cell, claim=claim, settled_ms=1.0, clients=clients, probe=seen)


def judged(seen: ProbeReport) -> Verdict:
    return judge(observed(seen))


FIVE = tuple(tab(number) for number in range(1, 6))
HANGS = report(*FIVE, blank(6), blank(7), blank(8))


def test_a_predicted_hang_that_the_log_names_is_confirmed() -> None:
    verdict = judged(report(*FIVE, blank(6), blank(7), blank(8)))
    assert (verdict.kind, verdict.answer, verdict.live, verdict.cause) == (
        Kind.CONFIRMED, "tab 6 (navigation)", 5, Limit.CONNECTIONS,
    )  # fmt: skip
    assert "ledger is unavailable" in verdict.why
    assert "EventSource at x" in verdict.why
    assert {one.witness for one in verdict.witnesses} >= {
        "pages",
        "network log",
        "sockets",
        "release",
        "plain client",
        "ledger",
    }


def test_a_page_whose_own_requests_wait_is_another_kind() -> None:
    seen = report(*FIVE, starving(6))
    hang = verified(seen)
    assert hang is not None
    assert (hang.tab, hang.kind) == (6, "page")
    assert judged(seen).kind is Kind.REFUTED  # A navigation was predicted.


def test_what_the_browser_does_not_hold_back_is_the_servers() -> None:
    """However many connections are in use."""
    for one in (blank(3, held=False), starving(3, held=False)):
        seen = report(*FIVE[:2], one)
        verdict = judged(seen)
        assert verdict.answer == "tab 3 (server)"
        assert verdict.cause is Limit.NONE
        assert "no limit of the browser" in verdict.why
        assert "server" in fix(seen, verified(seen))


def test_an_error_of_the_server_is_the_servers() -> None:
    seen = report(*FIVE[:2], tab(3, live=False, status=503))
    assert judged(seen).answer == "tab 3 (server)"
    assert "503" in judged(seen).why


def test_an_action_that_hangs_is_shown_where_all_tabs_come_up() -> None:
    actions = (ActionSeen(tab=4, what="HEAD", answered=True), ActionSeen(tab=5, what="HEAD", answered=False, held=True))
    verdict = judged(report(*FIVE, asked=5, actions=actions))
    assert (verdict.kind, verdict.answer, verdict.live) == (Kind.CONFIRMED, "tab 5 (action)", 5)
    assert judged(report(*FIVE, blank(6), actions=actions)).answer == "tab 6 (navigation)"


def test_a_click_may_get_a_connection_beyond_the_limit() -> None:
    """As in Firefox 153. Eight connections in all: the streams of eight tabs have them, and the click in the eighth none."""
    limit = LimitSeen(protocol="h1-clear", what="streams", opened=8, live=PLACES, reached=True, extra=3, clicks=True)
    shown = report(acts=True, needs_more=True, limits=(limit,))
    assert predict(shown).answer == "tab 8 (action)"
    assert predict(msgspec.structs.replace(shown, limits=(msgspec.structs.replace(limit, clicks=False),))).answer == (
        "tab 5 (action)"
    )


def test_what_a_file_opens_itself_waits_as_an_action() -> None:
    waits = starving(6, held=True)
    made = report(*FIVE, msgspec.structs.replace(waits, acted=False), acts=True, acts_open=True)
    assert judged(made).answer == "tab 6 (action)"
    assert judged(msgspec.structs.replace(made, acts_open=False)).answer == "tab 6 (page)"


def test_a_stream_that_is_refused_is_the_servers_doing() -> None:
    """The browser holds nothing back, and nothing waits: it was live before, and all green."""
    refused = tab(3, live=False, refused="http://127.0.0.1:1/events answers 503")
    verdict = judged(report(*FIVE[:2], refused, *FIVE[3:], release=None))
    assert (verdict.kind, verdict.answer, verdict.cause) == (Kind.REFUTED, "tab 3 (server)", Limit.NONE)
    assert "refuses what tab 3 would hold open: http://127.0.0.1:1/events answers 503" in verdict.why


def test_tabs_that_take_turns_hang_nowhere() -> None:
    """A server that ends its streams: at some moment a tab's next one waits, and at the next moment another's."""
    turn = msgspec.structs.replace(starving(1), came=True)
    made = report(turn, *FIVE[1:], tab(6), tab(7), tab(8))
    assert (judged(made).kind, judged(made).answer) == (Kind.INCONCLUSIVE, "no hang")
    assert "tabs take turns" in judged(made).why
    hangs = report(turn, *FIVE[1:], blank(6), blank(7), blank(8))
    assert (judged(hangs).kind, judged(hangs).answer) == (Kind.CONFIRMED, "tab 6 (navigation)")


def test_what_a_users_file_does_counts_as_the_tabs_own_opening() -> None:
    waits = (Waiting(url=f"{APP}/save", method="POST", what="fetch", held=True),)
    fifth = tab(5, live=False, acted=False, waiting=waits)
    done = [msgspec.structs.replace(one, acted=True) for one in FIVE[:4]]
    verdict = judged(report(*done, fifth, blank(6), acts=True, needs_more=True))
    assert (verdict.kind, verdict.answer, verdict.live) == (Kind.CONFIRMED, "tab 5 (action)", 4)


def test_a_server_that_does_not_answer_a_head_says_nothing_about_tabs() -> None:
    actions = (ActionSeen(tab=1, what="HEAD", answered=False, held=False),)
    assert judged(report(*FIVE[:3], asked=3, actions=actions)).answer == "no hang"


def test_no_hang_is_confirmed_where_none_was_predicted() -> None:
    verdict = judged(report(*FIVE[:3], asked=3, release=None, beside=None))
    assert (verdict.kind, verdict.answer) == (Kind.CONFIRMED, "no hang")


@pytest.mark.parametrize(
    "changed",
    [
        {"beside": BeyondBrowser(answered=False, error="no header")},
        {"release": ReleaseSeen(closed=1, came=None)},
        {"sockets": (SocketsSeen(APP, 2),)},
    ],
)
def test_a_witness_that_disagrees_leaves_nothing_confirmed(changed: dict[str, object]) -> None:
    verdict = judged(report(*FIVE, blank(6), **changed))
    assert verdict.kind is Kind.DISPUTED
    assert verdict.cause is None


def test_without_a_log_connections_and_release_must_prove_it() -> None:
    tabs = (*FIVE, blank(6, held=None))
    assert judged(report(*tabs, log="this browser keeps none")).kind is Kind.CONFIRMED
    for less in ({"release": None}, {"sockets": ()}, {"beside": None}):
        verdict = judged(report(*tabs, log="this browser keeps none", **less))
        assert verdict.kind is Kind.INCONCLUSIVE
        assert verdict.cause is None
        assert "keeps none" in verdict.why


def test_a_request_behind_another_of_the_same_url_is_not_blamed_on_the_server() -> None:
    verdict = judged(report(*FIVE[:2], blank(3, held=False, behind=True), sockets=(SocketsSeen(APP, 2),)))
    assert verdict.kind is Kind.INCONCLUSIVE
    assert "cache" in verdict.why


def test_more_requests_than_connections_are_not_all_on_their_way() -> None:
    """Whatever the log leaves out: then the server is not blamed."""
    live = tuple(tab(number, open=1) for number in range(1, 6))
    verdict = judged(report(*live, starving(6, held=False)))
    assert (verdict.kind, verdict.cause) == (Kind.INCONCLUSIVE, None)
    assert judged(report(*live[:4], starving(5, held=False))).answer == "tab 5 (server)"


def test_an_app_that_died_says_nothing_about_limits() -> None:
    verdict = judged(report(*FIVE, broke="the app no longer answers"))
    assert (verdict.kind, verdict.cause) == (Kind.INCONCLUSIVE, None)
    assert "no longer answers" in verdict.why


def test_nothing_seen_is_nothing_said() -> None:
    assert judged(report()).kind is Kind.INCONCLUSIVE
