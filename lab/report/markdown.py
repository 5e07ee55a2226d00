"""The results as Markdown for GitHub: for a pull request, an issue, a job's summary. Nothing becomes HTML or a link."""

from __future__ import annotations

import re
from collections.abc import Sequence

from lab.model.protocols import PROTOCOLS
from lab.report.findings import advice, findings, others, surprising
from lab.report.sections import sections
from lab.report.tables import Row, Sheet, engine_title
from lab.results.file import CellResult, Results
from lab.text import clean

LINKED = re.compile(r"[@#]|:(?=//)|\bwww(?=\.)|\bgh-(?=\d)", re.IGNORECASE)
"""Where a name, a number or an address begins that GitHub would make a link of. It decodes entities before: only a space of no
width stands in its way."""

LONE = re.compile(r"(?<![^\W_])_|_(?![^\W_])")
"""An underscore that may begin or end an emphasis; not the one in `long_polling`."""

MARKS = str.maketrans({mark: f"&#{ord(mark)};" for mark in "&<>|\\`*[]~$\u200b"})
"""What Markdown reads as its own. Entities, since a table takes a backslash otherwise than the text around it does."""


def inline(text: str) -> str:
    """One line that GitHub shows as it is written here."""
    line = " ".join(clean(text).split())
    return LONE.sub("&#95;", LINKED.sub("\\g<0>\u200b", line).translate(MARKS))


def sheet_markdown(sheet: Sheet) -> str:
    """The table alone; its title is for who places it."""
    about_cells = any(row.group for row in sheet.rows)
    lead = ["engine", "protocol", sheet.about] if about_cells else [sheet.about]
    heads = [*lead, *(column.name for column in sheet.columns)]
    rules = ["---"] * len(lead) + ["--:" if column.number else "---" for column in sheet.columns]
    lines = [line([inline(head) for head in heads]), line(rules)]
    return "\n".join([*lines, *(line([inline(cell) for cell in cells_of(row, about_cells)]) for row in sheet.rows)]) + "\n"


def cells_of(row: Row, about_cells: bool) -> list[str]:
    run = row.group.first if row.group else None
    lead = ["", ""] if run is None else [engine_title(run), PROTOCOLS[run.protocol].title]
    return [*(lead if about_cells else []), row.what, *row.cells]


def line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def markdown(results: Results) -> str:
    """The finding, what needs a word, and every table."""
    found = findings(results) or ["Nothing was measured."]
    told = [*found, *(one for one in others(results) if one not in found), how_it_ended(results), advice(results)]
    parts = [f"# Seventh Tab · {inline(results.started[:10])}", *(inline(sentence) for sentence in told if sentence)]
    if surprises := surprising(results):
        parts.append("\n".join(surprise(cell) for cell in surprises))
    for section in sections(results):
        parts.append(f"## {inline(section.name)}")
        for sheet in section.sheets:
            if sheet.rows:
                parts += [f"**{inline(sheet.title)}**", sheet_markdown(sheet).rstrip()]
    return "\n\n".join([*parts, inline(made_with(results))]) + "\n"


def surprise(cell: CellResult) -> str:
    where = f"{engine_title(cell)}, {PROTOCOLS[cell.protocol].title}"
    return f"- **{inline(cell.verdict.replace('_', ' '))}** {inline(where)}: {inline(cell.why)}"


def how_it_ended(results: Results) -> str:
    """Nothing for a run that came to its end."""
    if results.finished is not None:
        return ""
    ended = "interrupted" if results.interrupted else "cut off"
    return f"This run was {ended} after {len(results.cells)} of {results.planned} cells."


def made_with(results: Results) -> str:
    machine = results.machine
    load = "" if machine.load is None else f", load {machine.load} when it began"
    browsers = [f"{cell.engine} {cell.engine_version}" for cell in results.cells if cell.engine_version]
    versions = [*dict.fromkeys(browsers), *(f"{name} {version}" for name, version in results.versions.items())]
    return f"Measured on {machine.system}, {machine.cpus} processors{load}, with {', '.join(versions)}."
