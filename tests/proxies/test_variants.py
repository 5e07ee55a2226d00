"""Every variant of every proxy, for real: it starts, leads each front to the origin, listens on loopback only, and ends."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import psutil
import pytest

from lab.errors import HarnessFaultError, UnsupportedError
from lab.measure.origin import Origin, origin
from lab.measure.plain import read, settings_of
from lab.measure.routes import ROUTES, OpenProxied, free_ports
from lab.model.ledger import ConnectionNegotiated, StreamOpened
from lab.model.protocols import PROTOCOLS
from lab.model.wire import IDENTITY
from lab.proxies import MARK, Launch, Proxy, Setup, Variant, haproxy, nginx
from lab.proxies.known import PROXIES, VARIANTS
from lab.proxies.running import PortTakenError, running
from lab.run import certs


@pytest.fixture(scope="module")
def leaf() -> Iterator[Path]:
    with certs.minted() as folder:
        yield folder


@asynccontextmanager
async def through(name: str, leaf: Path, folder: Path) -> AsyncIterator[tuple[Origin, OpenProxied]]:
    async with origin(leaf, folder) as running_origin:
        await running_origin.begin("c", 100)
        async with ROUTES[name].open(running_origin.started.doors, leaf) as route:
            assert isinstance(route, OpenProxied)
            yield running_origin, route


def listening(pid: int) -> set[str]:
    """The addresses that a process and its children listen on."""
    process = psutil.Process(pid)
    every = [one for each in (process, *process.children(recursive=True)) for one in each.net_connections()]
    return {one.laddr.ip for one in every if one.status == psutil.CONN_LISTEN}


@pytest.mark.parametrize("proxy", PROXIES, ids=lambda proxy: proxy.NAME)
def test_every_variant_of(proxy: Proxy, leaf: Path, tmp_path: Path) -> None:
    """Three short streams, one through each front, come to the origin by the protocol that the variant names."""

    async def check() -> None:
        async with origin(leaf, tmp_path) as server:
            for variant in proxy.VARIANTS:
                await one(server, variant.name)

    async def one(server: Origin, name: str) -> None:
        await server.begin("c", 100)
        async with ROUTES[name].open(server.started.doors, leaf) as route:
            assert isinstance(route, OpenProxied)
            process = route._running.process
            assert listening(process.pid) <= {"127.0.0.1"}
            for front, row in PROTOCOLS.items():
                url = f"{row.scheme}://127.0.0.1:{route.port(front)}/drip?cell=c&tab=1&events=2&interval=1&lead=1"
                seen = await read(server, url, IDENTITY, 5.0, multiplexed=row.multiplexed)
                assert (len(seen.events), seen.error) == (2, None), front
                assert seen.http == ("2" if row.multiplexed else "1.1"), front
            settings = await settings_of(server, f"https://127.0.0.1:{route.port('h2')}/")
            assert settings, "its HTTP/2 front announces its settings"
            carrying = {one.connection for one in server.ledger.of(StreamOpened)}
            spoken = {one.protocol for one in server.ledger.of(ConnectionNegotiated) if one.connection in carrying}
            assert spoken == {PROTOCOLS[VARIANTS[name][1].behind].alpn}, name
            assert len(route.front) == len(PROTOCOLS) + 1
            seen_proxy = route.proxy
            assert seen_proxy is not None
            assert seen_proxy.version
            assert (MARK in seen_proxy.configuration) == bool(seen_proxy.line)
            assert str(leaf) not in seen_proxy.configuration
            with pytest.raises(KeyError):
                route.port("h9")
        assert process.returncode is not None

    asyncio.run(check())


@pytest.fixture
def setup(leaf: Path, tmp_path: Path) -> Setup:
    folder = tmp_path / "own"
    folder.mkdir()
    folder.chmod(0o755)
    return Setup(fronts=free_ports(PROTOCOLS), origin=1, origin_h2=1, certs=leaf, folder=folder)


def started(proxy: object, variant: Variant, setup: Setup) -> None:
    async def start() -> None:
        async with running(proxy, variant, setup):  # type: ignore[arg-type]  # a module, or what stands for one
            raise AssertionError("it started")

    asyncio.run(start())


def test_a_configuration_that_is_rejected_is_told_in_the_proxys_own_words(setup: Setup) -> None:
    wrong = Variant(name="nginx-wrong", title="nginx, a line it does not know", line="proxy_bufering off;", place="location")
    with pytest.raises(UnsupportedError) as refused:
        started(nginx, wrong, setup)
    assert 'unknown directive "proxy_bufering"' in refused.value.message
    assert str(setup.folder) not in refused.value.message


def test_a_port_that_is_taken_is_told_in_the_proxys_own_words(setup: Setup) -> None:
    async def check() -> None:
        taken = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
        port = taken.sockets[0].getsockname()[1]
        fronts = {**setup.fronts, "h1": port}
        async with taken, running(haproxy, haproxy.VARIANTS[0], Setup(
            fronts=fronts, origin=1, origin_h2=1, certs=setup.certs, folder=setup.folder
        )):  # fmt: skip
            raise AssertionError("it started")

    with pytest.raises(PortTakenError, match="Address already in use"):
        asyncio.run(check())


def test_a_missing_program_is_unsupported_with_the_fix(monkeypatch: pytest.MonkeyPatch, setup: Setup) -> None:
    monkeypatch.setenv("SEVENTH_TAB_NGINX", "/nowhere/nginx")
    with pytest.raises(UnsupportedError) as refused:
        started(nginx, nginx.VARIANTS[0], setup)
    assert "/nowhere/nginx can't be run" in refused.value.message
    assert refused.value.todo


def test_a_proxy_that_dies_is_told_at_once_with_its_last_words(leaf: Path, tmp_path: Path) -> None:
    async def check() -> None:
        async with through("nginx", leaf, tmp_path) as (_, route):
            began = time.monotonic()
            route._running.process.kill()
            with pytest.raises(HarnessFaultError, match="nginx ended with code -9 while the cell was measured"):
                await route.lost()
            assert time.monotonic() - began < 5

    asyncio.run(check())


def test_a_limit_of_its_own_that_a_proxy_meets_is_told(leaf: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    few = nginx.TEMPLATE.replace("worker_connections 4096", "worker_connections 10")
    monkeypatch.setattr(nginx, "TEMPLATE", few)

    async def check() -> None:
        async with through("nginx", leaf, tmp_path) as (server, route):
            assert route.met == ""
            front = f"http://127.0.0.1:{route.port('h1-clear')}"
            await asyncio.gather(
                *[read(server, f"{front}/drip?cell=c&tab={n}&events=1&lead=0&hold=500", IDENTITY, 5.0) for n in range(12)]
            )
            assert "10 worker_connections are not enough" in route.met

    asyncio.run(check())


def test_what_cannot_reload_says_so() -> None:
    assert Launch(arguments=(), configuration="").reload is None
