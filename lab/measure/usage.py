"""CPU time and memory of processes and their descendants, as the operating system counts them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator

import psutil

from lab.model.delivery import Usage


def family(roots: Iterable[int]) -> Iterator[psutil.Process]:
    """The processes with these ids, and their descendants that still run."""
    for pid in roots:
        try:
            root = psutil.Process(pid)
            yield root
            yield from root.children(recursive=True)
        except psutil.NoSuchProcess:
            continue


def usage(roots: Iterable[int]) -> Usage:
    """CPU seconds so far, and bytes of memory that only these processes hold (psutil's `uss`: what would be freed if they
    ended)."""
    cpu_s, memory = 0.0, 0
    for process in family(roots):
        try:
            if process.status() == psutil.STATUS_ZOMBIE:
                continue
            times = process.cpu_times()
            memory += process.memory_full_info().uss
        except (psutil.NoSuchProcess, psutil.AccessDenied):  # It ended just now, or is a zombie: it costs nothing any more.
            continue
        cpu_s += times.user + times.system
    return Usage(round(cpu_s, 3), memory)


async def used(origin: int, browser: Iterable[int] | None) -> tuple[Usage, Usage | None]:
    """What the origin's process and the browser's processes have used; None for a browser whose processes can't be seen."""
    return await asyncio.to_thread(lambda: (usage((origin,)), None if browser is None else usage(browser)))
