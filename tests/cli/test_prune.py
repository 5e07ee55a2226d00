"""`seventh-tab prune`, and what a run's end says of the space that runs take."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from lab.cli import prune as module
from lab.cli.prune import held
from lab.results.file import Results
from lab.run.old_runs import prune
from lab.run.resources import Plan
from tests.cli.test_cli import call
from tests.results.test_file import cell, made
from tests.run.test_old_runs import BEGAN, STAMPS, names, run


@pytest.fixture
def reports(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in STAMPS[:3]:
        run(Path("reports"), name)
    (Path("reports") / STAMPS[0] / "ledger.jsonl").write_bytes(b"x" * 3_000_000)
    return Path("reports")


def test_it_says_what_it_removed_and_how_much(reports: Path) -> None:
    found = call("prune", "--keep", "1")
    assert found.exit_code == 0, found.output
    assert found.output.splitlines() == [
        f"removed: reports/{STAMPS[1]}, 0.0 MB",
        f"removed: reports/{STAMPS[0]}, 3 MB",
        "2 runs removed, 3 MB; 1 run left, 0.0 MB",
    ]
    assert names(reports) == {STAMPS[2]}
    assert call("prune", "--keep", "1").output == "0 runs removed, 0 MB; 1 run left, 0.0 MB\n"


def test_another_folder(reports: Path) -> None:
    run(Path("other"), STAMPS[0])
    assert call("prune", "--keep", "0", "--out", "other").exit_code == 0
    assert (names(Path("other")), len(names(reports))) == (set(), 3)


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ([], "Missing option '--keep'"),
        (["--keep", "-1"], "-1 is not in the range"),
        (["--keep", "all"], "'all' is not a valid integer"),
        (["--keep", "1", "--out", "none"], "none can't be read: No such file or directory"),
        (["--keep", "1", "--out", "none\n"], "can't be read"),
    ],
)
def test_bad_input_is_one_line_and_exit_2(reports: Path, options: list[str], complaint: str) -> None:
    found = call("prune", *options)
    assert found.exit_code == 2
    assert complaint in found.output
    assert len([line for line in found.output.splitlines() if "Error" in line or "seventh-tab:" in line]) == 1
    assert len(names(reports)) == 3


def test_the_end_of_a_run_says_how_much_there_is(reports: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert held(reports) == ""
    assert held(Path("none")) == ""
    monkeypatch.setattr(module, "MUCH", 2_000_000)
    assert held(reports).startswith("reports holds 3 MB in 3 runs; to keep the newest 5: ")
    assert held(reports).endswith(" -m lab prune --keep 5")
    assert held(reports.absolute()).endswith(f" --out {reports.absolute()}")


def test_a_run_of_its_own_is_locked_and_counted(reports: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While it measures, `prune` leaves it alone; afterwards its end has the line."""
    pruned = []

    async def measure(plan: Plan, folder: Path, progress: object, begun: Callable[[Results], None]) -> Results:
        (folder / "observations.jsonl").write_text(BEGAN)
        pruned.append(prune(reports, 0))
        begun(made(cell()))
        return made(cell())

    monkeypatch.setattr("lab.run.run.run", measure)
    monkeypatch.setattr(module, "MUCH", 1000)
    found = call("run", "seventh_tab")
    assert found.exit_code == 0, found.output
    [once] = pruned
    assert (len(once.removed), len(once.going_on)) == (3, 1)
    assert found.output.splitlines()[-1].startswith("reports holds 0.")
    assert len(prune(reports, 0).removed) == 1
