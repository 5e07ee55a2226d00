"""Ends every process that a run has started, and no other process."""

from __future__ import annotations

import logging
from types import TracebackType

import psutil

GRACE_S = 3.0
"""How long a process that is asked to end may take; then it is killed."""

log = logging.getLogger(__name__)


class ChildProcesses:
    """The processes that a run started, and their descendants.

    Code that starts a process calls `add`. `note` records the present descendants, so that a browser is still found after its
    parent has died. At the end of the context, all recorded processes that still run are ended.
    """

    def __init__(self) -> None:
        self._added: set[psutil.Process] = set()
        self._noted: set[psutil.Process] = set()

    def add(self, *pids: int) -> None:
        """Record processes by their ids. An id whose process has already ended is ignored."""
        for pid in pids:
            try:
                self._added.add(psutil.Process(pid))
            except psutil.NoSuchProcess:
                continue
        self.note()

    @property
    def noted(self) -> frozenset[psutil.Process]:
        """All recorded processes, also those that have ended."""
        return frozenset(self._noted)

    def note(self) -> None:
        """Record the present descendants of the added processes."""
        self._noted |= self._added
        for process in self._added:
            try:
                self._noted |= set(process.children(recursive=True))
            except psutil.NoSuchProcess:
                continue

    def __enter__(self) -> ChildProcesses:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """End what is still running: first asked, then killed."""
        self.note()
        alive = [process for process in self._noted if process.is_running()]
        for process in alive:
            try:
                log.info("still running at the end, and ended: process %d, %s", process.pid, process.name())
                process.terminate()
            except psutil.NoSuchProcess:
                continue
        _, stubborn = psutil.wait_procs(alive, timeout=GRACE_S)
        for process in stubborn:
            try:
                process.kill()
            except psutil.NoSuchProcess:
                continue
