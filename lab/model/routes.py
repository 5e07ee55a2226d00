"""Routes: how requests travel from the browser to the origin.

This file has the contract only. A route through a proxy starts the proxy when it is opened, and ends it when it is closed; the
proxy has a port for each of the origin's doors. `Direct` in lab/measure/routes.py is the route without a proxy.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from typing import Protocol


class OpenRoute(Protocol):
    """A route that is ready. `port(door)` is the port at which a browser reaches that door of the origin; it raises KeyError
    for an unknown door. `hops` are the names of the servers that a request passes, the origin last."""

    @property
    def hops(self) -> tuple[str, ...]: ...
    def port(self, door: str) -> int: ...


class Route(Protocol):
    """A route. `title` is its name for a reader. `open` takes the origin's ports by door. It raises UsageError or MachineError,
    with what to do, if the route can't be opened on this machine."""

    @property
    def name(self) -> str: ...
    @property
    def title(self) -> str: ...
    def open(self, ports: Mapping[str, int]) -> AbstractAsyncContextManager[OpenRoute]: ...
