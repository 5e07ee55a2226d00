"""All doors together: shut and opened again, reset, counted; and a door whose host has several addresses."""

from __future__ import annotations

import socket
from collections.abc import Awaitable, Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import h2.events
import pytest
import trio
import trio.testing

from lab.model.ledger import ConnectionClosed, ConnectionOpened, DocumentServed, OriginFault
from lab.model.protocols import CONTROL, PROTOCOLS
from lab.origin import hypercorn_patches
from lab.origin.doors import TAKEN_S, Doors
from lab.origin.doors.fake import FakeDoor
from lab.origin.doors.tcp import TcpDoor, listen
from lab.origin.exchange import Exchange, Receive, Scope, Send, address
from lab.paths import LOOPBACK
from tests.conftest import Served
from tests.origin.recorder import Recorder
from tests.tools.control import H1, H2

PATIENCE_S = 10.0
SHUT_S = 2.0
MUCH = bytes(4_000_000)
"""More than the kernel keeps of what one end sends and the other does not read."""


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    exchange = Exchange(scope, receive, send)
    if exchange.path == "/much":
        await exchange.start(200, ())
        while True:
            await exchange.write(MUCH)
    await exchange.answer(200, body="here")


@pytest.fixture
def recorder() -> Iterator[Recorder]:
    one = Recorder()
    yield one
    one.close()


class Fakes:
    """Doors without a network: two that are measured, and the control door."""

    def __init__(self, recorder: Recorder) -> None:
        self.taken: set[int] = set()
        rows = (PROTOCOLS["h1"], PROTOCOLS["h2"], CONTROL)
        self.h1, self.h2, self.control = (FakeDoor(row.name, row, ledger=recorder, taken=self.taken) for row in rows)
        self.doors = Doors((self.h1, self.h2, self.control), recorder)

    async def serve(self, check: Callable[[], Awaitable[None]]) -> None:
        for door in (self.h1, self.h2, self.control):
            await door.open(0)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self.doors.serve, app)
            await trio.testing.wait_all_tasks_blocked()
            await check()
            nursery.cancel_scope.cancel()

    def run(self, check: Callable[[], Awaitable[None]]) -> None:
        """In made-up time: what waits costs nothing."""
        trio.run(self.serve, check, clock=trio.testing.MockClock(autojump_threshold=0.001))


def refuses(door: FakeDoor) -> bool:
    try:
        with door.connection():
            return False
    except ConnectionRefusedError:
        return True


def test_measured_doors_that_are_shut_open_again_where_they_were(recorder: Recorder) -> None:
    fakes = Fakes(recorder)

    async def check() -> None:
        ports = fakes.doors.ports
        with fakes.h1.connection() as measured, fakes.control.connection() as control:
            fakes.doors.shut(SHUT_S)
            await measured.gone()
            assert (await control.request("/")).status == 200, "the control door is none of them"
            assert refuses(fakes.h1)
            assert refuses(fakes.h2)
            await trio.sleep(SHUT_S * 0.9)
            assert refuses(fakes.h1)
            await trio.sleep(SHUT_S * 0.2)
            assert not control.ended
        for door in (fakes.h1, fakes.h2):
            with door.connection() as again:
                assert (await again.request("/")).status == 200
        assert fakes.doors.ports == ports

    fakes.run(check)
    assert not recorder.of(OriginFault)


def test_a_port_that_is_taken_meanwhile_is_one_fault_and_its_door_opens_when_it_is_free(recorder: Recorder) -> None:
    fakes = Fakes(recorder)

    async def check() -> None:
        fakes.doors.shut(SHUT_S)
        await trio.testing.wait_all_tasks_blocked()
        fakes.taken.add(fakes.h1.port)
        await trio.sleep(SHUT_S + 20 * TAKEN_S)
        assert refuses(fakes.h1)
        assert not refuses(fakes.h2)
        fakes.taken.remove(fakes.h1.port)
        await trio.sleep(2 * TAKEN_S)
        assert not refuses(fakes.h1)

    fakes.run(check)
    [fault] = recorder.of(OriginFault)
    assert fault.where == f"door h1, to be opened again at port {fakes.h1.port}"
    assert "Address already in use" in fault.error


