"""The routes: `direct`, and one for each variant of each proxy (lab/proxies). A route is opened for one cell, and closed with
it.

A route through a proxy: browser → relay → proxy → origin. The relay counts the browser's connections, because the proxy won't.
"""

from __future__ import annotations

import asyncio
import socket
import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from pathlib import Path

import msgspec

from lab.model import axes
from lab.model.hops import FrontConnection, ProxySeen
from lab.model.protocols import CONTROL, PROTOCOLS
from lab.model.routes import OpenRoute, Route
from lab.paths import LOOPBACK
from lab.proxies import Proxy, Setup, Variant
from lab.proxies.known import VARIANTS
from lab.proxies.relay import Relay, relay
from lab.proxies.running import PortTakenError, RunningProxy, running

TRIES = 3
"""How often a proxy is started, on other ports each time, while another process takes one of them first."""


class OpenDirect(msgspec.Struct, frozen=True):
    """An open route without a proxy: the browser uses the origin's own ports."""

    ports: Mapping[str, int]
    hops: tuple[str, ...] = ("origin",)
    proxy: ProxySeen | None = None
    front: tuple[FrontConnection, ...] = ()
    met: str = ""
    can_reload: bool = False

    def port(self, door: str) -> int:
        return self.ports[door]

    async def lost(self) -> None:
        await asyncio.Event().wait()

    async def reload(self) -> None:
        return


class Direct(msgspec.Struct, frozen=True):
    """The route without a proxy."""

    name: str = axes.DIRECT
    title: str = "direct"

    @asynccontextmanager
    async def open(self, ports: Mapping[str, int], certs: Path) -> AsyncIterator[OpenRoute]:
        yield OpenDirect(ports)


class OpenProxied:
    """An open route through a proxy. The control door is reached without it."""

    def __init__(self, running: RunningProxy, relays: Mapping[str, Relay], ports: Mapping[str, int], proxy: ProxySeen) -> None:
        self.proxy: ProxySeen | None = proxy
        self.hops = (proxy.name, "origin")
        self._running = running
        self._relays = relays
        self._ports = ports

    @property
    def front(self) -> tuple[FrontConnection, ...]:
        return tuple(one for each in self._relays.values() for one in each.connections)

    @property
    def met(self) -> str:
        return self._running.met()

    @property
    def can_reload(self) -> bool:
        return self._running.can_reload

    def port(self, door: str) -> int:
        return self._ports[door] if door == CONTROL.name else self._relays[door].port

    async def lost(self) -> None:
        await self._running.lost()

    async def reload(self) -> None:
        await self._running.reload()


class Proxied(msgspec.Struct, frozen=True):
    """The route through one variant of a proxy."""

    module: Proxy
    variant: Variant

    @property
    def name(self) -> str:
        return self.variant.name

    @property
    def title(self) -> str:
        return self.variant.title

    @asynccontextmanager
    async def open(self, ports: Mapping[str, int], certs: Path) -> AsyncIterator[OpenRoute]:
        async with AsyncExitStack() as stack:
            proxy, setup = await stack.enter_async_context(on_free_ports(self.module, self.variant, ports, certs))
            folder = setup.folder
            relays = {name: await stack.enter_async_context(relay(name, port)) for name, port in setup.fronts.items()}
            seen = ProxySeen(
                name=self.module.TITLE,
                variant=self.variant.name,
                version=proxy.program.version,
                found=proxy.program.where,
                line=self.variant.line,
                behind=self.variant.behind,
                configuration=proxy.configuration.replace(str(folder), "FOLDER").replace(str(certs), "CERTS"),
            )
            yield OpenProxied(proxy, relays, ports, seen)


@asynccontextmanager
async def on_free_ports(
    module: Proxy, variant: Variant, ports: Mapping[str, int], certs: Path
) -> AsyncIterator[tuple[RunningProxy, Setup]]:
    """A running proxy on ports that were free, and what it was configured for. When another process takes one first, others are
    tried."""
    async with AsyncExitStack() as stack:
        for turn in range(TRIES):
            folder = stack.enter_context(own_folder())
            fronts = free_ports(PROTOCOLS)
            setup = Setup(fronts=fronts, origin=ports["h1-clear"], origin_h2=ports["h2"], certs=certs, folder=folder)
            try:
                proxy = await stack.enter_async_context(running(module, variant, setup))
                break
            except PortTakenError:
                if turn == TRIES - 1:
                    raise
        yield proxy, setup


@contextmanager
def own_folder() -> Iterator[Path]:
    """A folder for the files of one proxy. Its workers may be another user's, so they may look into it."""
    with tempfile.TemporaryDirectory(prefix="p-", ignore_cleanup_errors=True) as name:
        Path(name).chmod(0o755)
        yield Path(name)


def free_ports(names: Mapping[str, object]) -> dict[str, int]:
    """A free port for each name, all different. Another process may take one before the proxy does: then the proxy says so."""
    held = {name: socket.socket() for name in names}
    try:
        for one in held.values():
            one.bind((LOOPBACK, 0))
        return {name: one.getsockname()[1] for name, one in held.items()}
    finally:
        for one in held.values():
            one.close()


ROUTES: dict[str, Route] = {
    axes.DIRECT: Direct(),
    **{name: Proxied(module, variant) for name, (module, variant) in VARIANTS.items()},
}
