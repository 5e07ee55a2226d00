"""The contract of a door (lab/origin/doors), which every implementation must keep: over TCP without TLS, with it, over HTTP/2,
and the fake that other tests use. A new implementation is one more row of IMPLEMENTATIONS."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Protocol

import h2.events
import h11
import pytest
import trio
import trio.testing

from lab.model import ledger
from lab.model.protocols import PROTOCOLS
from lab.origin import hypercorn_patches
from lab.origin.doors import Door
from lab.origin.doors.fake import FakeConnection, FakeDoor, FakeResponse
from lab.origin.doors.tcp import TcpDoor, tls_context
from lab.origin.exchange import Exchange, Receive, Scope, Send, until_gone
from lab.origin.ledger_writer import LedgerWriter
from lab.paths import LOOPBACK
from tests.origin.recorder import Recorder
from tests.tools.control import H1, H2

PATIENCE_S = 10.0
WORDS = b"twenty-one characters"


class Client(Protocol):
    """A connection to a door, seen from its other end."""

    async def ask(self) -> bytes:
        """The body of a whole response."""

    async def hold(self) -> None:
        """Begin a response that never ends, and receive the first part of it."""

    async def cut_off(self) -> None:
        """Return when the connection has ended, in whatever way."""


class TcpClient:
    """Raw h11 or h2, in a thread."""

    def __init__(self, raw: H1 | H2) -> None:
        self._raw = raw

    async def ask(self) -> bytes:
        return await trio.to_thread.run_sync(self._ask)

    async def hold(self) -> None:
        await trio.to_thread.run_sync(self._hold)

    async def cut_off(self) -> None:
        await trio.to_thread.run_sync(self._cut_off)

    def _ask(self) -> bytes:
        if isinstance(self._raw, H2):
            stream = self._raw.get("/words")
            assert self._raw.until(h2.events.StreamEnded, stream)
            return self._raw.data(stream)
        self._raw.get("/words")
        body = self._raw.body()
        self._raw.next_cycle()
        return body

    def _hold(self) -> None:
        if isinstance(self._raw, H2):
            assert self._raw.until(h2.events.DataReceived, self._raw.get("/endless"))
        else:
            self._raw.get("/endless")
            assert isinstance(self._raw.next(), h11.Data)

    def _cut_off(self) -> None:
        try:
            while self._raw.socket.recv(65536):
                pass
        except TimeoutError:
            raise
        except OSError:
            pass


class FakeClient:
    """A client of the fake."""

    def __init__(self, connection: FakeConnection) -> None:
        self._connection = connection
        self._held: FakeResponse | None = None

    async def ask(self) -> bytes:
        return await (await self._connection.request("/words")).body()

    async def hold(self) -> None:
        self._held = await self._connection.request("/endless")
        assert await self._held.part()

    async def cut_off(self) -> None:
        await self._connection.gone()


class Kit(Protocol):
    """What the tests need of an implementation: doors on one machine, and clients."""

    def door(self) -> Door: ...

    def client(self, door: Door) -> AbstractAsyncContextManager[Client]:
        """A client of a door. Raises ConnectionRefusedError if the door is closed."""


class TcpKit:
    def __init__(self, protocol: str, ledger: LedgerWriter, leaf: Path) -> None:
        self._protocol = PROTOCOLS[protocol]
        self._ledger = ledger
        self._leaf = leaf

    def door(self) -> Door:
        tls = tls_context(self._leaf, self._protocol) if self._protocol.tls else None
        settings = hypercorn_patches.config(100)
        return TcpDoor(self._protocol.name, self._protocol, host=LOOPBACK, settings=settings, ledger=self._ledger, tls=tls)

    @asynccontextmanager
    async def client(self, door: Door) -> AsyncIterator[Client]:
        def connect() -> H1 | H2:
            if self._protocol.multiplexed:
                return H2(door.port, self._leaf)
            return H1(door.port, self._leaf if self._protocol.tls else None)

        raw = await trio.to_thread.run_sync(connect)
        try:
            yield TcpClient(raw)
        finally:
            raw.close()


class FakeKit:
    def __init__(self, ledger: LedgerWriter, leaf: Path) -> None:
        self._ledger = ledger
        self._taken: set[int] = set()

    def door(self) -> Door:
        return FakeDoor("h2", PROTOCOLS["h2"], ledger=self._ledger, taken=self._taken)

    @asynccontextmanager
    async def client(self, door: Door) -> AsyncIterator[Client]:
        assert isinstance(door, FakeDoor)
        with door.connection() as connection:
            yield FakeClient(connection)


IMPLEMENTATIONS: dict[str, Callable[[LedgerWriter, Path], Kit]] = {
    "TCP": partial(TcpKit, "h1-clear"),
    "TCP, TLS": partial(TcpKit, "h1"),
    "TCP, HTTP/2": partial(TcpKit, "h2"),
    "fake": FakeKit,
}


class Words:
    """An app: a short answer, and one without end. `seen` is what it was told of each request's connection."""

    def __init__(self) -> None:
        self.seen: list[tuple[int, str]] = []
        self.left = trio.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        exchange = Exchange(scope, receive, send)
        self.seen.append((exchange.connection, exchange.door))
        if exchange.path == "/words":
            await exchange.answer(200, body=WORDS.decode())
            return
        await exchange.start(200, ())
        if await until_gone(exchange, partial(self._endless, exchange), trio.CancelScope()):
            self.left.set()

    async def _endless(self, exchange: Exchange) -> None:
        while True:
            await exchange.write(WORDS)
            await trio.sleep(0.02)


