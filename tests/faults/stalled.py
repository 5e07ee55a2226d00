"""Frames of one page, which gets no time for a while in the middle of opening them."""

import asyncio
from typing import cast

from lab import Claim, Tabs
from lab.measure.tabs import CellTabs
from lab.scenario.scenario import scenario

WITHOUT_TIME = "(() => { const end = performance.now() + 2500; while (performance.now() < end); })()"


@scenario(
    transports=["sse"],
    opened=["frames"],
    streams=[10],
    claims=[Claim(6, "tests/test_walls.py", protocols=("h1",)), Claim(10, "the origin's setting", protocols=("h2",))],
)
async def stalled(tabs: Tabs) -> None:
    cell = cast(CellTabs, tabs)

    async def stall() -> None:
        while cell.asked < 9:  # noqa: ASYNC110  # nothing tells of it, and nothing should for this
            await asyncio.sleep(0.001)
        await cell.pages[0].tab.ask(WITHOUT_TIME)

    stalling = asyncio.create_task(stall())
    await tabs.grow()
    await tabs.settle()
    await stalling
