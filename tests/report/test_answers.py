"""The answer to each question: one table with browsers side by side, and one or two sentences that the cells support."""

from __future__ import annotations

from typing import Any

import pytest

from lab.model.claims import Answer, AtMost, Unlimited
from lab.model.payloads import PayloadSeen
from lab.model.starvation import ProbeSeen
from lab.model.verdict import Kind, Limit
from lab.report.answers import answer_table, claimed, sources
from lab.report.sections import CHAPTERS
from lab.report.tables import Table, texts
from lab.results.file import CellResult
from lab.results.repeats import repeats
from tests.report.test_parts import followed
from tests.report.test_render import side
from tests.results.test_file import altered, cell, made

TITLES = {"chromium": "Chromium 156", "firefox": "Firefox 156"}


def firefox(one: CellResult, **changes: Any) -> CellResult:
    return altered(one, engine="firefox", **changes)


def table(question: str, *cells: CellResult) -> Table:
    return answer_table(CHAPTERS[question].answer, sources(repeats(made(*cells))))


def rows(question: str, *cells: CellResult) -> list[list[str]]:
    found = table(question, *cells)
    return [[row.what, *texts(row, found.columns)] for row in found.rows]


def lead(question: str, *cells: CellResult) -> list[str]:
    return CHAPTERS[question].lead(repeats(made(*cells)), TITLES)


@pytest.mark.parametrize("question", CHAPTERS)
def test_without_cells_there_is_nothing_to_say(question: str) -> None:
    assert lead(question) == []
    assert rows(question) == []
    assert lead(question, altered(cell(missing="no browser"), question=question)) == []


def test_limits_stand_side_by_side_with_what_is_documented() -> None:
    search = {"at_most": 1200, "opening": "page"}
    cells = [
        altered(cell(), **search),
        firefox(altered(cell(live=9), **search)),
        altered(cell(protocol="h2", live=12, limit=100), cause=Limit.BROWSER_STREAMS, **search),
        firefox(cell(protocol="h2", live=12, limit=100), claim=Unlimited(source="x")),
    ]
    assert [one.heading for one in table("limits", *cells).columns] == [
        "updates by", "over", "documented", "Chromium 156", "Firefox 156",
    ]  # fmt: skip
    assert rows("limits", *cells) == [
        ["Streams in one page", "Server-sent events", "HTTP/1.1", "6", "6", "9 ✗"],
        ["Streams in one page", "Server-sent events", "HTTP/2, 100 streams allowed", "100", "12", "–"],
        ["Tabs", "Server-sent events", "HTTP/2, 100 streams allowed", "100", "–", "all 12"],
    ]
    assert lead("limits", *cells) == [
        "Over HTTP/1.1 each live client keeps a connection, and a host gets only 6 in Chromium 156 and 9 in Firefox 156.",
        "Over HTTP/2 one connection carried 12 in Chromium 156 (the browser's own limit) and 12 in Firefox 156 (no more were "
        "opened).",
    ]


def test_a_claim_in_a_word() -> None:
    def said(**changes: Any) -> str:
        return claimed(altered(cell(), **changes))

    assert said(claim=AtMost(limit=6, source="x")) == "6"
    assert said(claim=AtMost(limit=256, source="x"), protocol="h2", streams=10) == "10", "the origin allows no more"
    assert said(claim=Unlimited(source="x"), protocol="h2", streams=10) == "10"
    assert said(claim=Unlimited(source="x")) == "no limit"
    assert said(claim=Answer(answer="shared", source="x")) == "shared"


def test_pools_have_browser_and_protocol_in_columns() -> None:
    shared, apart = side(case="the same again"), side(case="another port", answer="separate")
    cells = [shared, altered(shared, protocol="h2"), apart, altered(apart, protocol="h2", answer="shared", kind=Kind.REFUTED)]
    assert [one.heading for one in table("pools", *cells).columns] == ["Chromium 156, HTTP/1.1", "Chromium 156, HTTP/2"]
    assert rows("pools", *cells) == [["The same again", "shared", "shared"], ["Another port", "separate", "shared ✗"]]
    assert lead("pools", *cells) == [
        "Shared everywhere: the same again.",
        "It depends on browser and protocol for another port.",
    ]


