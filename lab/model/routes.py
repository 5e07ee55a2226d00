"""Routes: how requests travel from the browser to the origin.

This file has the contract only. lab/measure/routes.py has the routes: `direct`, and one for each variant of a proxy.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Protocol

from lab.model.hops import FrontConnection, ProxySeen


class OpenRoute(Protocol):
    """A route that is ready. `port(door)` is the port at which a browser reaches that door of the origin; it raises KeyError
    for a door that the route does not lead to. `hops` are the names of the servers that a request passes, the origin last.
    `proxy` is the proxy in between, or None. `front` are the connections to the proxy so far. `met` is what the proxy wrote
    about a limit of its own (connections, files, memory); empty if it wrote nothing."""

    @property
    def hops(self) -> tuple[str, ...]: ...
    @property
    def proxy(self) -> ProxySeen | None: ...
    @property
    def front(self) -> tuple[FrontConnection, ...]: ...
    @property
    def met(self) -> str: ...
    @property
    def can_reload(self) -> bool: ...
    def port(self, door: str) -> int: ...
    async def lost(self) -> None:
        """Raise HarnessFaultError when the proxy has ended; never return."""

    async def reload(self) -> None:
        """Let the proxy read its configuration anew, if `can_reload`."""


class Route(Protocol):
    """A route. `title` is its name for a reader. `open` takes the origin's ports by door, and the folder of the run's
    certificates. It raises UnsupportedError, with what to do, if the route can't be opened on this machine."""

    @property
    def name(self) -> str: ...
    @property
    def title(self) -> str: ...
    def open(self, ports: Mapping[str, int], certs: Path) -> AbstractAsyncContextManager[OpenRoute]: ...
