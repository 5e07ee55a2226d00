"""The doors: one listening port a protocol, and every connection's coming and going in the ledger."""

from __future__ import annotations

import logging
import ssl
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import trio
from hypercorn.app_wrappers import ASGIWrapper
from hypercorn.config import Config
from hypercorn.trio.worker_context import WorkerContext
from hypercorn.typing import LifespanState

from lab.model.protocols import CONTROL, Protocol
from lab.origin.app import App
from lab.origin.counted_stream import CountedListener, CountedStream, Wire, reset
from lab.origin.hypercorn_patches.http1 import LastingTCPServer
from lab.origin.ledger_writer import LedgerWriter
from lab.run import certs

TAKEN_S = 0.1
HANDSHAKE_S = 30.0
TLS = trio.SSLStream[CountedStream]
logging.getLogger("trio.serve_listeners").setLevel(logging.CRITICAL)


class Door:
    """A protocol with its listening socket. `port` is the real one; a protocol may have several doors, each with its name."""

    def __init__(self, name: str, protocol: Protocol, host: str, folder: Path | None, wire: Wire) -> None:
        self.name = name
        self.protocol = protocol
        self.port = 0
        self.scope = trio.CancelScope()
        self.shut_s: float | None = None
        self._host = host
        self._folder = folder
        self._wire = wire

    def __repr__(self) -> str:
        return f"<Door {self.name} :{self.port}>"

    async def open(self, port: int) -> None:
        """Bind; OSError when the port is taken."""
        [listener] = await trio.open_tcp_listeners(port, host=self._host, backlog=1024)
        self.port = listener.socket.getsockname()[1]
        # What goes through the control door is not of the experiment.
        counted = CountedListener(listener, Wire() if self.protocol is CONTROL else self._wire)
        self.listener = counted if not self.protocol.tls else trio.SSLListener(counted, self._tls(), https_compatible=True)

    def _tls(self) -> ssl.SSLContext:
        if self._folder is None:
            raise ValueError(f"door {self.name} needs certificates")
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.minimum_version = ssl.TLSVersion.TLSv1_2
        tls.load_cert_chain(self._folder / certs.CHAIN, self._folder / certs.KEY)
        tls.set_alpn_protocols([self.protocol.alpn])
        return tls


async def open_door(name: str, protocol: Protocol, host: str, port: int, folder: Path | None, wire: Wire) -> Door:
    """Bind; OSError when the port is taken. `folder` holds the run's certificates, for a TLS door."""
    door = Door(name, protocol, host, folder, wire)
    await door.open(port)
    return door


class ReportOnce(trio.abc.Listener[TLS | CountedStream]):
    """A door's listener that tells, once, of what keeps it from accepting (no descriptor is left). Trio then tries again and
    again, and its own log would say so each time."""

    def __init__(self, listener: trio.abc.Listener[Any], tell: Callable[[OSError], None]) -> None:
        self._listener = listener
        self._tell = tell
        self._told = False

    async def accept(self) -> TLS | CountedStream:
        try:
            accepted: TLS | CountedStream = await self._listener.accept()
        except OSError as error:
            if not self._told:
                self._tell(error)
            self._told = True
            raise
        return accepted

    async def aclose(self) -> None:
        await self._listener.aclose()


class Doors:
    """All doors and the one app behind them."""

    def __init__(self, app: App, book: LedgerWriter, config: Config) -> None:
        self._app = ASGIWrapper(app)  # type: ignore[arg-type]  # an ASGI app by its shape
        self._book = book
        self._config = config
        self._context = WorkerContext(None)
        self._doors: Sequence[Door] = ()
        self._sockets: dict[int, trio.socket.SocketType] = {}

    async def serve(self, doors: Sequence[Door]) -> None:
        """Serve every door until cancelled."""
        self._doors = doors
        async with trio.open_nursery() as nursery:
            for door in doors:
                nursery.start_soon(self._serve_door, door)

    def reset(self) -> None:
        """Every connection of the measured doors, at once and without a word."""
        for connection in list(self._sockets.values()):
            reset(connection)

    def shut(self, seconds: float) -> None:
        """Close the measured doors with all their connections, and open them again at the same ports, as when a server is
        started anew."""
        for door in self._doors:
            if door.protocol is not CONTROL:
                door.shut_s = seconds
                door.scope.cancel()
        # Hypercorn shields its writes from cancellation: one to a client that never reads would keep its door shut for ever.
        for connection in list(self._sockets.values()):
            connection.close()

    async def _serve_door(self, door: Door) -> None:
        async def handle(stream: TLS | CountedStream) -> None:
            await self._connection(door, stream)

        while True:
            with trio.CancelScope() as door.scope:
                await trio.serve_listeners(handle, [ReportOnce(door.listener, partial(self._book.fault, f"door {door.name}"))])
            assert door.shut_s is not None, door
            await trio.sleep(door.shut_s)
            await self._open_again(door)

    async def _open_again(self, door: Door) -> None:
        """Somebody else may have taken the port meanwhile. That is a fault, and the door stays shut until they leave."""
        told = False
        while True:
            try:
                await door.open(door.port)
            except OSError as error:
                if not told:
                    self._book.fault(f"door {door.name}, to be opened again at port {door.port}", error)
                told = True
                await trio.sleep(TAKEN_S)
            else:
                return

    async def _connection(self, door: Door, stream: TLS | CountedStream) -> None:
        socket = stream.transport_stream.socket if isinstance(stream, trio.SSLStream) else stream.socket
        try:
            peer = "{}:{}".format(*socket.getpeername())
        except OSError:  # It left before it was looked at; there is nothing to record.
            await trio.aclose_forcefully(stream)
            return
        number = self._book.connection_opened(door.name, door.port, peer)
        if door.protocol is not CONTROL:
            self._sockets[number] = socket
        reason = "shutdown"
        try:
            protocol = await negotiate(stream)
            self._book.connection_negotiated(number, protocol)
            # Hypercorn repeats the handshake, which does nothing the second time.
            await LastingTCPServer(self._app, self._config, self._context, LifespanState(), stream)
            reason = "closed"
        except (trio.BrokenResourceError, trio.ClosedResourceError, trio.TooSlowError) as error:
            reason = f"broken: {error}"
            await trio.aclose_forcefully(stream)
        except Exception as error:  # noqa: BLE001  # Hypercorn's border: one connection's error must not end the others
            reason = "fault"
            self._book.fault(f"connection {number}", error)
            await trio.aclose_forcefully(stream)
        finally:
            self._sockets.pop(number, None)
            self._book.connection_closed(number, door.port, peer, reason)


async def negotiate(stream: TLS | CountedStream) -> str:
    """What ALPN chose. A client that offers none gets HTTP/1.1, as everywhere (RFC 9112)."""
    if not isinstance(stream, trio.SSLStream):
        return "http/1.1"
    with trio.fail_after(HANDSHAKE_S):
        await stream.do_handshake()
    return stream.selected_alpn_protocol() or "http/1.1"
