"""The doors: one listening port a protocol, and every connection's coming and going in the ledger."""

from __future__ import annotations

import ssl
from collections.abc import Sequence
from pathlib import Path

import trio
from hypercorn.app_wrappers import ASGIWrapper
from hypercorn.config import Config
from hypercorn.trio.tcp_server import TCPServer
from hypercorn.trio.worker_context import WorkerContext
from hypercorn.typing import LifespanState

from lab import certs
from lab.origin.app import App
from lab.origin.book import Book
from lab.protocols import Protocol

HANDSHAKE_S = 30.0
TLS = trio.SSLStream[trio.SocketStream]


class Door:
    """A protocol with its listening socket. `port` is the real one; a protocol may have several doors, each with its name."""

    def __init__(self, name: str, protocol: Protocol, listener: trio.SocketListener, tls: ssl.SSLContext | None) -> None:
        self.name = name
        self.protocol = protocol
        self.port: int = listener.socket.getsockname()[1]
        self.listener = listener if tls is None else trio.SSLListener(listener, tls, https_compatible=True)

    def __repr__(self) -> str:
        return f"<Door {self.name} :{self.port}>"


async def open_door(name: str, protocol: Protocol, host: str, port: int, folder: Path | None) -> Door:
    """Bind; OSError when the port is taken. `folder` holds the run's certificates, for a TLS door."""
    [listener] = await trio.open_tcp_listeners(port, host=host, backlog=1024)
    if not protocol.tls:
        return Door(name, protocol, listener, None)
    if folder is None:
        raise ValueError(f"door {name} needs certificates")
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.minimum_version = ssl.TLSVersion.TLSv1_2
    tls.load_cert_chain(folder / certs.CHAIN, folder / certs.KEY)
    tls.set_alpn_protocols([protocol.alpn])
    return Door(name, protocol, listener, tls)


class House:
    """All doors and the one app behind them."""

    def __init__(self, app: App, book: Book, config: Config) -> None:
        self._app = ASGIWrapper(app)  # type: ignore[arg-type]  # an ASGI app by its shape
        self._book = book
        self._config = config
        self._context = WorkerContext(None)

    async def serve(self, doors: Sequence[Door]) -> None:
        """Serve every door until cancelled."""
        async with trio.open_nursery() as nursery:
            for door in doors:
                nursery.start_soon(self._serve_door, door)

    async def _serve_door(self, door: Door) -> None:
        async def handle(stream: TLS | trio.SocketStream) -> None:
            await self._connection(door, stream)

        await trio.serve_listeners(handle, [door.listener])

    async def _connection(self, door: Door, stream: TLS | trio.SocketStream) -> None:
        socket = stream.transport_stream.socket if isinstance(stream, trio.SSLStream) else stream.socket
        try:
            peer = "{}:{}".format(*socket.getpeername())
        except OSError:  # It left before it was looked at; there is nothing to record.
            await trio.aclose_forcefully(stream)
            return
        number = self._book.connection_opened(door.name, door.port, peer)
        reason = "shutdown"
        try:
            protocol = await negotiate(stream)
            self._book.connection_negotiated(number, protocol)
            # Hypercorn repeats the handshake, which does nothing the second time.
            await TCPServer(self._app, self._config, self._context, LifespanState(), stream)  # type: ignore[arg-type]
            reason = "closed"
        except (trio.BrokenResourceError, trio.ClosedResourceError, trio.TooSlowError) as error:
            reason = f"broken: {error}"
            await trio.aclose_forcefully(stream)
        except Exception as error:  # noqa: BLE001  # Hypercorn's border: one connection's error must not end the others
            reason = "fault"
            self._book.fault(f"connection {number}", error)
            await trio.aclose_forcefully(stream)
        finally:
            self._book.connection_closed(number, door.port, peer, reason)


async def negotiate(stream: TLS | trio.SocketStream) -> str:
    """What ALPN chose. A client that offers none gets HTTP/1.1, as everywhere (RFC 9112)."""
    if not isinstance(stream, trio.SSLStream):
        return "http/1.1"
    with trio.fail_after(HANDSHAKE_S):
        await stream.do_handshake()
    return stream.selected_alpn_protocol() or "http/1.1"
