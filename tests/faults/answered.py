"""Two tabs, and nothing is done to them."""

from lab import Tabs
from lab.scenario.scenario import scenario


@scenario(transports=["sse"], tabs=2, claim={"h1": 2}, source="tests/faults/test_pages.py")
async def answered(tabs: Tabs) -> None:
    await tabs.open_one_by_one()
    await tabs.settle()
