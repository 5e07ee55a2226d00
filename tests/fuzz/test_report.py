"""Results that are read, whatever is in them, are told in every form; and no word of them becomes an element of the page."""

from __future__ import annotations

import io
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from zlib import crc32

import pytest
from hypothesis import given
from hypothesis import strategies as st
from junitparser import JUnitXml
from rich.cells import cell_len
from rich.console import Console

from lab.cli.console import print_lines
from lab.judge.figures import DeliveryFigures
from lab.model.drops import DropSeen
from lab.model.openings import OPENINGS
from lab.model.payloads import PayloadSeen
from lab.model.pools import SideSeen
from lab.model.protocols import PROTOCOLS
from lab.model.questions import QUESTIONS
from lab.model.starvation import ProbeSeen
from lab.model.verdict import Kind
from lab.report.junit import junit
from lab.report.last_screen import MOST_LINES, last_screen
from lab.report.markdown import markdown
from lab.report.render import PICTURES, render
from lab.report.runs import render_runs
from lab.report.sections import sections
from lab.report.terminal import comparison_lines, results_tables, surprises
from lab.results import file
from lab.results.compare import compare
from lab.results.file import CellResult, Results
from tests.fuzz import rounds
from tests.fuzz.made_up import BROKEN, TEXTS, harmless, made_up
from tests.report.test_markdown import shown
from tests.report.test_terminal import WIDTH

RECORDS: dict[str, tuple[str, type[Any]]] = {
    "pools": ("sides", SideSeen),
    "starvation": ("probes", ProbeSeen),
    "drops": ("drops", DropSeen),
    "payloads": ("payloads", PayloadSeen),
}
"""What a question records in a tuple of its own."""

MARKDOWN = {"h1", "h2", "p", "ul", "li", "strong", "table", "thead", "tbody", "tr", "th", "td"}


def one_of_a_kind(text: str) -> str:
    """A case whose part of a cell's name no other has: that part is made of its letters and digits alone."""
    return f"{text} {crc32(text.encode()):x}" if text else ""


WORDS: dict[str, st.SearchStrategy[Any]] = {
    "Results.schema": st.just(file.SCHEMA),
    "Results.run": TEXTS,
    "Cell.scenario": st.sampled_from(["s", "t"]) | TEXTS,
    "Cell.engine": st.sampled_from(["chromium", "firefox"]) | TEXTS,
    "Cell.protocol": st.sampled_from(list(PROTOCOLS)),
    "Cell.transport": st.sampled_from(["sse", "polling"]) | TEXTS,
    "Cell.opening": st.sampled_from(list(OPENINGS)),
    "Cell.route": st.just("direct"),
    "Cell.case": TEXTS.map(one_of_a_kind),
    "Cell.at_most": st.just(12) | st.integers(-(2**53), 2**53),
    "CellResult.opened": st.just(12) | st.integers(-(2**53), 2**53),
    "Verdict.kind": st.sampled_from([*Kind, Kind.CONFIRMED, Kind.REFUTED]),
    "Verdict.live": st.none() | st.integers(0, 12) | st.integers(-(2**53), 2**53),
    "Screenshot.media_type": st.sampled_from(sorted(PICTURES)) | TEXTS,
    "DropSeen.how": st.sampled_from(["end", "reset", "shut"]) | TEXTS,
    "ProbeSeen.outcome": st.sampled_from(["passed", "waited", "failed"]) | TEXTS,
    "DeliveryFigures.latency_percentiles_ms": st.just(())
    | st.tuples(BROKEN, BROKEN).map(lambda two: (two[0],) * 51 + (two[1],) * 50),
}


