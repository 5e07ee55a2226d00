"""What the machine was too busy for is measured again before a test looks at it: as a run does it, and no oftener."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from lab import paths
from lab.model.verdict import Doubt, Kind
from lab.results import file
from lab.results.file import CellResult
from tests.results.test_file import altered, cell, made
from tests.tools import runs

COMMAND = "python3 -m nox -s lab -- delivery --engine chromium --case 'a b' --repeat 1"
CALM = altered(cell(), command=COMMAND, name="one.2", repeat=2)
BUSY = altered(CALM, kind=Kind.INCONCLUSIVE, doubt=Doubt.BUSY_MACHINE)


def found(monkeypatch: pytest.MonkeyPatch, *measured: CellResult) -> list[tuple[str, ...]]:
    """Each run finds the next of these cells; the options of the runs."""
    asked, left = list[tuple[str, ...]](), list(measured)

    def started(out: Path, *options: str) -> subprocess.CompletedProcess[str]:
        asked.append(options)
        run = out / f"run-{len(asked)}"
        run.mkdir(parents=True)
        (out / "latest").unlink(missing_ok=True)
        (out / "latest").symlink_to(run)
        file.write(made(left.pop(0)), run / paths.RESULTS)
        return subprocess.CompletedProcess([], 0, "", "")

    monkeypatch.setattr(runs, "started", started)
    return asked


@pytest.mark.parametrize(
    ("measured", "kind"),
    [
        ([CALM], Kind.CONFIRMED),
        ([BUSY, altered(CALM, name="one.1", repeat=1)], Kind.CONFIRMED),
        ([BUSY, BUSY, CALM], Kind.CONFIRMED),
        ([BUSY, BUSY, BUSY], Kind.INCONCLUSIVE),
        ([altered(CALM, kind=Kind.DISPUTED)], Kind.DISPUTED),
        ([altered(CALM, kind=Kind.INCONCLUSIVE, doubt=Doubt.PRECONDITION)], Kind.INCONCLUSIVE),
    ],
)
def test_only_what_the_machine_was_too_busy_for(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, measured: list[CellResult], kind: Kind
) -> None:
    asked = found(monkeypatch, *measured)
    run = runs.measured(tmp_path, "delivery", "--repeat", "2")
    again = ("delivery", "--engine", "chromium", "--case", "a b", "--repeat", "1")
    assert asked == [("delivery", "--repeat", "2"), *[again] * (len(measured) - 1)]
    [last] = runs.Runs((run,)).of("chromium")
    assert (last.verdict.kind, last.name, last.cell.repeat) == (kind, "one.2", 2)
