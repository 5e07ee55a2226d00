"""What processes cost, by real ones: a child with a child of its own, and those that have ended."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from lab.measure.usage import usage, used
from lab.model.delivery import Usage

NOTHING = Usage(0.0, 0)
HEAVY, BUSY_S = 30_000_000, 0.4

GRANDCHILD = f"""
import os, sys
held = b"x" * {HEAVY}
while os.times().user < {BUSY_S / 2}: sum(range(10_000))
while os.times().system < {BUSY_S / 2}: os.urandom(1_000_000)
print("up", flush=True)
sys.stdin.read()
"""
CHILD = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {GRANDCHILD!r}])"


@pytest.fixture
def child() -> Iterator[subprocess.Popen[bytes]]:
    """It does nothing but wait for a child of its own, which has memory and has used a processor. Both end when their input
    does."""
    with subprocess.Popen([sys.executable, "-c", CHILD], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"up\n"
        yield process


def ended() -> int:
    """The number of a process that is no more."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def test_a_grandchild_is_counted(child: subprocess.Popen[bytes]) -> None:
    found = usage((child.pid,))
    assert found.memory_bytes > HEAVY
    assert found.cpu_s >= BUSY_S, "its own time and the system's for it"


def test_several_trees_are_one_sum(child: subprocess.Popen[bytes]) -> None:
    with subprocess.Popen([sys.executable, "-c", CHILD], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"up\n"
        both = usage((child.pid, other.pid))
    assert both.memory_bytes > 2 * HEAVY
    assert both.cpu_s >= 2 * BUSY_S


def test_one_that_has_ended_costs_nothing(child: subprocess.Popen[bytes]) -> None:
    """Nor does it hide those named after it."""
    gone = ended()
    assert usage((gone,)) == NOTHING
    assert usage((gone, child.pid)).memory_bytes > HEAVY


@pytest.mark.skipif(not hasattr(os, "waitid"), reason="here nobody can wait for one without burying it")
def test_one_that_has_ended_and_was_not_waited_for_has_no_memory(child: subprocess.Popen[bytes]) -> None:
    """Nor does it hide those named after it."""
    with subprocess.Popen([sys.executable, "-c", ""]) as zombie:
        assert os.waitid(os.P_PID, zombie.pid, os.WEXITED | os.WNOWAIT) is not None
        assert usage((zombie.pid,)).memory_bytes == 0
        assert usage((zombie.pid, child.pid)).memory_bytes > HEAVY


def test_a_browser_that_runs_elsewhere_is_unknown_and_not_free(child: subprocess.Popen[bytes]) -> None:
    """`roots` is None for a browser behind a ws:// address: its cost is unknown, never 0."""
    origin, browser = asyncio.run(used(child.pid, None))
    assert origin.memory_bytes > HEAVY
    assert browser is None
    origin, browser = asyncio.run(used(ended(), (child.pid,)))
    assert origin == NOTHING
    assert browser is not None
    assert browser.memory_bytes > HEAVY
