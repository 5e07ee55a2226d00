"""Whether the machine is so busy that nothing can be said of what did not answer in time: it may hang, or only be slow."""

from __future__ import annotations

import time

WORK_S = 0.05
TOO_SLOW = 4.0
"""From here on the machine is too busy. Beside other tests and two browsers, work took up to twice as long as alone; a watchdog
allows more than ten times what it waits for."""


def slowness() -> float:
    """How many times longer than alone a little work takes just now: the time that passes while this thread gets WORK_S of a
    processor."""
    began, used = time.monotonic(), time.thread_time()
    while time.thread_time() - used < WORK_S:
        pass
    return (time.monotonic() - began) / WORK_S


def busy(what: str) -> str | None:
    """Why `what`, a watchdog's complaint, is no fault: the machine is too busy just now; None if it is not."""
    times = slowness()
    if times < TOO_SLOW:
        return None
    return f"the machine was too busy: work took {times:.0f} times as long as alone, and {what}"
