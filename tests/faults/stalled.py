"""Frames of one page. While they are being opened, a script keeps the page from doing anything for a while."""

import asyncio
from typing import cast

from lab import AtMost, Tabs
from lab.measure.tabs import CellTabs
from lab.scenario.scenario import scenario

WITHOUT_TIME = "(() => { const end = performance.now() + 2500; while (performance.now() < end); })()"


@scenario(
    transports=["sse"],
    openings=["frames"],
    streams=[10],
    claims=[
        AtMost(6, source="tests/end_to_end/test_limits.py", protocols=("h1",)),
        AtMost(10, source="the origin's setting", protocols=("h2",)),
    ],
)
async def stalled(tabs: Tabs) -> None:
    cell = cast(CellTabs, tabs)

    async def stall() -> None:
        while (cell.seen.opened or 0) < 9:  # noqa: ASYNC110  # nothing tells of it, and nothing should for this
            await asyncio.sleep(0.001)
        await cell.pages[0].tab.ask(WITHOUT_TIME)

    stalling = asyncio.create_task(stall())
    await tabs.grow()
    await tabs.settle()
    await stalling
