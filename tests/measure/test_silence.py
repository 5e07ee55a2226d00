"""A cell that needs no browser: what it sees, and a proxy that dies in it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import psutil

from lab import Answer, Silence, Tabs, scenario
from lab.measure.observe import observe
from lab.measure.origin import Origin, origin
from lab.model.cell import PLAIN_CLIENT, Cell
from lab.model.ledger import StreamOpened
from lab.run import certs

LONG, SHORT = "long", "short"


@scenario(
    question="silence", transports=["sse"], browsers=False, tabs=2, routes=["haproxy", "nginx"],
    cases={LONG: Silence(seconds=60), SHORT: Silence(seconds=0.5)},
    claims=[Answer("not cut", source="nobody: a test of the lab", protocols=("h1",))],
)  # fmt: skip
async def watching(tabs: Tabs) -> None:
    """Is a stream cut?"""
    await tabs.watch()


CELL = Cell(
    scenario="watching", question="silence", engine=PLAIN_CLIENT, protocol="h1", transport="sse", at_most=2, route="haproxy"
)  # fmt: skip


@asynccontextmanager
async def serving(folder: Path) -> AsyncIterator[Origin]:
    with certs.minted() as leaf:
        async with origin(leaf, folder) as running:
            yield running


def opened(running: Origin) -> list[StreamOpened]:
    """The streams of the cell so far, the short one before both included."""
    return running.ledger.of(StreamOpened)


def haproxies() -> list[psutil.Process]:
    return [one for one in psutil.Process().children(recursive=True) if one.name() == "haproxy"]


def test_both_streams_are_watched(tmp_path: Path) -> None:
    async def check() -> None:
        async with serving(tmp_path) as running:
            seen = await observe(watching, msgspec.structs.replace(CELL, case=SHORT), None, running)
        assert seen.faults == ()
        assert seen.silence is not None
        assert [(one.name, one.opened, one.ended_after_ms) for one in seen.silence.streams] == [
            ("silent", True, None), ("talking", True, None),
        ]  # fmt: skip
        assert seen.proxy is not None
        assert seen.proxy.name == "HAProxy"

    asyncio.run(check())
    assert haproxies() == []


def test_a_proxy_that_dies_costs_its_cell_at_once_and_no_other(tmp_path: Path) -> None:
    async def check() -> None:
        async with serving(tmp_path) as running:
            cell = asyncio.create_task(observe(watching, msgspec.structs.replace(CELL, case=LONG), None, running))
            await running.wait_for(lambda: len(opened(running)) > 2)
            for one in haproxies():
                one.kill()
            async with asyncio.timeout(20):
                seen = await cell
            assert [fault for fault in seen.faults if "HAProxy ended with code -9 while the cell was measured" in fault]
            after = await observe(watching, msgspec.structs.replace(CELL, case=SHORT, route="nginx"), None, running)
            assert after.faults == ()

    asyncio.run(check())
    assert haproxies() == []
