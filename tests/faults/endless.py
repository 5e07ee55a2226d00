"""Two tabs, in the first of which a script without end begins before the verdict."""

import asyncio
from typing import cast

from lab import Tabs
from lab.measure.tabs import CellTabs
from lab.scenario.scenario import scenario


@scenario(transports=["sse"], tabs=2, claim={"h1": 2}, source="tests/test_pages.py")
async def endless(tabs: Tabs) -> None:
    await tabs.open_one_by_one()
    script = asyncio.create_task(cast(CellTabs, tabs).pages[0].tab.ask("for (;;);"))
    try:
        await tabs.settle()
    finally:
        script.cancel()
        await asyncio.wait({script})
