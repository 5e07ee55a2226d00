"""What a run shows while it goes on, on standard error: in a terminal a bar, elsewhere a line for each cell.

Nothing is drawn while a cell is measured: the bar moves when a cell begins or ends.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from lab.cli.live_page import LivePage
from lab.cli.time_left import TimeLeft, left_in_words
from lab.model.cell import Cell
from lab.model.protocols import PROTOCOLS
from lab.model.questions import QUESTIONS
from lab.model.verdict import KINDS, Kind
from lab.report.last_screen import cut
from lab.results.file import CellResult
from lab.results.names import cell_label, engine_name
from lab.text import clean, counted

BAR = 30  # Its width in columns.
LINE = 110  # The most columns of a line about a cell.


class RunProgress:
    """The progress of a run over some cells, whose report is at `page`; the report is written anew as cells end. Several cells
    may be under way at once. `plain`: lines even in a terminal, because the log is printed there too."""

    def __init__(self, cells: Sequence[Cell], page: Path, *, plain: bool = False, left: TimeLeft | None = None) -> None:
        self.page = LivePage(page)
        self._console = Console(stderr=True, highlight=False)
        self._left = left or TimeLeft(cells)
        self._said_left = ""
        self._planned = len(cells)
        self._ended = 0
        self._running: dict[str, Cell] = {}
        self._faults: set[str] = set()
        self._bar: Live | None = None
        if self._console.is_terminal and not plain:
            self._bar = Live(console=self._console, auto_refresh=False, transient=True)
        self._print(f"report: {page} (it fills while the run goes on)")

    def __enter__(self) -> RunProgress:
        if self._bar:
            self._bar.start()
        else:
            self._print(f"{counted(self._planned, 'cell')}, {self._new_left()}")
        self._draw()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._bar:
            self._bar.stop()

    def calibrated(self, result: CellResult) -> None:
        """Say it only where the calibration failed."""
        verdict = result.verdict
        if verdict.kind is not Kind.CONFIRMED:
            self._print(f"Calibration over {PROTOCOLS[result.cell.protocol].title}: {KINDS[verdict.kind].label}: {verdict.why}")

    def cell_begins(self, cell: Cell) -> None:
        """Show the cell as under way."""
        self._running[cell.name] = cell
        self._planned = max(self._planned, self._ended + len(self._running))  # A cell may be measured again.
        self._left.begins(cell)
        self._draw()

    def cell_ended(self, result: CellResult) -> None:
        """Count the cell; name a fault, once; and let the page grow."""
        del self._running[result.cell.name]
        self._ended += 1
        self._left.ended(result.cell)
        if not self._bar:
            done = ", ".join(filter(None, [f"{self._ended}/{self._planned}", self._new_left()]))
            self._print(cut(f"[{done}] {cell_in_words(result.cell)}: {found(result)}", LINE))
        if result.verdict.kind is Kind.HARNESS_FAULT and result.verdict.why not in self._faults:
            self._faults.add(result.verdict.why)
            self._print(f"{KINDS[Kind.HARNESS_FAULT].label}: {result.verdict.why}")
        self._draw()
        self.page.cell_ended(self._running.values())

    def _new_left(self) -> str:
        """The time left in words, if they are other words than the last time; nothing at the end."""
        words = left_in_words(self._left) if self._ended < self._planned else ""
        changed, self._said_left = words != self._said_left, words
        return words if changed else ""

    def _print(self, line: str) -> None:
        self._console.print(clean(line), markup=False, soft_wrap=True)

    def _draw(self) -> None:
        """Draw a line for each cell that is under way, and the bar."""
        if not self._bar:
            return
        cells = [Text(clean(cell_in_words(one)), no_wrap=True, overflow="ellipsis") for one in self._running.values()]
        bar = Table.grid(padding=(0, 1))
        bar.add_row(
            ProgressBar(total=self._planned, completed=self._ended, width=BAR),
            Text(f"{self._ended} of {self._planned} cells, {left_in_words(self._left)}", no_wrap=True, overflow="ellipsis"),
        )
        self._bar.update(Group(*cells, bar), refresh=True)


def cell_in_words(cell: Cell) -> str:
    """`How many stay live? Chromium, tabs over HTTP/1.1 by server-sent events`."""
    asked = QUESTIONS[cell.question].title if cell.question in QUESTIONS else cell.scenario
    return f"{asked} {engine_name(cell.engine)}, {cell_label(cell)}"


def found(result: CellResult) -> str:
    """What was found in a cell, in a few words: `6 of 12 live`; where nothing is sure, the verdict."""
    verdict = result.verdict
    live = "nothing measured" if verdict.live is None else f"{verdict.live} of {result.opened} live"
    sure = verdict.kind in (Kind.CONFIRMED, Kind.REFUTED)
    return verdict.answer or live if sure else KINDS[verdict.kind].label
