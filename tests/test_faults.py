"""Something dies in the middle of a cell: that cell is a harness fault, the others are measured, nothing is left behind."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from lab import ledger, results
from tests.conftest import ROOT
from tests.test_interrupt import PATIENCE_S, left


def opened_in(out: Path, cell: str) -> bool:
    """Whether a stream of this cell has reached the ledger on disk."""
    lines = [line for path in out.glob("*/ledger.jsonl") for line in path.read_bytes().splitlines(keepends=True)]
    events = [ledger.decode(line) for line in lines if line.endswith(b"\n")]
    return any(isinstance(event, ledger.StreamOpened) and event.cell == cell for event in events)


@pytest.mark.parametrize(
    ("victim", "complaint"),
    [
        ("--headless", "the browser failed"),
        ("lab.origin", "the origin"),
        ("run-driver", "the browser failed"),
    ],
    ids=["browser", "origin", "Playwright's helper"],
)
def test_one_death_costs_one_cell(tmp_path: Path, victim: str, complaint: str) -> None:
    options = [
        "seventh_tab",
        "--engine",
        "chromium",
        "--protocol",
        "h1",
        "--tabs",
        "8",
        "--repeat",
        "3",
        "--out",
        str(tmp_path),
    ]
    with subprocess.Popen(
        [sys.executable, "-m", "lab", "run", *options],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        end = time.monotonic() + PATIENCE_S
        while not opened_in(tmp_path, "seventh_tab.chromium.h1.sse.tabs.8.100.2"):
            assert time.monotonic() < end
            assert process.poll() is None
            time.sleep(0.02)
        children = psutil.Process(process.pid).children(recursive=True)
        killed = next(child for child in children if victim in child.cmdline())
        killed.kill()
        said, complained = process.communicate(timeout=2 * PATIENCE_S)
    assert process.returncode == 4, complained
    assert "Traceback" not in complained
    found = results.read(tmp_path / "latest" / "results.json")
    first, second, third = found.cells
    assert (first.verdict, second.verdict) == (third.verdict, "harness_fault"), said
    assert first.verdict in ("confirmed", "refuted")
    assert complaint in second.why
    assert second.rows, "what had been seen before is kept"
    assert not found.interrupted
    _, alive = psutil.wait_procs(children, timeout=5)
    assert not left(alive)
