"""A run that its user ends, at any moment and however impatiently, leaves a report that can be read, and no process or file."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from tests.faults.struck import Struck, struck
from tests.faults.test_faults import release, settling

INTERRUPTED = 130


def starting(run: Struck, _: int) -> bool:
    return bool(run.called("run-driver"))


def half_way(run: Struck, repeat: int) -> bool:
    return run.has_cells(repeat)


def press(run: Struck) -> None:
    """Press Ctrl-C, as a terminal does it: the whole foreground group gets the signal."""
    os.killpg(run.process.pid, signal.SIGINT)


def press_twice(run: Struck) -> None:
    press(run)
    time.sleep(0.2)
    press(run)


def terminate(run: Struck) -> None:
    run.process.terminate()


@pytest.mark.parametrize(
    ("engine", "how", "moment"),
    [
        ("firefox", press, half_way),
        ("chromium", press, starting),
        ("chromium", terminate, release),
        ("chromium", press_twice, settling),
    ],
)
def test_broken_off(tmp_path: Path, engine: str, how: Callable[[Struck], None], moment: Callable[[Struck, int], bool]) -> None:
    tabs = "2" if moment is half_way else "8"  # Some must wait where they are to be seen settling, or released.
    options = ["seventh_tab", "--engine", engine, "--protocol", "h1", "--tabs", tabs, "--repeat", "50"]
    with struck(tmp_path, *options) as run:
        run.wait(partial(moment, run, 2))
        before = run.ended()
        how(run)
        found = run.end(INTERRUPTED)
    assert found.interrupted
    assert found.finished is None
    assert before <= len(found.cells) < 50
    assert f"interrupted after {len(found.cells)} of 50 cells" in run.said
    assert "This run was interrupted" in (tmp_path / "latest" / "index.html").read_text(encoding="utf-8")
