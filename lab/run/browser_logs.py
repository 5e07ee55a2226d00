"""The browsers' own logs in a run: read on and kept small while the browsers run, removed or kept when they have ended."""

from __future__ import annotations

import asyncio

from lab.browser import Browser
from lab.browser.logs.network_log import NetworkLog
from lab.tasks import cancel_and_wait

EVERY_S = 1.0
"""How often a log's length is looked at. Firefox wrote up to 30 MB in a second while it opened hundreds of streams."""

MOST_TAILS = 10
"""After so many faults no more tails of logs are kept: they would all say the same."""


class BrowserLogs:
    """The logs of the browsers that a run has started. `names`: the files that are kept so far."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self._trimming: dict[NetworkLog, asyncio.Task[None]] = {}
        self._faults = 0

    def begin(self, browser: Browser) -> None:
        """A browser has been started."""
        if (log := browser.network_log) is not None:
            self._trimming[log] = asyncio.create_task(trim(log))

    async def end(self, browser: Browser, *, fault: bool) -> None:
        """A browser has ended. `fault`: its log may explain one."""
        if (log := browser.network_log) is None:
            return
        if task := self._trimming.pop(log, None):
            await cancel_and_wait(task)
        self._faults += fault
        self.names += await asyncio.to_thread(log.end, fault=fault and self._faults <= MOST_TAILS)


async def trim(log: NetworkLog) -> None:
    """Keep a log small until cancelled."""
    while True:
        await asyncio.sleep(EVERY_S)
        await asyncio.to_thread(log.trim)