def test_a_reset_is_of_the_measured_doors_only(recorder: Recorder) -> None:
    fakes = Fakes(recorder)

    async def check() -> None:
        with fakes.h1.connection() as one, fakes.h2.connection() as two, fakes.control.connection() as control:
            fakes.doors.reset()
            assert (one.ended, two.ended, control.ended) == (True, True, False)

    fakes.run(check)


def test_bytes_are_those_of_the_measured_doors(recorder: Recorder) -> None:
    fakes = Fakes(recorder)

    async def check() -> None:
        for door, growth in ((fakes.h1, 4), (fakes.h2, 4), (fakes.control, 0)):
            before = fakes.doors.traffic.sent
            with door.connection() as client:
                assert await (await client.request("/")).body() == b"here"
            assert fakes.doors.traffic.sent - before == growth

    fakes.run(check)


def test_a_door_opens_again_though_a_client_never_reads(recorder: Recorder) -> None:
    """Hypercorn shields what it writes from being cancelled. A server that is restarted forgets such a client."""
    row = PROTOCOLS["h1-clear"]
    door = TcpDoor(row.name, row, host=LOOPBACK, settings=hypercorn_patches.config(1), ledger=recorder)

    def asked() -> socket.socket:
        stuck = socket.create_connection((LOOPBACK, door.port))
        stuck.sendall(b"GET /much HTTP/1.1\r\nHost: localhost\r\n\r\n")
        return stuck

    async def check() -> None:
        await door.open(0)
        doors = Doors([door], recorder)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(doors.serve, app)
            with closing(await trio.to_thread.run_sync(asked)):
                await recorder.until(ConnectionOpened)
                await trio.sleep(0.1)  # By now it waits for the client.
                doors.shut(0.1)
                await recorder.until(ConnectionClosed)
                await trio.sleep(0.3)
            with closing(await trio.to_thread.run_sync(H1, door.port)) as again:
                assert (await trio.to_thread.run_sync(again.get, "/")).status_code == 200
            nursery.cancel_scope.cancel()

    async def watched() -> None:
        with trio.fail_after(PATIENCE_S):
            await check()

    trio.run(watched)


# --- A host with several addresses ---

NOWHERE = "192.0.2.1"
"""An address that no machine has (RFC 5737)."""


class Resolver(trio.abc.HostnameResolver):
    """A name's addresses, made up."""

    def __init__(self, *addresses: str) -> None:
        self._addresses = addresses

    async def getaddrinfo(
        self,
        host: bytes | None,
        port: bytes | str | int | None,
        family: int = 0,
        type: int = 0,  # noqa: A002  # trio's name for it
        proto: int = 0,
        flags: int = 0,
    ) -> list[Any]:
        names = self._addresses if host == b"made.up" else (str(host),)
        return [entry for one in names for entry in socket.getaddrinfo(one, port, family, type, proto, flags)]

    async def getnameinfo(self, sockaddr: Any, flags: int) -> tuple[str, str]:
        raise NotImplementedError


def listening(host: str, port: int, *addresses: str) -> list[tuple[str, int]]:
    """Where `listen` listens, when a name has these addresses."""

    async def check() -> list[tuple[str, int]]:
        trio.socket.set_custom_hostname_resolver(Resolver(*addresses))
        listeners = await listen(host, port)
        found = [one.socket.getsockname()[:2] for one in listeners]
        for one in listeners:
            await one.aclose()
        return found

    return trio.run(check)


def has_ipv6() -> bool:
    with socket.socket(socket.AF_INET6) as one:
        try:
            one.bind(("::1", 0))
        except OSError:
            return False
    return True


IPV6 = pytest.mark.skipif(not has_ipv6(), reason="this machine has no IPv6 loopback")


