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

from lab.agreement import Group, groups
from lab.browser.engines import ENGINES
from lab.cell import Cell
from lab.judge import Kind
from lab.observation import Tried
from lab.protocols import PROTOCOLS
from lab.report.finding import sections
from lab.report.sheets import CELL, SHEETS, Sheet
from lab.results import CellResult, Results
from lab.scenario import Scenario

WIDTH = 80  # The width of tables where there is no terminal to ask.

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
    """A table for each scenario, with a row for the repeats of a cell together."""
    return [table for kind, name, members in sections(results) for table in tables(kind, name, members)]


def tables(kind: str, name: str, groups: Sequence[Group]) -> list[Table]:
    if kind in SHEETS:
        return [sheet_table(name, sheet) for sheet in SHEETS[kind](groups)]
    return [KINDS.get(kind, live_table)(name, groups)]


def sheet_table(name: str, sheet: Sheet) -> Table:
    table = titled(f"{name}: {sheet.title}")
    first = len(CELL) if sheet.columns[:2] == CELL[:2] else 1  # Side by side they would leave no room for the rest.
    table.add_column("", no_wrap=True)
    for column in sheet.columns[first:]:
        table.add_column(column.lstrip("#"), justify="right" if column.startswith("#") else "left", overflow="fold")
    for _, cells in sheet.rows:
        table.add_row(" ".join(cells[:first]), *cells[first:])
    return table


def titled(name: str, columns: str = "") -> Table:
    table = Table(title=f"\n{name}", title_justify="left", title_style="bold", box=SIMPLE_HEAD, padding=0)
    for column in columns.split(", ") if columns else ():
        table.add_column(column, justify="right" if column in ("live", "of") else "left", overflow="fold")
    return table


def protocol_of(run: CellResult) -> str:
    """`h2 (100)`: over HTTP/2 with what the origin allows."""
    multiplexed = PROTOCOLS[run.protocol].multiplexed
    return f"{run.protocol} ({run.streams_per_connection})" if multiplexed else run.protocol


def word(group: Group) -> Text:
    return Text(group.verdict.replace("_", " "), STYLES.get(group.verdict, ""))


def live_table(name: str, groups: Sequence[Group]) -> Table:
    table = titled(name, "engine, protocol, transport, opened, live, of, verdict")
    for one in groups:
        run, asked = one.first, str(max(cell.asked for cell in one.runs))
        table.add_row(run.engine, protocol_of(run), run.transport, run.opened, one.live, asked, word(one))
    return table


def pools_table(name: str, groups: Sequence[Group]) -> Table:
    table = titled(name, "engine, protocol, case, answer, verdict")
    for one in groups:
        table.add_row(one.first.engine, protocol_of(one.first), one.first.case, one.answer or "–", word(one))
    return table


def starvation_table(name: str, groups: Sequence[Group]) -> Table:
    table = titled(name, "engine, protocol, got through, verdict")
    for one in groups:
        table.add_row(one.first.engine, protocol_of(one.first), one.answer or "–", word(one))
    return table


KINDS = {"pools": pools_table, "starvation": starvation_table}


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


def doctor_table(tried: Sequence[Tried]) -> Table:
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
