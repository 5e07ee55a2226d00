"""A run that is broken off leaves a report that can be read, and no process behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from lab import results
from lab.errors import UsageError
from tests.conftest import ROOT

PATIENCE_S = 30.0


def cells_so_far(out: Path) -> int:
    for path in out.glob("*/results.json"):
        try:
            return len(results.read(path).cells)
        except UsageError:
            return 0
    return 0


def left(processes: list[psutil.Process]) -> list[str]:
    """What is still running of them."""
    running = []
    for process in processes:
        try:
            if process.status() != psutil.STATUS_ZOMBIE:
                running.append(" ".join(process.cmdline())[:120])
        except psutil.NoSuchProcess:
            continue
    return running


@pytest.mark.parametrize("engine", ["chromium", "firefox"])
@pytest.mark.parametrize("how", ["Ctrl-C", "SIGTERM"])
def test_broken_off_half_way(tmp_path: Path, engine: str, how: str) -> None:
    options = ["seventh_tab", "--engine", engine, "--protocol", "h1", "--tabs", "8", "--repeat", "50", "--out", str(tmp_path)]
    before = set((ROOT / "certs").glob("run-*"))
    with subprocess.Popen(
        [sys.executable, "-m", "lab", "run", *options],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        end = time.monotonic() + 2 * PATIENCE_S
        while cells_so_far(tmp_path) < 2 and time.monotonic() < end:
            assert process.poll() is None
            time.sleep(0.05)
        children = psutil.Process(process.pid).children(recursive=True)
        assert len(children) > 3
        if how == "Ctrl-C":  # As a terminal does it: to the whole foreground group.
            os.killpg(process.pid, signal.SIGINT)
        else:
            process.terminate()
        said, complained = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 130, complained
    assert "Traceback" not in complained
    found = results.read(tmp_path / "latest" / "results.json")
    assert found.interrupted
    assert len(found.cells) >= 2
    assert found.finished is None
    assert f"interrupted after {len(found.cells)} of 50 cells" in said
    assert "This run was interrupted" in (tmp_path / "latest" / "index.html").read_text(encoding="utf-8")
    gone, alive = psutil.wait_procs(children, timeout=5)
    assert not left(alive), gone
    assert set((ROOT / "certs").glob("run-*")) <= before