@pytest.mark.parametrize("addresses", [("127.0.0.1", "127.0.0.2"), pytest.param(("::1", "127.0.0.1"), marks=IPV6)])
def test_every_address_of_a_name_is_bound_at_one_port(addresses: tuple[str, ...]) -> None:
    found = listening("made.up", 0, *addresses)
    assert tuple(host for host, _ in found) == addresses
    assert len({port for _, port in found}) == 1


def test_an_address_that_a_name_has_twice_is_bound_once() -> None:
    assert len(listening("made.up", 0, "127.0.0.1", "127.0.0.1")) == 1


def test_an_address_that_is_not_here_is_left_out_unless_it_is_the_only_one() -> None:
    assert [host for host, _ in listening("made.up", 0, NOWHERE, "127.0.0.1")] == ["127.0.0.1"]
    with pytest.raises(OSError, match="assign requested address"):
        listening("made.up", 0, NOWHERE)


def test_a_port_that_is_taken_on_one_address_of_a_name_is_taken() -> None:
    with socket.socket() as taker:
        taker.bind(("127.0.0.2", 0))
        taker.listen()
        port = taker.getsockname()[1]
        with pytest.raises(OSError, match="in use"):
            listening("made.up", port, "127.0.0.1", "127.0.0.2")
    assert len(listening("made.up", port, "127.0.0.1", "127.0.0.2")) == 2, "nothing was left bound"


@pytest.mark.parametrize("host", ["no.such.name.invalid", "two..dots", "x" * 70])
def test_a_name_that_is_none_is_an_error_of_the_system(host: str) -> None:
    with pytest.raises(OSError):
        trio.run(listen, host, 0)


def test_a_peer_over_ipv6_has_brackets() -> None:
    assert address(("127.0.0.1", 80)) == "127.0.0.1:80"
    assert address(("::1", 80, 0, 0)) == "[::1]:80"


@IPV6
@pytest.mark.parametrize("host", ["::1", "::"])
def test_the_origin_over_ipv6(serve: Callable[..., Served], leaf: Path, host: str) -> None:
    served = serve("--host", host)
    for door, folder in (("h1-clear", None), ("h1", leaf)):
        with closing(H1(served.port(door), folder, address="::1")) as one:
            assert one.get("/tab?transport=sse&tab=1", {"Host": "[::1]:80"}).status_code == 200
    with closing(H2(served.port("h2"), leaf, address="::1")) as two:
        assert two.until(h2.events.ResponseReceived, two.get("/", authority="[::1]"))
    peers = [event.peer for event in served.wait_count(ConnectionOpened, 3)]
    assert all(peer.startswith("[::1]:") for peer in peers), peers


def test_connections_that_differ_in_the_origins_address_only(serve: Callable[..., Served]) -> None:
    """From one address and port of the client to two addresses of this machine: each request belongs to its own connection, and
    the end of one leaves the other as it was."""
    served = serve("--host", "0.0.0.0")
    port = served.port("h1-clear")

    def connected(to: str, source: int) -> socket.socket:
        one = socket.socket()
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        one.bind(("127.0.0.1", source))
        one.connect((to, port))
        return one

    def connection_of(client: socket.socket, tab: int) -> int:
        """The connection by which the origin has a request of this client."""
        client.sendall(f"GET /tab?transport=sse&cell=c&tab={tab} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
        return int(served.wait_count(DocumentServed, tab)[-1].connection)

    with connected("127.0.0.1", 0) as first:
        [opened] = served.wait_count(ConnectionOpened, 1)
        with connected("127.0.0.2", first.getsockname()[1]):
            _, second = served.wait_count(ConnectionOpened, 2)
            assert opened.peer == second.peer
            assert connection_of(first, 1) == opened.connection
        served.wait_count(ConnectionClosed, 1)
        assert connection_of(first, 2) == opened.connection
    assert not served.of(OriginFault)


def test_it_answers_to_the_name_that_it_is_bound_to(serve: Callable[..., Served]) -> None:
    """Here another spelling of an address, which is no address in a URL."""
    served = serve("--host", "127.1")
    with closing(H1(served.port("h1-clear"))) as client:
        assert client.get("/", {"Host": "127.1:80"}).status_code == 200
