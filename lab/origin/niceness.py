"""The origin's nice value: the origin is scheduled before the browser, if the system allows it. On a machine with few cores,
dozens of renderer processes must not delay the process that measures delay.

Linux divides the processors among sessions before it divides them among processes (autogroup, sched(7)). The origin has a
session of its own, so that session needs the lower value too; the process's own value has no effect alone. With twelve
long-polling tabs on two cores the origin's delay at the 99th percentile fell from between 20 and 30 ms to 5 ms.
"""

from __future__ import annotations

import os
from pathlib import Path

NICE = -10
AUTOGROUP = Path("/proc/self/autogroup")


def lower() -> int:
    """Lower the nice value, of the session too if it is the origin's own; the value in force afterwards. Only a process with
    the privilege (root's, or CAP_SYS_NICE) may; without it nothing changes."""
    try:
        os.setpriority(os.PRIO_PROCESS, 0, NICE)
        its_own = os.getsid(0) == os.getpid()  # In a shell's session, all processes of the shell would run first.
        if its_own and AUTOGROUP.exists():
            AUTOGROUP.write_text(str(NICE))
    except OSError:
        pass  # The judge sees the delay: a delivery cell with too much is inconclusive.
    return os.getpriority(os.PRIO_PROCESS, 0)
