"""No process is left behind: whatever a run started, it also ends."""

from __future__ import annotations

import logging
from types import TracebackType

import psutil

GRACE_S = 3.0

log = logging.getLogger(__name__)


class ChildProcesses:
    """The processes that came from this one. Those noted once are remembered, even after their parent has died and they
    belong to nobody: so an orphaned browser is found too."""

    def __init__(self) -> None:
        self._me = psutil.Process()
        self._before = set(self._me.children(recursive=True))
        self._noted: set[psutil.Process] = set()

    def note(self) -> None:
        self._noted |= set(self._me.children(recursive=True)) - self._before

    def __enter__(self) -> ChildProcesses:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """End what is still running: first asked, then killed."""
        self.note()
        alive = [process for process in self._noted if process.is_running()]
        for process in alive:
            try:
                log.info("still there at the end, and ended: process %d, %s", process.pid, process.name())
                process.terminate()
            except psutil.NoSuchProcess:
                continue
        _, stubborn = psutil.wait_procs(alive, timeout=GRACE_S)
        for process in stubborn:
            try:
                process.kill()
            except psutil.NoSuchProcess:
                continue
