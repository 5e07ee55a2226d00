"""What was measured survives whatever befalls the disk and the driver: results.json is whole at every moment."""

from __future__ import annotations

import multiprocessing
import random
import signal
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import msgspec
import psutil
import pytest

from lab.results import file as results
from lab.results.file import Results
from tests.faults.struck import Struck, left, struck
from tests.faults.test_faults import ONE_ENGINE, settling

SAMPLE = Path(__file__).parent / "report" / "older" / "schema-2.json"


def fill_disk(run: Struck) -> None:
    """From now on the driver can write no file that is longer than a kilobyte, as if the disk were full."""
    psutil.Process(run.process.pid).rlimit(psutil.RLIMIT_FSIZE, (1024, 1024))


def take_folder(run: Struck) -> None:
    """The folder of the run is gone, as when the disk it is on was taken away."""
    run.folder.rename(run.out / "elsewhere")


@pytest.mark.parametrize(("strike", "reason"), [(fill_disk, "File too large"), (take_folder, "No such file or directory")])
def test_what_was_measured_before_stays(tmp_path: Path, strike: Callable[[Struck], None], reason: str) -> None:
    with struck(tmp_path, *ONE_ENGINE, "--repeat", "9") as run:
        run.wait(partial(run.has_cells, 2))
        strike(run)
        run.end_badly(4)
    [written] = [path for path in tmp_path.glob("*/results.json") if path.parent.name != "latest"]
    assert len(results.read(written).cells) >= 2
    complaints = [line for line in run.complained.splitlines() if line.startswith("seventh-tab: ")]
    assert any(f"could not be written: {reason}: free disk space" in line for line in complaints), complaints


def test_a_killed_driver_leaves_its_results_and_no_process(tmp_path: Path) -> None:
    with struck(tmp_path, *ONE_ENGINE, "--repeat", "9") as run:
        run.wait(partial(settling, run, 2))
        children = run.children()
        run.process.kill()
        run.process.communicate()
        _, alive = psutil.wait_procs(children, timeout=15)
        assert not left(alive)
        found = run.found()
    assert found is not None
    assert [cell.verdict for cell in found.cells] == ["confirmed"]


def write_again_and_again(found: Results, path: Path) -> None:
    while True:
        found.cells = [*found.cells, *found.cells[:1]]
        results.write(found, path)


def test_a_kill_at_any_instant_leaves_the_last_whole_version(tmp_path: Path) -> None:
    raw = msgspec.json.decode(SAMPLE.read_bytes())
    found = msgspec.convert(raw, Results)
    path = tmp_path / "results.json"
    results.write(found, path)
    for _ in range(12):
        writing = multiprocessing.get_context("fork").Process(target=write_again_and_again, args=(found, path))
        writing.start()
        time.sleep(random.uniform(0.005, 0.08))  # no secret
        assert writing.pid is not None
        psutil.Process(writing.pid).send_signal(signal.SIGKILL)
        writing.join()
        assert len(results.read(path).cells) >= len(found.cells)
