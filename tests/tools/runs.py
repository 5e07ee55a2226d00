"""Runs of the lab as a person starts them, and how their cells are picked."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path

import msgspec

from lab import paths
from lab.model.verdict import Doubt
from lab.results import file as results
from lab.results.file import CellResult, Results
from tests.conftest import ROOT

MORE_TRIES = 2
"""A cell that the machine was too busy for is measured again, this often at most, as in a run itself."""


class Run(msgspec.Struct, frozen=True):
    """A run that has ended well: its results, the folder that it left, and what it printed. `again`: what was measured anew,
    because the machine had been too busy for it."""

    results: Results
    folder: Path
    printed: str
    again: tuple[CellResult, ...] = ()

    @property
    def cells(self) -> list[CellResult]:
        """Its cells, each as it was last measured."""
        anew = {cell.name: cell for cell in self.again}
        return [anew.get(cell.name, cell) for cell in self.results.cells]


class Runs(msgspec.Struct, frozen=True):
    """Several runs, looked at together."""

    runs: tuple[Run, ...]

    def of(self, engine: str, **fields: object) -> list[CellResult]:
        """The cells of an engine that have these values on other axes."""
        cells = [cell for run in self.runs for cell in run.cells]
        return [one for one in cells if one.cell.engine == engine and has(one, fields)]

    def one(self, engine: str, **fields: object) -> CellResult:
        """The only such cell."""
        [cell] = self.of(engine, **fields)
        return cell


def has(result: CellResult, fields: dict[str, object]) -> bool:
    return all(getattr(result.cell, name) == value for name, value in fields.items())


def started(out: Path, *options: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """`seventh-tab run` with these options, to its end."""
    return subprocess.run(
        [sys.executable, "-m", "lab", "run", "--out", str(out), *options],
        env={**os.environ, **environment},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


def measured(out: Path, *options: str) -> Run:
    """A run that must end with exit code 0. What the machine was too busy for is measured again afterwards."""
    run = ended_well(out, *options)
    for number in range(MORE_TRIES):
        again = [once_more(cell, out / f"again-{number}") if too_busy(cell) else cell for cell in run.cells]
        run = msgspec.structs.replace(run, again=tuple(again))
    return run


def ended_well(out: Path, *options: str) -> Run:
    ended = started(out, *options)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    folder = (out / "latest").resolve()
    return Run(results.read(folder / paths.RESULTS), folder, ended.stdout)


def too_busy(cell: CellResult) -> bool:
    return cell.verdict.doubt is Doubt.BUSY_MACHINE


def once_more(cell: CellResult, out: Path) -> CellResult:
    """The same cell, measured by its own command in a run of its own."""
    words = shlex.split(cell.command)
    [found] = ended_well(out, *words[words.index("--") + 1 :]).results.cells
    return msgspec.structs.replace(found, name=cell.name, cell=msgspec.structs.replace(found.cell, repeat=cell.cell.repeat))


def judged(folder: Path) -> Results:
    """The results of a run's folder, made again by `seventh-tab judge` from its observations."""
    command = [sys.executable, "-m", "lab", "judge", str(folder)]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    return results.read(folder / paths.RESULTS)
