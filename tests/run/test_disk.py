"""What was measured survives a full disk, a folder that goes away and a killed driver."""

from __future__ import annotations

import multiprocessing
import random
import signal
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import psutil
import pytest

from lab import paths
from lab.model.verdict import Kind
from lab.results import file as results
from lab.results.file import Results
from lab.results.observations import LogKept, ObservationsFile, RunBegan, read_records
from tests.conftest import ROOT
from tests.faults.struck import Struck, left, struck
from tests.faults.test_faults import LIVE, ONE_ENGINE, settling
from tests.tools.runs import judged

OLDER = ROOT / "tests" / "report" / "older" / "schema-2.json"
LONG = 100_000


def fill_disk(run: Struck) -> None:
    """From now on the driver can write no file that is longer than a kilobyte, as if the disk were full."""
    psutil.Process(run.process.pid).rlimit(psutil.RLIMIT_FSIZE, (1024, 1024))


def take_folder(run: Struck) -> None:
    """The folder of the run is gone, as when the disk it is on was taken away."""
    run.folder.rename(run.out / "elsewhere")


@pytest.mark.parametrize(("strike", "reason"), [(fill_disk, "File too large"), (take_folder, "No such file or directory")])
def test_what_was_measured_before_stays(tmp_path: Path, strike: Callable[[Struck], None], reason: str) -> None:
    with struck(tmp_path, *ONE_ENGINE, "--repeat", "4") as run:
        run.wait(partial(run.has_cells, 2))
        strike(run)
        run.end_badly(4)
    [written] = tmp_path.glob(f"*/{paths.OBSERVATIONS}")
    complaints = [line for line in run.complained.splitlines() if line.startswith("seventh-tab: ")]
    assert any(f"could not be written: {reason}: free disk space" in line for line in complaints), complaints
    found = judged(written.parent)  # There is room again.
    assert len(found.cells) >= 2
    assert {(cell.verdict.kind, cell.verdict.live) for cell in found.cells} == {(Kind.CONFIRMED, LIVE)}


def test_a_killed_driver_leaves_its_observations_and_no_process(tmp_path: Path) -> None:
    with struck(tmp_path, *ONE_ENGINE, "--repeat", "9") as run:
        run.wait(partial(settling, run, 3))
        children = run.children()
        run.process.kill()
        run.process.communicate()
        _, alive = psutil.wait_procs(children, timeout=15)
        assert not left(alive)
    assert not (run.folder / paths.RESULTS).exists()
    found = judged(run.folder)
    assert [(cell.cell.repeat, cell.verdict.kind) for cell in found.cells] == [(1, Kind.CONFIRMED), (2, Kind.CONFIRMED)]
    assert found.planned == 9
    assert found.finished is None
    assert (run.folder / paths.REPORT).is_file()


def kill_at_some_instant(work: Callable[[], None]) -> None:
    """Do something in another process, and kill that after a while."""
    doing = multiprocessing.get_context("fork").Process(target=work)
    doing.start()
    time.sleep(random.uniform(0.005, 0.08))  # no secret
    assert doing.pid is not None
    psutil.Process(doing.pid).send_signal(signal.SIGKILL)
    doing.join()


def write_again_and_again(found: Results, path: Path) -> None:
    while True:
        found.cells = [*found.cells, *found.cells[:1]]
        results.write(found, path)


def test_a_kill_at_any_instant_leaves_the_last_whole_results(tmp_path: Path) -> None:
    found, path = results.read(OLDER), tmp_path / paths.RESULTS
    results.write(found, path)
    for _ in range(12):
        kill_at_some_instant(partial(write_again_and_again, found, path))
        assert len(results.read(path).cells) >= len(found.cells)


def append_again_and_again(written: ObservationsFile) -> None:
    while True:
        written.append(LogKept(name="x" * LONG))


def test_a_kill_at_any_instant_leaves_every_whole_observation(tmp_path: Path) -> None:
    found = results.read(OLDER)
    began = RunBegan(
        run="one", started=found.started, planned=1, machine=found.machine, versions=found.versions, questions=found.questions
    )
    for number in range(12):
        path = tmp_path / f"{number}.jsonl"
        with ObservationsFile(path) as written:
            written.append(began)
            kill_at_some_instant(partial(append_again_and_again, written))
        first, *rest = read_records(path)
        assert first == began
        assert len(rest) >= path.stat().st_size // (2 * LONG)
        assert all(isinstance(one, LogKept) and len(one.name) == LONG for one in rest)
