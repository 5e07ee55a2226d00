"""Two tabs whose page never arrives: a server accepts their connections and answers nothing."""

import asyncio
from typing import cast

from lab import Tabs
from lab.measure.tabs import CellTabs
from lab.scenario.scenario import scenario


@scenario(transports=["sse"], tabs=2, claim={"h1": 2}, source="tests/faults/test_pages.py")
async def unanswered(tabs: Tabs) -> None:
    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.read(1024):
            pass
        writer.close()

    async with await asyncio.start_server(accept, "127.0.0.1", 0) as silent:
        port = silent.sockets[0].getsockname()[1]
        addresses = cast(CellTabs, tabs)._context.addresses
        addresses.page = lambda door, host="", **query: f"http://127.0.0.1:{port}/"  # type: ignore[method-assign]
        await tabs.open_one_by_one()
        await tabs.settle()
