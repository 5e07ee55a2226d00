"""What a person sees in the terminal: progress on standard error, tables on standard output."""

from __future__ import annotations

import os
from collections.abc import Sequence
from types import TracebackType

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from lab.browser.engines import ENGINES
from lab.doctor.machine import Checked
from lab.errors import LabError
from lab.model.browsers import LaunchAttempt
from lab.model.cell import Cell
from lab.model.verdict import Kind
from lab.report import comparison as compared
from lab.report.sections import sections
from lab.report.tables import Row, Sheet, protocol_of
from lab.results.compare import Comparison
from lab.results.file import CellResult, Results
from lab.results.repeats import groups
from lab.scenario.scenario import Scenario
from lab.text import clean

WIDTH = 80  # The width of tables where there is no terminal to ask.
MOST = 20  # Of a list of cells: the rest is in the page.

STYLES = {
    "confirmed": "green",
    "refuted": "bold magenta",
    "disputed": "bold yellow",
    "unsupported": "dim",
    "harness_fault": "bold red",
}


def output() -> Console:
    console = Console(highlight=False)
    return console if console.is_terminal or "COLUMNS" in os.environ else Console(highlight=False, width=WIDTH)


def complain(error: LabError) -> None:
    Console(stderr=True, highlight=False).print(f"seventh-tab: {error}", markup=False, soft_wrap=True)


class RunProgress:
    """A bar in a terminal, a plain line a cell elsewhere; both on standard error."""

    def __init__(self, planned: int) -> None:
        self._console = Console(stderr=True, highlight=False)
        self._planned = planned
        self._ended = 0
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=self._console,
            transient=True,
            disable=not self._console.is_terminal,
        )
        self._task = self._bar.add_task("starting", total=planned)

    def __enter__(self) -> RunProgress:
        self._bar.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._bar.stop()

    def calibrated(self, result: CellResult) -> None:
        line = Text(f"calibration over {result.protocol}: ")
        line.append(result.verdict, STYLES.get(result.verdict, ""))
        self._console.print(line.append(f" ({result.why})"), soft_wrap=True)

    def cell_begins(self, cell: Cell) -> None:
        self._bar.update(self._task, description=f"{cell.scenario}: {cell.engine}, {cell.protocol}, {cell.transport}")

    def cell_ended(self, result: CellResult) -> None:
        self._ended += 1
        self._bar.advance(self._task)
        what = f"[{self._ended}/{self._planned}] {result.scenario} {result.engine} {result.protocol} {result.transport}"
        what += f", {result.case}" if result.case else f", {result.opened}"
        count = "nothing measured" if result.live is None else result.answer or f"{result.live} of {result.asked} live"
        line = Text(f"{what}: {count}, ")
        line.append(result.verdict, STYLES.get(result.verdict, ""))
        line.append(f" ({result.seconds:.1f} s)")
        self._console.print(line, soft_wrap=True)


def results_tables(results: Results) -> list[Table]:
    """The tables of each scenario, with a row for the repeats of a cell together."""
    return [sheet_table(section.name, sheet) for section in sections(results) for sheet in section.sheets]


def sheet_table(name: str, sheet: Sheet) -> Table:
    """What leads a row is one column, and what is not brief is left out: it must fit into 80 columns."""
    title = clean(f"\n{name}: {sheet.title}")
    table = Table(title=Text(title, "bold"), title_justify="left", box=SIMPLE_HEAD, padding=0)
    shown = [number for number, column in enumerate(sheet.columns) if column.brief]
    table.add_column("", overflow="fold")  # Text, wherever words of a scenario stand: rich reads [brackets] in a string.
    for column in (sheet.columns[number] for number in shown):
        table.add_column(Text(clean(column.name)), justify="right" if column.number else "left", overflow="fold")
    for row in sheet.rows:
        cells = [row.cells[number] for number in shown]
        table.add_row(Text(clean(lead(row))), *(Text(clean(cell), STYLES.get(cell.replace(" ", "_"), "")) for cell in cells))
    return table


def lead(row: Row) -> str:
    """`chromium h2 (100) sse`: in the words of the command line."""
    run = row.group.first if row.group else None
    return f"{run.engine} {protocol_of(run)} {row.what}" if run else row.what


def say_comparison(comparison: Comparison, console: Console) -> None:
    """What the runs were made with, what changed, and what nothing is said of; of a long list the beginning."""
    a, b = comparison.runs
    console.print(Text(clean(f"A is run {a}, B is run {b}.")))
    for sheet in compared.made_with(comparison):
        console.print(sheet_table("compare", sheet))
    for words in compared.words(comparison):
        console.print(Text(clean(words)))
    for sheet in compared.changes(comparison):
        console.print(sheet_table("compare", sheet))
    for title, cells in compared.lists(comparison):
        more = [f"and {len(cells) - MOST} more"] if len(cells) > MOST else []
        console.print(Text(clean("\n  ".join([f"{title}:", *cells[:MOST], *more]))))


def surprises(results: Results) -> list[str]:
    """The cells that need a word: everything that is not simply confirmed, the gravest run of each; and runs that differ."""
    lines = [f"calibration over {one.protocol}: {one.why}" for one in results.calibration if one.verdict != Kind.CONFIRMED]
    for one in groups(results):
        run = one.shown
        where = " ".join(part for part in (run.scenario, run.engine, run.protocol, run.transport, run.opened, run.case) if part)
        if one.verdict != Kind.CONFIRMED:
            lines.append(f"{where}: {one.verdict.replace('_', ' ')}: {run.why}")
        if one.reason:
            lines.append(f"{where}: {one.live} live: {one.reason}")
    return lines


def machine_table(found: Sequence[Checked]) -> Table:
    table = Table(box=SIMPLE_HEAD, padding=0)
    table.add_column("checked", overflow="fold")
    table.add_column("found", overflow="fold")
    table.add_column("what would go wrong, and what to do", overflow="fold")
    for one in found:
        style = STYLES["harness_fault" if one.fails else "disputed" if one.wrong else "confirmed"]
        table.add_row(one.what, Text(one.found, style), Text(f"{one.wrong}: {one.todo}" if one.wrong else "nothing"))
    return table


def doctor_table(tried: Sequence[LaunchAttempt]) -> Table:
    table = Table(show_lines=True)
    table.add_column("engine")
    table.add_column("candidate", overflow="fold")
    table.add_column("found, or why not", overflow="fold")
    table.add_column("the command that mends it", overflow="fold")
    for one in tried:
        found = Text(f"found, {one.version}", "green") if one.version else Text(one.reason or "")
        table.add_row(ENGINES[one.engine].title, one.what, found, "" if one.version else one.mend)
    return table


def scenarios_table(catalogue: dict[str, Scenario]) -> Table:
    table = Table(show_lines=True)
    for name in ("scenario", "protocols", "transports", "tabs", "the question"):
        table.add_column(name)
    for one in catalogue.values():
        question = " ".join(one.question.split())
        table.add_row(
            one.name,
            "\n".join(one.protocols),
            "\n".join(one.transports),
            ", ".join(map(str, one.tabs)) or "up to a wall",
            question,
        )
    return table
