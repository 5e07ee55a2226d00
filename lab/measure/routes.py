"""The routes: one row each. A new route is an object with the contract of lab/model/routes.py, and a row in `ROUTES`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import msgspec

from lab.model import axes
from lab.model.routes import OpenRoute, Route


class OpenDirect(msgspec.Struct, frozen=True):
    """An open route without a proxy: the browser uses the origin's own ports."""

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
