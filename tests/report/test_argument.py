"""The first screen: what it says of the tabs, and that it says no more than they show."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from lab.model.cell import PLAIN_CLIENT
from lab.model.hops import ProxySeen
from lab.model.observation import Arrival, ClientSeen, Release
from lab.model.verdict import Kind
from lab.report.answers import sources
from lab.report.argument import MOST_TILES, advice, cards, certainty, headline, lede, ordinal
from lab.report.render import render
from lab.results.file import CellResult
from lab.results.repeats import repeats
from tests.report.test_parts import followed
from tests.results.test_file import altered, cell, made

H2 = cell(protocol="h2", live=12, limit=100)


def of(*cells: CellResult) -> Any:
    return sources(repeats(made(*cells)))


def firefox(one: CellResult) -> CellResult:
    return altered(one, engine="firefox")


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        ([cell(), H2], "Over HTTP/1.1, the 7th tab waits in Chromium 156. Over HTTP/2, all 12 stay live."),
        (
            [cell(), H2, firefox(cell(live=9)), firefox(H2)],
            "Over HTTP/1.1, the 7th tab waits in Chromium 156 and the 10th in Firefox 156. Over HTTP/2, all 12 stay live.",
        ),
        (
            [cell(), firefox(cell(live=12))],
            "Over HTTP/1.1, the 7th tab waits in Chromium 156 and all 12 stay live in Firefox 156.",
        ),
        ([cell(), firefox(cell())], "Over HTTP/1.1, the 7th tab waits in Chromium 156 and Firefox 156."),
        ([cell(live=6), altered(cell(live=7), repeat=2)], ""),
        ([altered(cell(), kind=Kind.DISPUTED)], ""),
        ([cell(live=0)], ""),
        ([cell(opening="page")], ""),
        ([], ""),
    ],
)  # fmt: skip
def test_the_sentence_at_the_top(cells: list[CellResult], said: str) -> None:
    assert headline(of(*cells)) == said


def test_where_other_tabs_than_the_last_wait_nothing_is_said_of_a_number() -> None:
    one = cell()
    clients = tuple(ClientSeen(tab, document=True, live=tab % 2 == 0) for tab in range(1, 13))
    assert headline(of(altered(one, clients=clients))) == ""
    assert "6 of 12 tabs stayed live" in render(made(altered(one, clients=clients)))


@pytest.mark.parametrize(
    ("number", "said"), [(1, "1st"), (2, "2nd"), (3, "3rd"), (7, "7th"), (11, "11th"), (112, "112th"), (21, "21st")]
)
def test_ordinals(number: int, said: str) -> None:
    assert ordinal(number) == said


def test_tabs_are_blank_only_if_their_documents_had_not_loaded() -> None:
    blank = altered(cell(), clients=tuple(ClientSeen(tab, document=tab < 7, live=tab < 7) for tab in range(1, 13)))
    loaded = altered(cell(), clients=tuple(ClientSeen(tab, document=True, live=tab < 7) for tab in range(1, 13)))
    failed = altered(
        cell(), clients=tuple(ClientSeen(tab, document=tab < 7, live=tab < 7, errors=("no",)) for tab in range(1, 13))
    )
    assert lede(of(blank)) == "A tab that waits stays blank, with no error and no timeout: it waits for a connection."
    assert lede(of(loaded)).startswith("The tabs that wait are loaded but receive nothing, with no error")
    assert lede(of(failed)) == "A tab that waits stays blank: it waits for a connection."
    assert lede(of(H2)) == ""


def test_a_card_for_each_browser_with_a_strip_for_each_family() -> None:
    clear = cell(protocol="h1-clear")
    missing = firefox(cell(missing="no Firefox started"))
    [one, other] = cards(of(clear, cell(), H2, missing))
    assert [strip.family for strip in one.strips] == ["HTTP/1.1", "HTTP/2"]
    assert one.strips[0].group == cell().cell.group, "over TLS, as people meet it"
    assert [strip.count for strip in one.strips] == ["6 of 12", "all 12"]
    assert (one.strips[0].says, one.strips[1].says) == ("The others wait for a connection.", "")
    assert (other.strips, other.note) == ((), "no Firefox started")


def test_tabs_of_another_question_are_shown_where_nothing_else_was_asked() -> None:
    [one] = cards(of(followed(), followed("polling", interval_ms=100, live=12)))
    assert [strip.group for strip in one.strips] == [followed().cell.group]
    assert cards(of(altered(cell(), at_most=24))) == [], "a search opens as many as it takes"


def test_very_many_tabs_are_counted() -> None:
    [one] = cards(of(cell(60, 6)))
    assert (len(one.strips[0].tiles), one.strips[0].more) == (MOST_TILES, 60 - MOST_TILES)


def test_the_next_tab_came_when_another_was_closed() -> None:
    def release(ended_by: str, *arrived: Arrival) -> Release:
        return Release(tab=1, ended_by=ended_by, ended_ms=5.0, waiting=(7, 8), arrived=arrived)

    came = Arrival(tab=7, after_ms=12.4, connection=1, reused=True)
    told = {
        "Closing one tab let the next one through 12 ms later.": (release("page"), release("tab", came)),
        "": (release("page", came), release("tab")),
    }
    for words, releases in told.items():
        [one] = cards(of(altered(cell(), releases=releases)))
        assert one.strips[0].next == words


def test_what_to_do_is_only_what_these_results_show() -> None:
    def said(*cells: CellResult) -> list[str]:
        return advice(repeats(made(*cells)))

    assert said(cell()) == []
    assert said(H2) == [], "nothing waited"
    assert said(cell(), H2) == ["Serve the page over HTTP/2: 12 tabs shared one connection, and none waited."]
    assert said(cell(), cell(protocol="h2", live=10, streams=10)) == []
    socket = altered(cell(live=12, limit=12), transport="websocket")
    assert said(cell(), socket) == ["Where that can't be done: over HTTP/1.1, all 12 tabs stayed live by WebSocket."]
    assert said(cell(), socket, firefox(cell())) == [], "not measured in both browsers"


def test_how_sure_it_is() -> None:
    one = cell()
    assert certainty(of(one))[0].startswith(f"{one.verdict.agreed} independent witnesses agree on each number, among them ")
    assert ("the browser's own log" in certainty(of(one))[0]) is any(
        each.witness == "network log" and "Unavailable" not in each.says for each in one.verdict.witnesses
    )
    alone = altered(one, witnesses=tuple(each for each in one.verdict.witnesses if each.witness == "pages"))
    assert "among them the pages." in certainty(of(alone))[0]
    assert certainty(of(altered(one, agreed=1))) == []
    assert certainty(of(one))[1:] == ["When a live tab was ended on purpose, a waiting one came in its place."]
    assert len(certainty(of(altered(one, releases=())))) == 1


def through(one: CellResult, route: str, line: str = "") -> CellResult:
    seen = ProxySeen(
        name="nginx", variant=route, version="1.31.3", found="on PATH", line=line, behind="h1-clear", configuration=""
    )
    return msgspec.structs.replace(altered(one, route=route), proxy=seen)


def test_of_proxies_the_first_screen_shows_the_defaults() -> None:
    usual, variant = through(cell(), "nginx"), through(firefox(cell(live=9)), "nginx-read-timeout", "proxy_read_timeout 1h;")
    assert headline(of(usual, variant)) == "Over HTTP/1.1 through nginx, the 7th tab waits in Chromium 156."
    assert [one.title for one in cards(of(usual, variant))] == ["Chromium 156"]


def test_where_no_browser_was_needed_there_is_no_card() -> None:
    one = altered(cell(), engine=PLAIN_CLIENT, question="silence")
    watched = msgspec.structs.replace(one, clients=(), verdict=msgspec.structs.replace(one.verdict, live=None))
    assert [one.title for one in cards(of(cell(), watched))] == ["Chromium 156"]
