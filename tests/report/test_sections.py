"""Which question a section is about, and how it is told: by what its scenario declares, never by what was measured."""

from __future__ import annotations

import msgspec
import pytest

from lab.model.payloads import PayloadSeen
from lab.model.questions import QUESTIONS, Question
from lab.model.verdict import Kind
from lab.report import sections as room
from lab.report.findings import findings, others
from lab.report.markdown import markdown
from lab.report.matrix import matrix
from lab.report.render import render
from lab.report.sections import CHAPTERS, Chapter, sections
from lab.report.tables import Column, Row, Table, by_engine
from tests.report.test_parts import followed
from tests.results.test_file import altered, cell, made


def test_each_question_has_a_chapter() -> None:
    assert list(CHAPTERS) == list(QUESTIONS)


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_section_that_was_not_measured_keeps_its_question(question: str) -> None:
    """D11: none of them became "How many were live"."""
    one = altered(cell(missing="no browser started"), question=question, scenario="mine")
    [section] = sections(made(one))
    assert (section.question, section.title) == (question, QUESTIONS[question].title)
    assert section.tables[0].title == CHAPTERS[question].tables(section.groups)[0].title, (
        "its first table has a row for the cell"
    )
    assert section.tables[0].rows[0].values["verdict"] == Kind.UNSUPPORTED
    text = render(made(one))
    assert f'<h2 id="mine">{QUESTIONS[question].title} <span class="scenario">mine</span></h2>' in text
    assert "No browser started" in text
    if question != "limits":
        assert "Live clients, and the limit" not in text


def test_a_new_question_is_a_row(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its tables, its sentences and its place in the matrix come with it."""
    column = Column("answer", "how far")

    def tables(groups: room.Groups) -> list[Table]:
        return [Table("How far it came", "cell", (column,), tuple(Row(one, "x", {"answer": one.answer}) for one in groups))]

    chapter = Chapter(
        tables=tables, sentences=lambda groups, titles: [f"{titles[name]} hops." for name, _ in by_engine(groups)]
    )
    monkeypatch.setitem(CHAPTERS, "hops", msgspec.structs.replace(chapter, counted=True))
    monkeypatch.setitem(QUESTIONS, "hops", Question("hops", "How many hops?"))
    results = made(cell(), altered(cell(), question="hops", scenario="far", answer="two hops"))
    assert [section.title for section in sections(results)] == ["How many stay live?", "How many hops?"]
    text = render(results)
    assert "<td>two hops</td>" in text
    assert "<p>Chromium 156 hops.</p>" in text
    assert others(results) == ["Chromium 156 hops."]
    assert "How far it came" in markdown(results)
    [chips] = [row.chips["sse"] for row in matrix(sections(results)).rows]
    assert [chip.what for chip in chips] == ["tabs, s", "tabs, far"]


def test_a_question_without_a_chapter_is_told_plainly() -> None:
    results = made(altered(cell(), question="unheard", scenario="mine", answer="forty-two"))
    [section] = sections(results)
    assert section.title == "mine"
    assert len(section.tables) == 1
    text = render(results)
    assert "<td>tabs over HTTP/1.1 by server-sent events</td><td>forty-two</td>" in text
    assert '<h2 id="mine">mine</h2>' in text
    assert matrix([section]).rows == []
    assert others(results) == []


def test_a_cell_that_failed_does_not_change_whether_a_scenario_searches() -> None:
    failed = altered(cell(missing="none here"), opened=0)
    [section] = sections(made(cell(), failed))
    assert section.headline
    [search] = sections(made(altered(cell(), at_most=24), failed))
    assert not search.headline


def test_plain_tabs_come_first_then_the_questions_in_their_order() -> None:
    payload = PayloadSeen(name="x", chunks=1, events=1, right=True, sent_bytes=1, received_bytes=1)
    cells = [
        altered(cell(), scenario="p", question="payloads", payloads=(payload,)),
        followed(),
        altered(cell(), scenario="search", at_most=24),
        cell(),
    ]
    found = sections(made(*cells))
    assert [one.name for one in found] == ["s", "search", "delivery", "p"]
    assert findings(made(*cells)) == [
        "In Chromium 156, 6 of 12 tabs stayed live over HTTP/1.1; the others were waiting for a connection."
    ]


def test_without_plain_tabs_another_sentence_is_the_finding() -> None:
    assert findings(made(followed())) == [
        "Median latency in Chromium 156 over HTTP/1.1, with 12 tabs: 51 ms by server-sent events (6 of 12 live)."
    ]
