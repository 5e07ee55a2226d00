"""The report while a run goes on: written anew as cells end, so that it can be watched.

Rendering takes CPU time from the machine that measures. So it happens between cells only, and never while another cell looks at
single updates; and the pause after it is `SHARE` times as long as it took, so it never takes more than 2 % of a run.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from pathlib import Path

from lab.cli.console import complain
from lab.errors import MachineError
from lab.model.cell import Cell
from lab.model.questions import QUESTIONS, Company
from lab.report.render import write_report
from lab.results.file import Results

SHARE = 50
"""The pause after a rewrite, as a multiple of the time it took. Measured on two cores: 0.1 s with 48 cells, 0.25 s with 190."""

SHORTEST_S = 3.0
"""The shortest pause between two rewrites, in seconds."""


def timed(cell: Cell) -> bool:
    """Whether a cell's result is the times of single updates."""
    return bool(cell.per_second) or QUESTIONS[cell.question].company is Company.COMPARED


class LivePage:
    """The page of a run at `path`. `clock` gives seconds."""

    def __init__(self, path: Path, clock: Callable[[], float] = time.monotonic) -> None:
        self._path = path
        self._clock = clock
        self._results: Results | None = None
        self._due = 0.0

    def begin(self, results: Results) -> None:
        """Write the page of a run that begins. `results` grow while the run goes on."""
        self._results = results
        self._write(results)

    def cell_ended(self, others: Iterable[Cell]) -> None:
        """Write the page anew, if it is time. `others` are the cells that are still under way."""
        if self._results is not None and self._clock() >= self._due and not any(timed(cell) for cell in others):
            self._write(self._results)

    def _write(self, results: Results) -> None:
        began = self._clock()
        try:
            write_report(results, self._path, running=True)
        except MachineError as error:  # The run goes on; its end says what can't be written.
            complain(error)
            self._results = None
        ended = self._clock()
        self._due = ended + max(SHORTEST_S, SHARE * (ended - began))
