"""A probe that its user ends in the middle leaves no process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil

from lab import paths
from tests.conftest import ROOT
from tests.probe import apps
from tests.probe.serving import serving

INTERRUPTED = 130
PATIENCE_S = 60


def test_ctrl_c_ends_the_browser_and_the_app(tmp_path: Path) -> None:
    with serving(apps.streams_a_tab(3)) as server:
        command = [sys.executable, "-m", "lab", "probe", server.url(), "--engine", "chromium", "--out", str(tmp_path)]
        command += ["--watch", "1", "--start", f"{sys.executable} -c 'import time; time.sleep(600)'"]
        process = subprocess.Popen(
            command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
        )
        assert process.stdout is not None
        while not (line := process.stdout.readline()).startswith("predicted"):
            assert line, process.communicate()
        started = psutil.Process(process.pid).children(recursive=True)
        assert len(started) > 2  # The app, the lab's origin, Playwright's helper, the browser.
        os.kill(process.pid, signal.SIGINT)
        _, said = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == INTERRUPTED, said
    assert "interrupted" in said
    assert "was interrupted" in (tmp_path / "latest" / paths.REPORT).read_text(encoding="utf-8")
    _, alive = psutil.wait_procs(started, timeout=PATIENCE_S)
    assert not alive
