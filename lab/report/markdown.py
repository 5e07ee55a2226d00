"""The results as Markdown for GitHub: for a pull request, an issue, or a job's summary. No text in them becomes HTML or a
link."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from lab.model.protocols import PROTOCOLS
from lab.model.verdict import KINDS
from lab.report.findings import advice, differing, findings, others, untold
from lab.report.sections import sections
from lab.report.tables import Row, Table, cell_title, texts
from lab.results.file import CellResult, Results
from lab.results.names import engine_title
from lab.text import clean

LINKED = re.compile(r"[@#]|:(?=//)|\bwww(?=\.)|\bgh-(?=\d)", re.IGNORECASE)
"""The start of a mention, an issue reference or an address that GitHub turns into a link. Entities do not help, since GitHub
decodes them first, so a zero-width space is inserted."""

LONE = re.compile(r"(?<![^\W_])_|_(?![^\W_])")
"""An underscore that may begin or end an emphasis; not the one in `long_polling`."""

MARKS = str.maketrans({mark: f"&#{ord(mark)};" for mark in "&<>|\\`*[]~$\u200b"})
"""The characters that Markdown interprets, as entities: a backslash escapes differently in a table than in other text."""


def inline(text: str) -> str:
    """A text on one line, escaped so that GitHub shows it unchanged."""
    line = " ".join(clean(text).split())
    return LONE.sub("&#95;", LINKED.sub("\\g<0>\u200b", line).translate(MARKS))


def table_markdown(table: Table) -> str:
    """A table in Markdown, without its title."""
    lead = ["engine", "protocol", table.about] if table.about_cells else [table.about]
    heads = [*lead, *(column.heading for column in table.columns)]
    rules = ["---"] * len(lead) + ["--:" if column.number else "---" for column in table.columns]
    rows = [[*leading(row, table), *texts(row, table.columns)] for row in table.rows]
    return "\n".join([line(map(inline, heads)), line(rules), *(line(map(inline, row)) for row in rows)]) + "\n"


def leading(row: Row, table: Table) -> list[str]:
    """The first values of a row: what the row is about, and before that engine and protocol in a table about cells."""
    if not table.about_cells:
        return [row.what]
    run = row.repeats.first if row.repeats else None
    return [engine_title(run), PROTOCOLS[run.cell.protocol].title, row.what] if run else ["", "", row.what]


def line(cells: Iterable[str]) -> str:
    """One line of a Markdown table."""
    return f"| {' | '.join(cells)} |"


def markdown(results: Results) -> str:
    """The whole text: findings, what differs, cells without a clear answer, and every table."""
    found = findings(results) or ["Nothing was measured."]
    told = [*found, *(one for one in others(results) if one not in found), how_it_ended(results), advice(results)]
    parts = [f"# Seventh Tab · {inline(results.started[:10])}", *(inline(sentence) for sentence in told if sentence)]
    parts += listing("Where browsers differ from the documentation", differing(results))
    parts += listing("Without a clear answer", untold(results))
    for section in sections(results):
        parts.append(f"## {inline(section.title)}" + (f" ({inline(section.name)})" if section.title != section.name else ""))
        for table in section.tables:
            parts += [f"**{inline(table.title)}**", table_markdown(table).rstrip()]
    return "\n\n".join([*parts, inline(made_with(results))]) + "\n"


def listing(title: str, runs: Sequence[CellResult]) -> list[str]:
    """A title and a list of cells; nothing where there are no cells."""
    return [f"**{title}**", "\n".join(map(item, runs))] if runs else []


def item(run: CellResult) -> str:
    """One cell of a list: its verdict, what it is called, and why."""
    return f"- **{KINDS[run.verdict.kind].label}** {inline(cell_title(run))}: {inline(run.verdict.why)}"


def how_it_ended(results: Results) -> str:
    """A sentence about a run that was interrupted or cut off; empty for a complete one."""
    if results.finished is not None:
        return ""
    ended = "interrupted" if results.interrupted else "cut off"
    return f"This run was {ended} after {len(results.cells)} of {results.planned} cells."


def made_with(results: Results) -> str:
    """The machine, the browsers and the versions of a run, in one sentence."""
    machine = results.machine
    load = "" if machine.load is None else f", load {machine.load} when it began"
    browsers = [f"{run.cell.engine} {run.engine_version}" for run in results.cells if run.engine_version]
    versions = [*dict.fromkeys(browsers), *(f"{name} {version}" for name, version in results.versions.items())]
    return f"Measured on {machine.system}, {machine.cpus} processors{load}, with {', '.join(versions)}."
