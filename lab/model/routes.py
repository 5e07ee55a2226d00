"""Routes: how requests get from the browser to the origin.

The contract only. A route that goes through something else (a proxy) starts it when it is opened and ends it when it is closed;
it gives each of the origin's doors a port of its own. `DIRECT` in lab/measure/routes.py is the route without anything between.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from typing import Protocol


class OpenRoute(Protocol):
    """A route that is ready: `port(door)` is where a browser reaches that door of the origin. Raises KeyError for a door that
    the route does not lead to. `hops` names what a request passes through, the origin last."""

    @property
    def hops(self) -> tuple[str, ...]: ...
    def port(self, door: str) -> int: ...


class Route(Protocol):
    """A route by name. `title` is what a reader calls it. `open` takes the origin's ports by door, and raises UsageError or
    MachineError, with what to do, when the route can't be had on this machine."""

    @property
    def name(self) -> str: ...
    @property
    def title(self) -> str: ...
    def open(self, ports: Mapping[str, int]) -> AbstractAsyncContextManager[OpenRoute]: ...
