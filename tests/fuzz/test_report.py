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

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from junitparser import JUnitXml
from rich.console import Console

from lab.cli.console import WIDTH, results_tables, say_comparison, surprises
from lab.judge.figures import Way
from lab.model.drops import DropSeen
from lab.model.openings import OPENINGS
from lab.model.payloads import PayloadSeen
from lab.model.protocols import PROTOCOLS
from lab.model.starvation import ProbeSeen
from lab.model.verdict import Kind, Limit
from lab.report.comparison import render_comparison
from lab.report.junit import junit
from lab.report.markdown import markdown
from lab.report.render import render
from lab.report.sections import sections
from lab.results import file as results
from lab.results.compare import compare
from lab.results.file import CellResult, Results
from lab.text import clean
from tests.fuzz import rounds
from tests.fuzz.made_up import BROKEN, TEXTS, harmless, made_up
from tests.report.test_markdown import shown

SHAPES: list[dict[str, Any]] = [{}, {"probes": ProbeSeen}, {"drops": DropSeen}, {"payloads": PayloadSeen}, {"case": str}]
"""What makes a cell of another kind than those that only count tabs."""

MARKDOWN = {"h1", "h2", "p", "ul", "li", "strong", "table", "thead", "tbody", "tr", "th", "td"}

WORDS: dict[str, st.SearchStrategy[Any]] = {
    "Results.schema": st.just(results.SCHEMA),
    "Results.run": TEXTS,
    "CellResult.scenario": st.sampled_from(["s", "t"]) | TEXTS,
    "CellResult.engine": st.sampled_from(["chromium", "firefox"]) | TEXTS,
    "CellResult.group": st.sampled_from(["g", "h", "i"]) | TEXTS,
    "CellResult.protocol": st.sampled_from(list(PROTOCOLS)),
    "CellResult.opened": st.sampled_from(list(OPENINGS)),
    "CellResult.verdict": st.sampled_from([*Kind, Kind.CONFIRMED, Kind.REFUTED]).map(str),
    "CellResult.cause": st.none() | st.sampled_from(list(Limit)).map(str),
    "CellResult.live": st.none() | st.integers(0, 12) | st.integers(-(2**53), 2**53),
    "CellResult.asked": st.just(12) | st.integers(-(2**53), 2**53),
    "CellResult.up_to": st.just(12) | st.integers(-(2**53), 2**53),
    "DropSeen.how": st.sampled_from(["end", "reset", "shut"]) | TEXTS,
    "ProbeSeen.outcome": st.sampled_from(["passed", "waited", "failed"]) | TEXTS,
    "Way.latency_ms": st.just(()) | st.tuples(BROKEN, BROKEN).map(lambda two: (two[0],) * 51 + (two[1],) * 50),
}


def cells_of(shape: dict[str, Any]) -> st.SearchStrategy[CellResult]:
    plain = {"way": st.none(), "case": st.just(""), **dict.fromkeys(("probes", "drops", "payloads"), st.just(()))}
    for name, kind in shape.items():
        some = made_up(kind, WORDS)
        plain[name] = TEXTS if kind is str else some if kind is Way else st.lists(some, min_size=1, max_size=2).map(tuple)
    return made_up(CellResult, {**WORDS, **{f"CellResult.{name}": values for name, values in plain.items()}})


def runs_of(*shapes: dict[str, Any]) -> st.SearchStrategy[Results]:
    cells = st.one_of([cells_of(shape) for shape in shapes])
    known = {"Results.cells": st.lists(cells, min_size=1, max_size=3), "Results.calibration": st.lists(cells, max_size=1)}
    return made_up(Results, {**WORDS, **known})


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("fuzz") / "results.json"


def through(path: Path, run: Results) -> Results:
    """As a command would have it: written, and read."""
    results.write(run, path)
    return results.read(path)


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


def grouped(run: Results) -> Results:
    """The same run, with groups as a run has them: who is in one differs in nothing that orders the sentences."""
    for number, one in enumerate(run.cells):
        group = "|".join((one.scenario, one.engine, one.protocol, one.transport, one.case))
        run.cells[number] = msgspec.structs.replace(one, group=group)
    return run


def drawn(run: Results) -> None:
    render(run)
    page, other = (Elements(render(one)) for one in (grouped(run), harmless(run)))
    assert page.found == other.found
    assert all(load.startswith("data:image/jpeg;base64,") for load in page.loads)


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: next(iter(shape), "tabs"))
def test_a_page_has_no_element_but_its_own(path: Path, shape: dict[str, Any]) -> None:
    @rounds(18)
    @given(runs_of(shape))
    def each(run: Results) -> None:
        drawn(through(path, run))

    each()


@rounds(6)
@given(run=runs_of({"way": Way}))
def test_nor_has_one_with_charts(path: Path, run: Results) -> None:
    drawn(through(path, run))


@rounds(25)
@given(run=runs_of(*SHAPES, {"way": Way}), strict=st.booleans())
def test_nor_have_the_other_forms(path: Path, run: Results, strict: bool) -> None:
    run = through(path, run)
    page = Elements(shown(markdown(run)))
    assert {name for name, *_ in page.found} <= MARKDOWN
    assert page.found["h2",] == len(sections(run))
    assert page.found["table",] == sum(bool(sheet.rows) for section in sections(run) for sheet in section.sheets)
    suites = list(JUnitXml.fromstring(junit(run, strict).encode()))
    assert sum(len(list(suite)) for suite in suites) == len(run.cells) + len(run.calibration)
    with nothing_obeyed() as console:
        for one in (*results_tables(run), *(clean(line) for line in surprises(run))):
            console.print(one, markup=False)


@contextmanager
def nothing_obeyed() -> Iterator[Console]:
    """A console on which nothing comes that a terminal would obey."""
    out = io.StringIO()
    yield Console(file=out, width=WIDTH, highlight=False, force_terminal=False)
    assert not re.search("[\0-\x08\x0b-\x1f\x7f-\x9f]", out.getvalue())


@rounds(12)
@given(before=runs_of(*SHAPES, {"way": Way}), after=runs_of(*SHAPES, {"way": Way}))
def test_two_runs_are_compared(path: Path, before: Results, after: Results) -> None:
    before, after = through(path, before), through(path, after)
    found = compare(before, after)
    other = compare(harmless(before), harmless(after))
    assert Elements(render_comparison(found)).found == Elements(render_comparison(other)).found
    with nothing_obeyed() as console:
        say_comparison(found, console)
    assert compare(before, before).changed == ()