class Stage:
    """One implementation of a door, about to be tested."""

    def __init__(self, kit: Kit, recorder: Recorder) -> None:
        self.kit = kit
        self.recorder = recorder
        self.app = Words()
        self.door = kit.door()
        self.returned = trio.Event()

    async def serve(self) -> None:
        await self.door.serve(self.app)
        self.returned.set()

    async def refuses(self) -> None:
        """Return when the door refuses connections."""
        while True:
            try:
                async with self.kit.client(self.door):
                    await trio.sleep(0.01)
            except OSError:
                return


@pytest.fixture(params=IMPLEMENTATIONS)
def perform(request: pytest.FixtureRequest, leaf: Path) -> Iterator[Callable[[Callable[[Stage], Awaitable[None]]], None]]:
    """Run a test against a door that is open and serves."""
    recorder = Recorder()

    def run(check: Callable[[Stage], Awaitable[None]]) -> None:
        async def stage() -> None:
            one = Stage(IMPLEMENTATIONS[request.param](recorder, leaf), recorder)
            await one.door.open(0)
            with trio.fail_after(PATIENCE_S):
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(one.serve)
                    await trio.testing.wait_all_tasks_blocked()
                    await check(one)
                    nursery.cancel_scope.cancel()

        trio.run(stage)

    yield run
    recorder.close()


Perform = Callable[[Callable[[Stage], Awaitable[None]]], None]


def test_the_app_answers_and_the_ledger_has_the_connection(perform: Perform) -> None:
    async def check(on: Stage) -> None:
        async with on.kit.client(on.door) as client:
            assert await client.ask() == WORDS
            assert await client.ask() == WORDS
            [opened] = await on.recorder.until(ledger.ConnectionOpened, 1)
            [ready] = on.recorder.of(ledger.ConnectionNegotiated)
            assert opened.door == on.door.name
            assert (ready.connection, ready.protocol) == (opened.connection, on.door.protocol.alpn)
            assert on.app.seen == [(opened.connection, on.door.name)] * 2
            assert not on.recorder.of(ledger.ConnectionClosed)
        [closed] = await on.recorder.until(ledger.ConnectionClosed, 1)
        assert closed.connection == opened.connection

    perform(check)


def test_each_connection_has_its_own_number(perform: Perform) -> None:
    async def check(on: Stage) -> None:
        async with on.kit.client(on.door) as one, on.kit.client(on.door) as other:
            await one.ask()
            await other.ask()
            await one.ask()
        numbers = [number for number, _ in on.app.seen]
        assert numbers[0] == numbers[2] != numbers[1]

    perform(check)


def test_the_app_learns_that_a_client_has_left(perform: Perform) -> None:
    async def check(on: Stage) -> None:
        async with on.kit.client(on.door) as client:
            await client.hold()
        await on.recorder.until(ledger.ConnectionClosed, 1)
        await on.app.left.wait()

    perform(check)


def test_bytes_are_counted_and_never_go_back(perform: Perform) -> None:
    async def check(on: Stage) -> None:
        counted = [(0, 0)]
        for _ in range(2):
            async with on.kit.client(on.door) as client:
                for _ in range(2):
                    await client.ask()
                    counted.append((on.door.traffic.sent, on.door.traffic.received))
        for before, after in pairwise(counted):
            assert after[0] >= before[0] + len(WORDS)
            assert after[1] > before[1]

    perform(check)


def test_a_reset_cuts_every_connection_off_and_leaves_the_door_open(perform: Perform) -> None:
    async def check(on: Stage) -> None:
        async with on.kit.client(on.door) as one, on.kit.client(on.door) as other:
            await one.hold()
            await other.ask()
            on.door.reset()
            await one.cut_off()
            await other.cut_off()
        await on.recorder.until(ledger.ConnectionClosed, 2)
        async with on.kit.client(on.door) as again:
            assert await again.ask() == WORDS

    perform(check)


def test_a_shut_door_is_closed_with_its_connections_and_can_be_opened_where_it_was(perform: Perform) -> None:
    async def check(on: Stage) -> None:
        port = on.door.port
        async with on.kit.client(on.door) as client:
            await client.hold()
            on.door.shut()
            await client.cut_off()
        await on.returned.wait()
        assert len(on.recorder.of(ledger.ConnectionClosed)) == len(on.recorder.of(ledger.ConnectionOpened)) == 1
        await on.refuses()
        on.door.shut()  # Nothing is left to shut.
        before = on.door.traffic.sent
        await on.door.open(port)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(on.serve)
            await trio.testing.wait_all_tasks_blocked()
            async with on.kit.client(on.door) as again:
                assert await again.ask() == WORDS
            nursery.cancel_scope.cancel()
        assert on.door.port == port
        assert on.door.traffic.sent > before

    perform(check)


def test_cancelling_closes_the_door_and_its_connections(perform: Perform) -> None:
    async def check(on: Stage) -> None:
        another = on.kit.door()
        await another.open(0)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(another.serve, on.app)
            await trio.testing.wait_all_tasks_blocked()
            async with on.kit.client(another) as client:
                await client.hold()
                nursery.cancel_scope.cancel()
        await on.recorder.until(ledger.ConnectionClosed, 1)
        with pytest.raises(OSError):
            async with on.kit.client(another):
                pass

    perform(check)


def test_a_port_that_is_taken_is_an_error_and_another_may_be_tried(perform: Perform) -> None:
    async def check(on: Stage) -> None:
        another = on.kit.door()
        assert another.port == 0
        with pytest.raises(OSError, match="in use"):
            await another.open(on.door.port)
        await another.open(0)
        assert another.port not in (0, on.door.port)
        with trio.move_on_after(0):  # So that it is closed again.
            await another.serve(on.app)

    perform(check)
