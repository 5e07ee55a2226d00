"""What a run started is ended with it, orphans too; what it did not start is left alone."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator

import psutil
import pytest

from lab.run.processes import ChildProcesses

SLEEPS = "import time; time.sleep(60)"
PARENT = f"import subprocess, sys; print(subprocess.Popen([sys.executable, '-c', {SLEEPS!r}]).pid, flush=True); {SLEEPS}"


@pytest.fixture
def stranger() -> Iterator[subprocess.Popen[bytes]]:
    """A child of this process that starts while a run is under way: a fixture of somebody's tests, say."""
    with subprocess.Popen([sys.executable, "-c", SLEEPS]) as process:
        yield process
        process.kill()


def family() -> tuple[subprocess.Popen[str], psutil.Process]:
    """A child of this process, and a child of its own."""
    parent = subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    return parent, psutil.Process(int(parent.stdout.readline()))


def gone(process: psutil.Process) -> bool:
    return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE


def test_only_what_was_added_is_ended(request: pytest.FixtureRequest) -> None:
    """It ended every child that had appeared since."""
    with ChildProcesses() as children:
        stranger = request.getfixturevalue("stranger")
        parent, child = family()
        children.add(parent.pid)
    assert parent.wait(5) is not None
    assert gone(child)
    assert stranger.poll() is None
    assert parent.stdout is not None
    parent.stdout.close()


def test_an_orphan_is_found() -> None:
    with ChildProcesses() as children:
        parent, child = family()
        children.add(parent.pid)
        parent.kill()
        parent.wait(5)
        assert not gone(child)
    assert gone(child)
    assert parent.stdout is not None
    parent.stdout.close()


def test_one_that_does_not_listen_is_killed() -> None:
    deaf = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); {SLEEPS}"
    process = subprocess.Popen([sys.executable, "-c", deaf], stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == b"up\n"
    began = time.monotonic()
    with ChildProcesses() as children:
        children.add(process.pid)
    assert process.wait(5) is not None
    assert time.monotonic() - began < 10
    process.stdout.close()


def test_one_that_has_ended_already_is_no_matter() -> None:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    with ChildProcesses() as children:
        children.add(process.pid)
        children.note()
