"""What a person sees in the terminal: progress on standard error, tables on standard output."""

from __future__ import annotations

import os
from collections.abc import Sequence
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from lab.browser.engines import ENGINES
from lab.observation import Tried
from lab.results import CellResult, Results
from lab.scenario import Cell, Scenario

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

    def cell_begins(self, cell: Cell) -> None:
        self._bar.update(self._task, description=f"{cell.scenario}: {cell.engine}, {cell.protocol}, {cell.transport}")

    def cell_ended(self, result: CellResult) -> None:
        self._ended += 1
        self._bar.advance(self._task)
        what = f"[{self._ended}/{self._planned}] {result.scenario} {result.engine} {result.protocol} {result.transport}"
        count = "nothing measured" if result.live is None else f"{result.live} of {result.asked} live"
        line = Text(f"{what}: {count}, ")
        line.append(result.verdict, STYLES.get(result.verdict, ""))
        line.append(f" ({result.seconds:.1f} s)")
        self._console.print(line, soft_wrap=True)


def results_table(results: Results) -> Table:
    table = Table()
    for name, side in (("engine", "left"), ("protocol", "left"), ("transport", "left"), ("asked", "right")):
        table.add_column(name, justify=side)  # type: ignore[arg-type]  # rich's own literals
    for name, side in (("live", "right"), ("connections", "right"), ("verdict", "left")):
        table.add_column(name, justify=side)  # type: ignore[arg-type]  # likewise
    for cell in results.cells:
        verdict = Text(cell.verdict, STYLES.get(cell.verdict, ""))
        counts = ["–" if count is None else str(count) for count in (cell.live, cell.connections)]
        table.add_row(cell.engine, cell.protocol, cell.transport, str(cell.asked), *counts, verdict)
    return table


def surprises(results: Results) -> list[str]:
    """The cells that need a word: everything that is not simply confirmed, each reason once."""
    said: dict[str, list[str]] = {}
    for cell in results.cells:
        if cell.verdict != "confirmed":
            said.setdefault(f"{cell.verdict}: {cell.why}", []).append(f"{cell.engine} {cell.protocol}")
    return [f"{', '.join(dict.fromkeys(where))}: {why}" for why, where in said.items()]


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
        table.add_row(one.name, "\n".join(one.claims), "\n".join(one.transports), str(one.tabs), question)
    return table
