"""Runs of the lab as a person starts them, and how their cells are picked."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import msgspec

from lab import paths
from lab.results import file as results
from lab.results.file import CellResult, Results
from tests.conftest import ROOT


class Run(msgspec.Struct, frozen=True):
    """A run that has ended well: its results, the folder that it left, and what it printed."""

    results: Results
    folder: Path
    printed: str


class Runs(msgspec.Struct, frozen=True):
    """Several runs, looked at together."""

    runs: tuple[Run, ...]

    def of(self, engine: str, **fields: object) -> list[CellResult]:
        """The cells of an engine that have these values on other axes."""
        cells = [cell for run in self.runs for cell in run.results.cells]
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
    """A run that must end with exit code 0."""
    ended = started(out, *options)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    folder = (out / "latest").resolve()
    return Run(results.read(folder / paths.RESULTS), folder, ended.stdout)


def judged(folder: Path) -> Results:
    """The results of a run's folder, made again by `seventh-tab judge` from its observations."""
    command = [sys.executable, "-m", "lab", "judge", str(folder)]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    return results.read(folder / paths.RESULTS)
