"""The routes that a cell can take: one row each. A new route is a row here, with what opens it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import msgspec

from lab.model import axes
from lab.model.routes import OpenRoute, Route


class OpenDirect(msgspec.Struct, frozen=True):
    """Nothing between: the browser asks the origin's own ports."""

    ports: Mapping[str, int]
    hops: tuple[str, ...] = ("origin",)

    def port(self, door: str) -> int:
        return self.ports[door]


class Direct(msgspec.Struct, frozen=True):
    """The route without a proxy."""

    name: str = axes.DIRECT
    title: str = "direct"

    @asynccontextmanager
    async def open(self, ports: Mapping[str, int]) -> AsyncIterator[OpenRoute]:
        yield OpenDirect(ports)


ROUTES: dict[str, Route] = {axes.DIRECT: Direct()}
