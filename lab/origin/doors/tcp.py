"""A door over TCP, with TLS or without: Hypercorn serves each of its connections."""

from __future__ import annotations

import errno
import logging
import ssl
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import trio
from hypercorn.app_wrappers import ASGIWrapper
from hypercorn.config import Config
from hypercorn.trio.worker_context import WorkerContext

from lab.model.protocols import Protocol
from lab.origin.doors import Traffic
from lab.origin.doors.counted_stream import CountedListener, CountedStream, reset
from lab.origin.doors.tls_stream import TlsListener, TlsStream
from lab.origin.exchange import ASGIApp, address
from lab.origin.hypercorn_patches.connection import LastingTCPServer
from lab.origin.ledger_writer import LedgerWriter
from lab.paths import CHAIN, KEY

HANDSHAKE_S = 30.0
"""A connection is ended if its TLS handshake takes longer than this many seconds."""

BACKLOG = 1024
"""How many connections the operating system keeps until they are accepted."""

MAX_TRIES = 10
"""How often to search for a port that is free on every address of a name."""

NOT_HERE = frozenset({errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL})
"""The errors of binding to an address that this machine does not have."""

logging.getLogger("trio.serve_listeners").setLevel(logging.CRITICAL)  # ReportOnce says it in the ledger.


class TcpDoor:
    """A door (lab.origin.doors.Door) at `host`: an address, or a name that may have several addresses. `settings` are
    Hypercorn's. `tls` is needed if the protocol uses TLS."""

    def __init__(
        self,
        name: str,
        protocol: Protocol,
        *,
        host: str,
        settings: Config,
        ledger: LedgerWriter,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        if protocol.tls and tls is None:
            raise ValueError(f"door {name} needs certificates")
        self.name = name
        self.protocol = protocol
        self.port = 0
        self.traffic = Traffic()
        self._host = host
        self._settings = settings
        self._ledger = ledger
        self._tls = tls if protocol.tls else None
        self._listeners: list[ReportOnce] = []
        self._serving = trio.CancelScope()
        self._sockets: dict[int, trio.socket.SocketType] = {}

    def __repr__(self) -> str:
        return f"<TcpDoor {self.name} :{self.port}>"

    async def open(self, port: int) -> None:
        listeners = await listen(self._host, port)
        self.port = listeners[0].socket.getsockname()[1]
        self._listeners = [self._prepared(one) for one in listeners]

    async def serve(self, app: ASGIApp) -> None:
        wrapped = ASGIWrapper(app)  # type: ignore[arg-type]  # an ASGI app by its shape
        context = WorkerContext(None)

        async def handle(stream: TlsStream | CountedStream) -> None:
            await self._connection(stream, wrapped, context)

        with trio.CancelScope() as self._serving:
            await trio.serve_listeners(handle, self._listeners)

    def reset(self) -> None:
        for connection in list(self._sockets.values()):
            reset(connection)

    def shut(self) -> None:
        self._serving.cancel()
        # Hypercorn shields its writes from cancellation: one to a client that never reads would keep the door shut for ever.
        for connection in list(self._sockets.values()):
            connection.close()

    def _prepared(self, listener: trio.SocketListener) -> ReportOnce:
        """The listener, with counted bytes, TLS if needed, and errors that are reported to the ledger."""
        counted = CountedListener(listener, self.traffic)
        secured = counted if self._tls is None else TlsListener(counted, self._tls)
        return ReportOnce(secured, lambda error: self._ledger.fault(f"door {self.name}", error))

    async def _connection(self, stream: TlsStream | CountedStream, app: ASGIWrapper, context: WorkerContext) -> None:
        """Serve one connection, from its acceptance to its end."""
        socket = stream.transport_stream.socket if isinstance(stream, TlsStream) else stream.socket
        try:
            peer = address(socket.getpeername())
        except OSError:  # The client left before its connection was looked at; there is nothing to record.
            await trio.aclose_forcefully(stream)
            return
        number = self._ledger.connection_opened(self.name, peer)
        self._sockets[number] = socket
        state = {"connection": number, "door": self.name}
        reason = "shutdown"
        try:
            self._ledger.connection_negotiated(number, await negotiate(stream))
            # Hypercorn repeats the handshake, which does nothing the second time.
            await LastingTCPServer(app, self._settings, context, state, stream)
            reason = "closed"
        except (trio.BrokenResourceError, trio.ClosedResourceError, trio.TooSlowError) as error:
            reason = f"broken: {error}"
            await trio.aclose_forcefully(stream)
        except Exception as error:  # noqa: BLE001  # Hypercorn's border: one connection's error must not end the others
            reason = "fault"
            self._ledger.fault(f"connection {number}", error)
            await trio.aclose_forcefully(stream)
        finally:
            del self._sockets[number]
            self._ledger.connection_closed(number, reason)


class ReportOnce(trio.abc.Listener[TlsStream | CountedStream]):
    """A listener that reports once why it can't accept connections (for example, no file descriptor is left). Trio tries again
    and again, and would log each attempt."""

    def __init__(self, listener: trio.abc.Listener[Any], report: Callable[[OSError], None]) -> None:
        self._listener = listener
        self._report = report
        self._reported = False

    async def accept(self) -> TlsStream | CountedStream:
        try:
            accepted: TlsStream | CountedStream = await self._listener.accept()
        except OSError as error:
            if not self._reported:
                self._report(error)
            self._reported = True
            raise
        return accepted

    async def aclose(self) -> None:
        await self._listener.aclose()


async def listen(host: str, port: int) -> list[trio.SocketListener]:
    """A listener on each address of `host`, all at the same port. Port 0: a port that is free on all of them.

    Addresses that this machine does not have are left out (a name may have an IPv6 address on a machine without IPv6). Raises
    OSError if no address is left, the port is taken, or the name is unknown.
    """
    for tries_left in reversed(range(MAX_TRIES)):
        try:
            return await _listen_once(await _addresses(host), port)
        except OSError as error:
            if port or error.errno != errno.EADDRINUSE or not tries_left:
                raise
    raise AssertionError("unreachable")


async def _listen_once(hosts: Sequence[str], port: int) -> list[trio.SocketListener]:
    listeners: list[trio.SocketListener] = []
    missing: list[OSError] = []
    try:
        for host in hosts:
            try:
                listeners += await trio.open_tcp_listeners(port, host=host, backlog=BACKLOG)
            except OSError as error:
                if error.errno not in NOT_HERE:
                    raise
                missing.append(error)
            else:
                port = listeners[0].socket.getsockname()[1]
    except OSError:
        for listener in listeners:
            await listener.aclose()
        raise
    if not listeners:
        raise missing[0]
    return listeners


async def _addresses(host: str) -> list[str]:
    """The addresses of a host, each once, in the resolver's order. For an address: the address itself."""
    try:
        found = await trio.socket.getaddrinfo(host, None, type=trio.socket.SOCK_STREAM, flags=trio.socket.AI_PASSIVE)
    except UnicodeError as error:  # Not a possible DNS name.
        raise OSError(errno.EINVAL, f"{host!r} is not a host name") from error
    return list(dict.fromkeys(str(sockaddr[0]) for *_, sockaddr in found))


async def negotiate(stream: TlsStream | CountedStream) -> str:
    """Do the TLS handshake, if the door has TLS. Returns the protocol that ALPN chose; HTTP/1.1 if the client offered none (RFC
    9112)."""
    if not isinstance(stream, TlsStream):
        return "http/1.1"
    with trio.fail_after(HANDSHAKE_S):
        await stream.do_handshake()
    return stream.selected_alpn_protocol() or "http/1.1"


def tls_context(folder: Path, protocol: Protocol) -> ssl.SSLContext:
    """A TLS context with the run's certificates in `folder`, which offers only this protocol."""
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.minimum_version = ssl.TLSVersion.TLSv1_2
    tls.load_cert_chain(folder / CHAIN, folder / KEY)
    tls.set_alpn_protocols([protocol.alpn])
    return tls