def cells_of(question: str) -> st.SearchStrategy[CellResult]:
    """Cells of a question, most of them with what it records, which may be nothing."""
    known: dict[str, st.SearchStrategy[Any]] = {"CellResult.delivery": st.none(), "Cell.question": st.just(question)}
    known |= {f"CellResult.{field}": st.just(()) for field, _ in RECORDS.values()}
    if question in RECORDS:
        field, kind = RECORDS[question]
        known[f"CellResult.{field}"] = st.lists(made_up(kind, WORDS), max_size=2).map(tuple)
    if question == "delivery":
        known["CellResult.delivery"] = st.none() | made_up(DeliveryFigures, WORDS)
    return made_up(CellResult, {**WORDS, **known})


def runs_of(*questions: str) -> st.SearchStrategy[Results]:
    cells = st.one_of([cells_of(question) for question in questions])
    known = {"Results.cells": st.lists(cells, min_size=1, max_size=3), "Results.calibration": st.lists(cells, max_size=1)}
    return made_up(Results, {**WORDS, **known})


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("fuzz") / "results.json"


def through(path: Path, run: Results) -> Results:
    """As a command would have it: written, and read."""
    file.write(run, path)
    return file.read(path)


class Elements(HTMLParser):
    """How often there is each element, with the names of its attributes; and what a browser would load."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: Counter[tuple[str, ...]] = Counter()
        self.loads: set[str] = set()
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found[tag, *(name for name, _ in attrs)] += 1
        self.loads |= {value or "" for name, value in attrs if name in ("src", "srcset", "action", "data")}

    def handle_comment(self, data: str) -> None:
        self.found["comment",] += 1


def drawn(run: Results) -> None:
    page, other = (Elements(render(one)) for one in (run, harmless(run)))
    assert page.found == other.found
    assert all(load.startswith(tuple(f"data:{kind};base64," for kind in PICTURES)) for load in page.loads)


@pytest.mark.parametrize("question", [name for name in QUESTIONS if name != "delivery"])
def test_a_page_has_no_element_but_its_own(path: Path, question: str) -> None:
    @rounds(9)
    @given(runs_of(question))
    def each(run: Results) -> None:
        drawn(through(path, run))

    each()


@rounds(10)
@given(run=runs_of("delivery"))
def test_nor_has_one_with_charts(path: Path, run: Results) -> None:
    drawn(through(path, run))


@rounds(12)
@given(run=runs_of(*QUESTIONS), strict=st.booleans())
def test_nor_have_the_other_forms(path: Path, run: Results, strict: bool) -> None:
    run = through(path, run)
    page = Elements(shown(markdown(run)))
    assert {name for name, *_ in page.found} <= MARKDOWN
    assert page.found["h2",] == len(sections(run))
    assert page.found["table",] == sum(len(section.tables) for section in sections(run))
    suites = list(JUnitXml.fromstring(junit(run, strict).encode()))
    assert sum(len(list(suite)) for suite in suites) == len(run.cells) + len(run.calibration)
    with nothing_obeyed() as console:
        for one in (*results_tables(run), *surprises(run)):
            console.print(one, markup=False)
        lines = last_screen(run, WIDTH)
        print_lines(console, lines)
    assert len(lines) <= MOST_LINES
    assert max(map(cell_len, lines)) <= WIDTH


@contextmanager
def nothing_obeyed() -> Iterator[Console]:
    """A console on which nothing comes that a terminal would obey."""
    out = io.StringIO()
    yield Console(file=out, width=WIDTH, highlight=False, force_terminal=False)
    assert not re.search("[\0-\x08\x0b-\x1f\x7f-\x9f]", out.getvalue())


@rounds(12)
@given(before=runs_of(*QUESTIONS), after=runs_of(*QUESTIONS))
def test_two_runs_are_compared(path: Path, before: Results, after: Results) -> None:
    before, after = through(path, before), through(path, after)
    found = compare(before, after)
    other = render_runs([harmless(before), harmless(after)])
    assert Elements(render_runs([before, after])).found == Elements(other).found
    with nothing_obeyed() as console:
        for one in comparison_lines(found):
            console.print(one, markup=False)
    assert compare(before, before).changed == ()
