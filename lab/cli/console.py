"""Output to the terminal: progress and errors on standard error, everything else on standard output."""

from __future__ import annotations

import os
from collections.abc import Iterable
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from lab.errors import LabError
from lab.model.cell import Cell
from lab.model.verdict import KINDS, Kind
from lab.results.file import CellResult
from lab.scenario.scenario import Scenario
from lab.text import clean

TABLE_WIDTH = 80  # The width of tables where there is no terminal to ask.


def output() -> Console:
    """Standard output."""
    console = Console(highlight=False)
    return console if console.is_terminal or "COLUMNS" in os.environ else Console(highlight=False, width=TABLE_WIDTH)


def complain(error: LabError) -> None:
    """Print an error as one line on standard error."""
    Console(stderr=True, highlight=False).print(f"seventh-tab: {error}", markup=False, soft_wrap=True)


def verdict_text(kind: Kind) -> Text:
    """The label of a verdict's kind, in its colour."""
    return Text(KINDS[kind].label, KINDS[kind].style)


class RunProgress:
    """Shows a run's progress on standard error: a bar in a terminal, and a line for each cell."""

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
        line = Text(f"calibration over {result.cell.protocol}: ").append_text(verdict_text(result.verdict.kind))
        self._console.print(line.append(f" ({clean(result.verdict.why)})"), soft_wrap=True)

    def cell_begins(self, cell: Cell) -> None:
        self._bar.update(self._task, description=f"{cell.scenario}: {cell.engine}, {cell.protocol}, {cell.transport}")

    def cell_ended(self, result: CellResult) -> None:
        self._ended += 1
        self._planned = max(self._planned, self._ended)  # A cell that the machine was too busy for comes again.
        self._bar.advance(self._task)
        cell, verdict = result.cell, result.verdict
        what = f"[{self._ended}/{self._planned}] {cell.scenario} {cell.engine} {cell.protocol} {cell.transport}"
        what += f", {cell.case or cell.opening}"
        live = "nothing measured" if verdict.live is None else f"{verdict.live} of {result.opened} live"
        line = Text(clean(f"{what}: {verdict.answer or live}, ")).append_text(verdict_text(verdict.kind))
        self._console.print(line.append(f" ({result.seconds:.1f} s)"), soft_wrap=True)


def scenarios_table(catalogue: Iterable[Scenario]) -> Table:
    """A table with a row for each scenario."""
    table = Table(show_lines=True)
    for name in ("scenario", "protocols", "transports", "tabs", "the question"):
        table.add_column(name)
    for one in catalogue:
        table.add_row(
            one.name,
            "\n".join(one.protocols),
            "\n".join(one.transports),
            ", ".join(map(str, one.tabs)) or "up to a limit",
            " ".join(one.words.split()),
        )
    return table


def scenario_lines(one: Scenario) -> list[str]:
    """Everything about one scenario: its question, the values of its axes, its cases, its claims with their sources."""
    lines = [" ".join(one.words.split()), ""]
    axes = {
        "question": (one.question,),
        "protocols": one.protocols,
        "transports": one.transports,
        "openings": one.openings,
        "routes": one.routes,
        "tabs at most": tuple(map(str, one.tabs)),
        "streams allowed": tuple(map(str, one.streams)),
        "intervals, ms": tuple(f"{name}: {', '.join(map(str, every))}" for name, every in one.intervals.items()),
        "updates a second": (f"{one.per_second:g}",) if one.per_second else (),
        "cases": tuple(filter(None, one.cases)),
    }
    lines += [f"{name}: {', '.join(values)}" for name, values in axes.items() if values]
    lines += ["", "claims (the first that fits a cell is its claim):"]
    for claim in one.claims:
        about = [*claim.engines, *claim.protocols, *claim.transports, *claim.openings, *claim.routes, *claim.cases]
        fits = f" ({', '.join(about)})" if about else ""
        lines.append(f"- {claim}{fits} {claim.basis}: {claim.source}")
    return lines