def starved(*probes: tuple[str, str, str], **changes: Any) -> CellResult:
    seen = tuple(ProbeSeen(kind, page, outcome) for kind, page, outcome in probes)
    return altered(cell(), scenario="starvation", question="starvation", opening="page", probes=seen, **changes)


def test_starvation_marks_only_the_request_that_is_not_as_claimed() -> None:
    claim = Answer(answer="websocket, fetch (cross-origin)", source="x")
    one = starved(
        ("fetch", "same-origin", "waited"), ("fetch", "cross-origin", "passed"), ("image", "same-origin", "waited"),
        ("image", "cross-origin", "waited"), ("websocket", "same-origin", "waited"), claim=claim, kind=Kind.REFUTED,
        answer="fetch (cross-origin)",
    )  # fmt: skip
    assert rows("starvation", one) == [
        ["fetch()", "waits; gets through cross-origin"],
        ["Image", "waits"],
        ["WebSocket", "waits ✗"],
    ]
    assert lead("starvation", one) == [
        "While every stream is in use, image and WebSocket wait in every browser: no request fails, so the page sees no error."
    ]


def test_where_streams_are_left_over_one_row_is_enough() -> None:
    one = starved(("fetch", "same-origin", "passed"), ("image", "same-origin", "passed"), streams=10)
    assert rows("starvation", one) == [["Everything, with 6 of 10 streams in use", "gets through"]]
    assert lead("starvation", one) == []


def test_delivery_says_by_what_all_tabs_stay_live() -> None:
    cells = [followed(), followed("polling", interval_ms=100, live=12, cause=Limit.NONE)]
    assert rows("delivery", *cells) == [["Server-sent events", "6 of 12", "51"], ["Polling, 100 ms", "all 12", "51"]]
    assert lead("delivery", *cells) == [
        "Over HTTP/1.1, all tabs stay live by polling; only 6 by server-sent events.",
        "Median latency: 51 ms where the origin sends each update at once and 51 ms by polling.",
    ]


def dropped(answer: str, **changes: Any) -> CellResult:
    return altered(cell(), scenario="drops", question="drops", opening="page", answer=answer, **changes)


def test_drops_say_what_differs_between_browsers() -> None:
    plain = dropped("all came back, nothing lost")
    cases = [dropped("after 3.0 s", case="without retry"), dropped("retry honoured", case="retry 1000")]
    others = [firefox(one) for one in (plain, cases[1])] + [firefox(cases[0], answer="after 5.0 s")]
    assert lead("drops", plain, *cases, *others) == [
        "After each kind of drop: all came back, nothing lost, in every browser and by every transport.",
        "Browsers differ for without retry (after 3.0 s in Chromium 156, after 5.0 s in Firefox 156).",
    ]
    assert lead("drops", plain, firefox(plain, answer="2 of 3 came back")) == [
        "After each kind of drop: all came back, nothing lost in Chromium 156 (by server-sent events over HTTP/1.1); "
        "2 of 3 came back in Firefox 156 (by server-sent events over HTTP/1.1)."
    ]


def test_payloads_name_what_did_not_come() -> None:
    seen = (
        PayloadSeen(name="LF", chunks=1, events=1, right=True, sent_bytes=9, received_bytes=9),
        PayloadSeen(name="NUL", chunks=1, events=1, right=False, sent_bytes=9, received_bytes=9),
        PayloadSeen(
            name="base64",
            chunks=1,
            events=1,
            right=True,
            sent_bytes=134,
            received_bytes=134,
            content_bytes=100,
            survived_bytes=100,
        ),
    )
    one = altered(cell(), scenario="payloads", question="payloads", payloads=seen, kind=Kind.REFUTED)
    assert rows("payloads", one) == [["Server-sent events", "HTTP/1.1", "2 of 3 ✗", "NUL", "34.0"]]
    assert lead("payloads", one) == [
        "In Chromium 156 all payloads but NUL arrive as specified.",
        "Random bytes that arrive unchanged cost more on the wire: 34.0 % by server-sent events.",
    ]
