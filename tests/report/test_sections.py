"""Which question a section is about, and how it is told: by what its scenario declares, never by what was measured."""

from __future__ import annotations

import re

import pytest

from lab.model.payloads import PayloadSeen
from lab.model.questions import QUESTIONS, Question
from lab.model.verdict import Kind
from lab.report import sections as room
from lab.report.answers import Answer, Entry
from lab.report.findings import findings, others
from lab.report.markdown import markdown
from lab.report.render import render
from lab.report.sections import CHAPTERS, Chapter, sections
from lab.report.tables import Column, Row, Table, by_engine
from lab.scenario import catalogue
from tests.report.test_parts import followed
from tests.results.test_file import altered, cell, made


def test_each_question_has_a_chapter_and_scenarios_that_ask_it() -> None:
    assert list(CHAPTERS) == list(QUESTIONS)
    known = catalogue.load(catalogue.home())
    for question in QUESTIONS.values():
        asked = [known[name].question for name in question.asked_by.split()]
        assert set(asked) == {question.name} or (not asked and question.command)


def test_a_question_that_was_not_asked_says_how_to_ask_it() -> None:
    one = altered(cell(), command="python3 -m nox -s lab -- s --engine chromium --repeat 1")
    text = render(made(one))
    assert "This run did not ask it. To ask it: <code>python3 -m nox -s lab -- pools</code>" in text
    assert text.count("This run did not ask it.") == len(QUESTIONS) - 1
    assert "<code>seventh-tab run drops reconnection</code>" in render(made(altered(cell(), command="")))


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
    assert f'<section class="answer" id="{question}">\n<h2>{QUESTIONS[question].title}</h2>' in text
    assert f'<h3>{QUESTIONS[question].title} <span class="note">mine</span></h3>' in text
    assert "No browser started" in text
    if question != "limits":
        assert "Live clients, and the limit" not in text


def test_a_new_question_is_a_row(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its answer, its tables and its sentences come with it."""
    column = Column("answer", "how far")

    def tables(groups: room.Groups) -> list[Table]:
        return [Table("How far it came", "cell", (column,), tuple(Row(one, "x", {"answer": one.answer}) for one in groups))]

    answer = Answer(
        title="Hops", about="from", entries=lambda one: [Entry(("here",), {"hops": one.answer})], measures=(Column("hops", ""),)
    )
    chapter = Chapter(
        answer=answer,
        tables=tables,
        lead=lambda groups, titles: [f"{len(groups)} way."],
        sentences=lambda groups, titles: [f"{titles[name]} hops." for name, _ in by_engine(groups)],
    )
    monkeypatch.setitem(CHAPTERS, "hops", chapter)
    monkeypatch.setitem(QUESTIONS, "hops", Question("hops", "How many hops?", "far"))
    results = made(cell(), altered(cell(), question="hops", scenario="far", answer="two hops"))
    assert [section.title for section in sections(results)] == ["How many stay live?", "How many hops?"]
    text = render(results)
    assert "<td>two hops</td>" in text
    assert "<p>Chromium 156 hops.</p>" in text
    assert others(results) == ["Chromium 156 hops."]
    assert "How far it came" in markdown(results)
    assert '<p class="lead">1 way.</p>' in text
    assert re.search('<th scope="row">here</th><td><a href="[^"]*">two hops</a></td>', text)
    assert "To ask it: <code>seventh-tab run far</code>" in render(made(cell()))


def test_a_question_without_a_chapter_is_told_plainly() -> None:
    results = made(altered(cell(), question="unheard", scenario="mine", answer="forty-two"))
    [section] = sections(results)
    assert section.title == "mine"
    assert len(section.tables) == 1
    text = render(results)
    assert '<th scope="row">tabs over HTTP/1.1 by server-sent events</th><td>forty-two</td>' in text
    assert "<h2>mine</h2>" in text
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
