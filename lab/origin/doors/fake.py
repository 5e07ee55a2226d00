"""A door without a network, for tests. Its clients call the app directly, in the same process, so tests can use a simulated
clock.

It implements the contract `Door`. It can't show the behaviour of sockets, TLS and Hypercorn: here no write ever waits.
"""

from __future__ import annotations

import errno
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from itertools import count
from typing import Any

import trio

from lab.model.protocols import Protocol
from lab.origin.doors import Traffic
from lab.origin.exchange import ASGIApp
from lab.origin.ledger_writer import LedgerWriter


class FakeDoor:
    """A door without a network. `taken` are the ports in use; doors on one simulated machine share this set."""

    def __init__(self, name: str, protocol: Protocol, *, ledger: LedgerWriter, taken: set[int] | None = None) -> None:
        self.name = name
        self.protocol = protocol
        self.port = 0
        self.traffic = Traffic()
        self._ledger = ledger
        self._taken = set() if taken is None else taken
        self._peers = count(1)
        self._connections: set[FakeConnection] = set()
        self._serving: tuple[ASGIApp, trio.Nursery] | None = None

    async def open(self, port: int) -> None:
        await trio.lowlevel.checkpoint()
        if port in self._taken:
            raise OSError(errno.EADDRINUSE, "Address already in use")
        self.port = port or next(number for number in count(1024) if number not in self._taken)
        self._taken.add(self.port)

    async def serve(self, app: ASGIApp) -> None:
        try:
            async with trio.open_nursery() as nursery:
                self._serving = app, nursery
                await trio.sleep_forever()
        finally:
            self._serving = None
            self._taken.discard(self.port)
            self._end_all("shutdown")

    def reset(self) -> None:
        self._end_all("broken: it was reset")

    def shut(self) -> None:
        if self._serving is not None:
            self._serving[1].cancel_scope.cancel()

    @contextmanager
    def connection(self) -> Iterator[FakeConnection]:
        """A client's connection, which ends with the block. Raises ConnectionRefusedError while the door does not serve."""
        if self._serving is None:
            raise ConnectionRefusedError(f"door {self.name} does not serve")
        number = self._ledger.connection_opened(self.name, f"fake:{next(self._peers)}")
        self._ledger.connection_negotiated(number, self.protocol.alpn)
        one = FakeConnection(self, number, *self._serving)
        self._connections.add(one)
        try:
            yield one
        finally:
            self._end(one, "closed")

    def _end_all(self, reason: str) -> None:
        for one in list(self._connections):
            self._end(one, reason)

    def _end(self, one: FakeConnection, reason: str) -> None:
        if one in self._connections:
            self._connections.remove(one)
            one.end()
            self._ledger.connection_closed(one.number, reason)


class FakeConnection:
    """A client's side of a connection. `ended`: the client or the door has ended it."""

    def __init__(self, door: FakeDoor, number: int, app: ASGIApp, nursery: trio.Nursery) -> None:
        self.number = number
        self.ended = False
        self._door = door
        self._app = app
        self._nursery = nursery
        self._news = trio.Event()

    async def request(
        self, path: str, query: str = "", method: str = "GET", headers: Mapping[str, str] | None = None
    ) -> FakeResponse:
        """Send a request, and return when its response has begun. Raises trio.BrokenResourceError if the connection ends."""
        response = FakeResponse(self, self._door.traffic)
        fields = {"host": "localhost", **(headers or {})}
        scope = {
            "type": "http",
            "method": method,
            "path": path,
            "query_string": query.encode("latin-1"),
            "http_version": "2" if self._door.protocol.multiplexed else "1.1",
            "headers": [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in fields.items()],
            "state": {"connection": self.number, "door": self._door.name},
        }
        self._door.traffic.received += len(path) + len(query)
        self._nursery.start_soon(self._serve, scope, response)
        await self.until(lambda: bool(response.status))
        return response

    async def until(self, true: Callable[[], bool]) -> None:
        """Return when `true()` is true. Raises trio.BrokenResourceError if the connection ends first."""
        while not true():
            if self.ended:
                raise trio.BrokenResourceError("the connection has ended")
            await self._news.wait()

    async def gone(self) -> None:
        """Return when the connection has ended."""
        while not self.ended:
            await self._news.wait()

    def end(self) -> None:
        self.ended = True
        self.changed()

    def changed(self) -> None:
        """Wake all tasks that wait for a change."""
        self._news.set()
        self._news = trio.Event()

    async def _serve(self, scope: Mapping[str, Any], response: FakeResponse) -> None:
        try:
            await self._app(scope, response.receive, response.send)
        except Exception:  # noqa: BLE001  # as Hypercorn does; the app itself has recorded the fault
            self.end()


class FakeResponse:
    """A response as its client sees it, and the two functions that ASGI gives the app."""

    def __init__(self, connection: FakeConnection, traffic: Traffic) -> None:
        self.status = 0
        self.headers: dict[str, str] = {}
        self._connection = connection
        self._traffic = traffic
        self._asked = False
        self._complete = False
        self._parts: deque[bytes] = deque()

    async def part(self) -> bytes:
        """The next part of the body; empty at its end. Raises trio.BrokenResourceError if the connection ends before it."""
        await self._connection.until(lambda: bool(self._parts) or self._complete)
        return self._parts.popleft() if self._parts else b""

    async def body(self) -> bytes:
        """The rest of the body. Raises trio.BrokenResourceError if the connection ends before it."""
        parts = []
        while part := await self.part():
            parts.append(part)
        return b"".join(parts)

    async def receive(self) -> Mapping[str, Any]:
        if not self._asked:
            self._asked = True
            return {"type": "http.request", "body": b"", "more_body": False}
        await self._connection.gone()
        return {"type": "http.disconnect"}

    async def send(self, message: Mapping[str, Any]) -> None:
        await trio.lowlevel.checkpoint()
        if self._connection.ended:  # As in Hypercorn: the app learns of it by `receive`.
            return
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in message["headers"]}
        else:
            if message["body"]:
                self._traffic.sent += len(message["body"])
                self._parts.append(message["body"])
            self._complete = not message["more_body"]
        self._connection.changed()
