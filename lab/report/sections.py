"""The chapters of a report (how each kind of question is shown), and its sections (the scenarios of a run, in order).

A scenario declares its question, so a section has its title and tables even if nothing was measured. A new question is a row in
`CHAPTERS`; a question without one is shown as a plain table.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import msgspec
from markupsafe import Markup

from lab.model.questions import DEFAULT_QUESTION, QUESTIONS
from lab.report import buffering, charts, delivery, drops, hops, limits, payloads, pools, probe, silence, starvation
from lab.report.answers import Answer, Entry
from lab.report.tables import ANSWER, LIVE, OPENED, REPEATS, VERDICT, Row, Table, grouped, live, opened, repeats_in_words
from lab.results.file import Results
from lab.results.names import engine_title, label
from lab.results.repeats import Repeats, repeats

Groups = Sequence[Repeats]


def no_sentences(groups: Groups, titles: Mapping[str, str]) -> list[str]:
    """The sentences of a chapter that has none."""
    return []


def no_charts(groups: Groups) -> list[tuple[str, Markup]]:
    """The charts of a chapter that has none."""
    return []


class Chapter(msgspec.Struct, frozen=True, kw_only=True):
    """How one kind of question is shown.

    `answer` draws the table with browsers side by side, and `lead` has one or two sentences about it. `tables`, `sentences` and
    `charts` have the details. All are functions of the cells with their repeats; `lead` and `sentences` also get the title of
    each engine. `counted`: the answer is a number of live clients."""

    answer: Answer
    tables: Callable[[Groups], list[Table]]
    lead: Callable[[Groups, Mapping[str, str]], list[str]] = no_sentences
    sentences: Callable[[Groups, Mapping[str, str]], list[str]] = no_sentences
    charts: Callable[[Groups], list[tuple[str, Markup]]] = no_charts
    counted: bool = False


CHAPTERS: dict[str, Chapter] = {
    "limits": Chapter(answer=limits.ANSWER, counted=True, lead=limits.lead, tables=limits.tables, sentences=limits.sentences),
    "pools": Chapter(answer=pools.ANSWER, lead=pools.lead, tables=pools.tables, sentences=pools.sentences),
    "starvation": Chapter(
        answer=starvation.ANSWER, lead=starvation.lead, tables=starvation.tables, sentences=starvation.sentences
    ),
    "delivery": Chapter(
        answer=delivery.ANSWER,
        counted=True,
        lead=delivery.lead,
        tables=delivery.tables,
        sentences=delivery.sentences,
        charts=charts.charts,
    ),
    "drops": Chapter(answer=drops.ANSWER, lead=drops.lead, tables=drops.tables, sentences=drops.sentences),
    "payloads": Chapter(answer=payloads.ANSWER, lead=payloads.lead, tables=payloads.tables, sentences=payloads.sentences),
    "hops": Chapter(answer=hops.ANSWER, counted=True, lead=hops.lead, tables=hops.tables, sentences=hops.sentences),
    "buffering": Chapter(answer=buffering.ANSWER, lead=buffering.lead, tables=buffering.tables, sentences=buffering.sentences),
    "silence": Chapter(answer=silence.ANSWER, lead=silence.lead, tables=silence.tables, sentences=silence.sentences),
    "probe": Chapter(answer=probe.ANSWER, lead=probe.lead, tables=probe.tables, sentences=probe.sentences),
}
"""The chapters by the question's name (lab/model/questions.py), in the order of the report."""


def plain_tables(groups: Groups) -> list[Table]:
    """A table for any question: each cell with its verdict and its answer."""
    rows = tuple(
        Row(
            one,
            label(one.first),
            {
                "answer": one.answer or None,
                "live": live(one),
                "opened": opened(one),
                "verdict": one.verdict,
                "repeats": repeats_in_words(one),
            },
        )
        for one in groups
    )
    return [Table("Each cell with its answer", "cell", (ANSWER, LIVE, OPENED, VERDICT, REPEATS), rows)]


def plain_entries(one: Repeats) -> list[Entry]:
    """A row for any cell: its answer, or how many clients were live."""
    return [Entry((label(one.first),), {"answer": one.answer or None, "live": live(one)})]


PLAIN = Chapter(
    answer=Answer(title="Each cell with its answer", about="cell", entries=plain_entries, measures=(ANSWER, LIVE)),
    tables=plain_tables,
)
"""The chapter of a question without a row in `CHAPTERS`."""


class Section(msgspec.Struct, frozen=True):
    """One section of the report: the cells of one scenario. `name` is the scenario's name."""

    question: str
    name: str
    groups: tuple[Repeats, ...]

    @property
    def title(self) -> str:
        """The question in a reader's words; the scenario's name if the question is unknown."""
        return QUESTIONS[self.question].title if self.question in QUESTIONS else self.name

    @property
    def chapter(self) -> Chapter:
        return CHAPTERS.get(self.question, PLAIN)

    @property
    def tables(self) -> list[Table]:
        """The tables that have at least one row."""
        return [table for table in self.chapter.tables(self.groups) if table.rows]

    @property
    def charts(self) -> list[tuple[str, Markup]]:
        return self.chapter.charts(self.groups)

    @property
    def headline(self) -> bool:
        """Whether the report begins with this section's sentences."""
        return self.question == DEFAULT_QUESTION and limits.is_headline(self.groups)


def sections(results: Results) -> list[Section]:
    """A section for each scenario, in the order of the chapters; of those about limits, the one with plain tabs first."""
    by_scenario = grouped(repeats(results), lambda one: one.first.cell.scenario)
    found = [Section(members[0].first.cell.question, name, tuple(members)) for name, members in by_scenario.items()]
    order = {question: place for place, question in enumerate(CHAPTERS)}
    return sorted(found, key=lambda one: (order.get(one.question, len(order)), not one.headline))


def sentences(results: Results, section: Section) -> list[str]:
    """The sentences of a section."""
    runs = sorted(results.cells, key=lambda run: bool(run.engine_version))
    return section.chapter.sentences(section.groups, {run.cell.engine: engine_title(run) for run in runs})
