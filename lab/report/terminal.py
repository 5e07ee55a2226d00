"""What `show --text` prints of results: the page's tables, reduced to 80 columns, and the cells that need an explanation.

The functions return objects of the library rich, which the command line prints. All text is cleaned and becomes a `Text`: in a
plain string, rich would interpret [brackets], and the terminal would interpret control characters.
"""

from __future__ import annotations

from rich.box import SIMPLE_HEAD
from rich.console import RenderableType
from rich.table import Table as RichTable
from rich.text import Text

from lab.model.protocols import PROTOCOLS
from lab.model.verdict import KINDS, Kind
from lab.report import comparison as compared
from lab.report.findings import counting
from lab.report.sections import sections
from lab.report.tables import Column, Row, Table, Value, cell_title, text
from lab.results.compare import Comparison
from lab.results.file import Results
from lab.results.names import engine_title, protocol_of
from lab.results.repeats import repeats
from lab.text import clean, first_sentence

MOST_LISTED = 20
"""The most items of a list; the others are only in the page."""


def results_tables(results: Results) -> list[RenderableType]:
    """The tables of each scenario, with one row for all repeats of a cell."""
    return [table_of(table, section.name) for section in sections(results) for table in section.tables]


def table_of(table: Table, name: str = "") -> RichTable:
    """One table, with `name` before its title. The first column has each row's label; columns that are not brief are left
    out."""
    title = f"{name}: {table.title}" if name else table.title
    drawn = RichTable(title=Text(clean(f"\n{title}"), "bold"), title_justify="left", box=SIMPLE_HEAD, padding=0)
    columns = [column for column in table.columns if column.brief]
    drawn.add_column("", overflow="fold")
    for column in columns:
        drawn.add_column(Text(clean(column.heading)), justify="right" if column.number else "left", overflow="fold")
    for row in table.rows:
        drawn.add_row(Text(clean(lead(row))), *(value(row.values.get(column.key), column) for column in columns))
    return drawn


def value(raw: Value, column: Column) -> Text:
    """One cell of a table; a verdict has its colour."""
    return Text(clean(text(raw, column)), KINDS[raw].style if isinstance(raw, Kind) else "")


def lead(row: Row) -> str:
    """A row's label, with engine and protocol: `Chromium 156, h2 (100), Server-sent events`."""
    run = row.repeats.first if row.repeats else None
    return f"{engine_title(run)}, {protocol_of(run)}, {row.what}" if run else row.what


def surprises(results: Results) -> list[str]:
    """A line for each cell that is not confirmed (by its gravest repeat), and for each cell whose repeats differ. Also for each
    calibration that is not confirmed. Only the first sentence of a reason: the others may quote what a page received. A fault
    that repeats has one line, with the number of the cells that have it."""
    lines = [
        f"calibration over {PROTOCOLS[one.cell.protocol].title}: {KINDS[one.verdict.kind].label}: {one.verdict.why}"
        for one in results.calibration
        if one.verdict.kind != Kind.CONFIRMED
    ]
    faults = set[str]()
    for one in repeats(results):
        where, why = f"{one.shown.cell.scenario}: {cell_title(one.shown)}", one.shown.verdict.why
        if one.verdict != Kind.CONFIRMED and why not in faults:
            lines.append(f"{where}: {KINDS[one.verdict].label}: {first_sentence(counting(one.shown, results).verdict.why)}")
        if one.verdict is Kind.HARNESS_FAULT:
            faults.add(why)
        if one.reason:
            lines.append(f"{where}: {one.live} live: {one.reason}")
    return [clean(line) for line in lines]


def comparison_lines(comparison: Comparison) -> list[RenderableType]:
    """What differs between the runs as a whole, what changed, and what was not compared. Long lists are cut."""
    a, b = comparison.runs
    found: list[RenderableType] = [Text(clean(f"A is run {a}, B is run {b}."))]
    found += [table_of(table) for table in compared.made_with(comparison)]
    found += [Text(clean(words)) for words in compared.words(comparison)]
    found += [table_of(table) for table in compared.changes(comparison)]
    for title, cells in compared.lists(comparison):
        more = [f"and {len(cells) - MOST_LISTED} more"] if len(cells) > MOST_LISTED else []
        found.append(Text(clean("\n  ".join([f"{title}:", *cells[:MOST_LISTED], *more]))))
    return found
