"""The report as one HTML file: the same results give the same bytes."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path

import msgspec

from lab.errors import MachineError
from lab.model.observation import ClientSeen, Screenshot
from lab.model.openings import OPENINGS
from lab.model.protocols import PROTOCOLS
from lab.model.questions import QUESTIONS
from lab.model.verdict import Kind
from lab.report import argument, cells, probe
from lab.report.answers import Source, answer_table, claimed, sources
from lab.report.findings import differing, findings, untold
from lab.report.html import own, style, template
from lab.report.sections import CHAPTERS, Section, sections, sentences
from lab.report.tables import Found, Table, cell_title, live_of_opened
from lab.report.timeline import client_state, noun, timeline
from lab.results.file import CellResult, Results
from lab.results.names import engine_name, engine_title, label
from lab.results.record import RUN
from lab.results.repeats import Repeats

MOST_ROWS = 24
"""The most rows in a cell's tables; the others are in results.json."""

RELOAD_S = 5
"""The time after which the page of a run that goes on reloads itself, in seconds."""

PICTURES = {"image/jpeg", "image/png", "image/webp"}
"""The media types that the page shows."""


class Part(msgspec.Struct, frozen=True):
    """The answer to one question. `table` is None where the question was not asked, and `ask` is the command that asks it.
    `legend`: the kinds of verdict that are marked in the table."""

    name: str
    title: str
    lead: list[str]
    table: Table | None
    sections: list[Section]
    ask: str = ""
    legend: tuple[Kind, ...] = ()


def parts(told: Sequence[Section], start: str, *, probing: bool) -> list[Part]:
    """A part for each question, in the order of the report; also for those that this run did not ask. A probe has only its
    own."""
    known = () if probing else CHAPTERS
    by_question = {name: [one for one in told if one.question == name] for name in known}
    for one in told:
        if one.question not in by_question:
            by_question[one.question] = [each for each in told if each.question == one.question]
    return [part(name, members, start) for name, members in by_question.items()]


def part(name: str, members: list[Section], start: str) -> Part:
    """The answer to one question, from the sections that asked it."""
    question = QUESTIONS.get(name)
    title = question.title if question else (members[0].title if members else name)
    if not members:
        by_scenario = f"{start} {question.asked_by}" if question and question.asked_by else ""
        return Part(name, title, [], None, [], by_scenario or (question.command if question else ""))
    groups = [one for section in members for one in section.groups]
    of = sources(groups)
    lead = members[0].chapter.lead(groups, {one.engine: one.title for one in of})
    table = answer_table(members[0].chapter.answer, of)
    return Part(name, title, lead, table if table.rows else None, members, legend=legend(table))


def legend(table: Table) -> tuple[Kind, ...]:
    """The kinds of verdict that a table marks."""
    kinds = {one.kind for row in table.rows for one in row.values.values() if isinstance(one, Found)}
    return tuple(kind for kind in Kind if kind in kinds and kind is not Kind.CONFIRMED)


def start_of(results: Results) -> str:
    """What a command of this run begins with, as its cells say it."""
    for run in results.cells:
        before, found, _ = run.command.partition(f" {shlex.quote(run.cell.scenario)} ")
        if found:
            return before
    return RUN


def pictures(run: CellResult) -> list[tuple[ClientSeen, Screenshot]]:
    """Each client with its screenshot, which may have a reason instead of an image."""
    taken = {one.tab: one for one in run.screenshots}
    return [(client, taken[client.tab]) for client in run.clients if client.tab in taken]


def headline(results: Results, of: Sequence[Source]) -> list[str]:
    """The sentence at the top, or several where the tabs do not support a single one."""
    found = (probe if probe.is_probe(results) else argument).headline(of)
    return [found] if found else findings(results) or ["Nothing was measured."]


def render(results: Results, running: bool = False) -> str:
    """The whole HTML page. `running`: the run goes on. The page says so, reloads itself, and leaves out the charts, which cost
    most of the time."""
    told = sections(results)
    groups: list[Repeats] = [one for section in told for one in section.groups]
    of = sources(groups)
    probing = probe.is_probe(results)
    first = probe if probing else argument
    listing = cells.index(told)
    return template("report.html.j2").render(
        results=results,
        running=running,
        reload_s=RELOAD_S,
        browsers=list(dict.fromkeys(engine_title(run) for run in results.cells if run.engine_version)),
        headline=headline(results, of),
        lede=first.lede(of),
        cards=argument.cards(of),
        advice=first.advice(groups),
        certainty=first.certainty(of),
        parts=parts(told, start_of(results), probing=probing),
        probing=probing,
        proxied=any(one.proxy for one in results.cells),
        start=start_of(results),
        differing=differing(results),
        untold=untold(results),
        index=listing,
        opened=sum(len(one.lines) for one in listing) <= cells.MOST_OPEN,
        filters=cells.filters(listing),
        sentences=partial(sentences, results),
        measured=len(results.cells),
        pictures=pictures,
        picture_types=PICTURES,
        linking=True,
        cell_title=cell_title,
        label=label,
        claimed=claimed,
        live_of_opened=live_of_opened,
        timeline=timeline,
        client_state=client_state,
        noun=noun,
        openings=OPENINGS,
        questions=QUESTIONS,
        most=MOST_ROWS,
        protocols=PROTOCOLS,
        engine_name=engine_name,
        engine_title=engine_title,
        style=style(),
        script=own("report.js"),
    )


def write_report(results: Results, path: Path, running: bool = False) -> Path:
    """Write the page to a file, and return its path. A reader of the file sees the old page or the new one, never a part.
    Raises MachineError if it can't be written."""
    new = path.with_name(f"{path.name}.new")
    try:
        new.write_text(render(results, running), encoding="utf-8")
        new.replace(path)
    except OSError as error:
        with suppress(OSError):
            new.unlink(missing_ok=True)
        raise MachineError(f"{path} could not be written: {error.strerror}", "choose another place with --out") from error
    return path
