"""Two tabs. A script that never ends begins in the first one, before the verdict."""

import asyncio
from typing import cast

from lab import Tabs
from lab.measure.tabs import CellTabs
from lab.scenario.scenario import scenario


@scenario(transports=["sse"], tabs=2, claim={"h1": 2}, source="tests/faults/test_pages.py")
async def endless(tabs: Tabs) -> None:
    await tabs.open_one_by_one()
    script = asyncio.create_task(cast(CellTabs, tabs).pages[0].tab.ask("(() => { for (;;); })()"))
    try:
        await tabs.settle()
    finally:
        script.cancel()
        await asyncio.wait({script})
