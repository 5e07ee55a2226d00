"""The contract of a route, held by each of them and by a fake: it opens, leads each door to a port, names its hops, ends."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import pytest

from lab.measure.context import Addresses
from lab.measure.routes import ROUTES, OpenDirect
from lab.model.axes import DIRECT
from lab.model.cell import Cell
from lab.model.routes import OpenRoute, Route

PORTS = {"h1": 8001, "h2": 8002, "h2-2": 8003, "control": 8004}


class FakeRelay(msgspec.Struct):
    """A route with something between, on ports of its own. `open_now` says whether it runs."""

    name: str = "relay"
    title: str = "a relay"
    open_now: bool = False

    @asynccontextmanager
    async def open(self, ports: Mapping[str, int], certs: Path) -> AsyncIterator[OpenRoute]:
        self.open_now = True
        try:
            yield OpenDirect({door: port + 1000 for door, port in ports.items()}, hops=("relay", "origin"))
        finally:
            self.open_now = False


EVERY: list[Route] = [ROUTES[DIRECT], FakeRelay()]
"""Routes through a proxy have tests of their own (tests/proxies/test_variants.py)."""


@pytest.mark.parametrize("route", EVERY, ids=lambda route: route.name)
def test_the_contract(route: Route) -> None:
    async def check() -> None:
        async with route.open(PORTS, Path()) as opened:
            assert {door: type(opened.port(door)) for door in PORTS} == dict.fromkeys(PORTS, int)
            assert opened.hops[-1] == "origin"
            with pytest.raises(KeyError):
                opened.port("h9")

    asyncio.run(check())
    assert route.name
    assert route.title


def test_rows_are_named_as_they_are_found() -> None:
    assert {name: route.name for name, route in ROUTES.items()} == {name: name for name in ROUTES}


def test_a_cells_addresses_follow_its_route() -> None:
    cell = Cell(scenario="s", engine="e", protocol="h2", transport="sse", at_most=1)

    async def check() -> None:
        relay = FakeRelay()
        async with relay.open(PORTS, Path()) as opened:
            assert relay.open_now
            addresses = Addresses(cell, None, opened, "localhost")
            assert addresses.base("h2") == "https://localhost:9002"
            assert addresses.page("h2", tab=1).startswith("https://localhost:9002/tab?cell=s.e.h2.sse.tabs.1.100.1&")
        assert not relay.open_now

    asyncio.run(check())
