"""The control client: h11, h2 and wsproto over plain sockets, on loopback. It holds exactly the streams that it says it holds.

It shares nothing with a browser, and with Hypercorn only the parsers, so it is a second opinion about both.
"""

from __future__ import annotations

import socket
import ssl
import time
from pathlib import Path
from weakref import WeakSet

import h2.config
import h2.connection
import h2.events
import h2.settings
import h11
import wsproto
from wsproto.events import AcceptConnection, Request

from lab.paths import AUTHORITY

PATIENCE_S = 20.0
"""Watchdog for a test that hangs, in seconds."""

_opened: WeakSet[socket.socket] = WeakSet()


def connect(port: int, alpn: str = "", folder: Path | None = None, address: str = "127.0.0.1") -> socket.socket:
    """A connection to a door; over TLS when `folder`, with the run's CA, is given."""
    opened = socket.create_connection((address, port), timeout=PATIENCE_S)
    if folder is not None:
        context = ssl.create_default_context(cafile=str(folder / AUTHORITY))
        context.set_alpn_protocols([alpn] if alpn else [])
        opened = context.wrap_socket(opened, server_hostname="127.0.0.1")
    _opened.add(opened)
    return opened


def close_all() -> None:
    """Close every connection that is still open: a test that failed leaves some."""
    for one in list(_opened):
        one.close()


class H1:
    """One HTTP/1.1 connection."""

    def __init__(self, port: int, folder: Path | None = None, address: str = "127.0.0.1") -> None:
        self.socket = connect(port, "http/1.1", folder, address)
        self._h11 = h11.Connection(h11.CLIENT)

    def get(self, path: str, headers: dict[str, str] | None = None, method: str = "GET") -> h11.Response:
        """Send a request and return as soon as the headers of its response are here."""
        fields = list({"Host": "127.0.0.1", **(headers or {})}.items())
        self.socket.sendall(self._h11.send(h11.Request(method=method, target=path, headers=fields)) or b"")
        self.socket.sendall(self._h11.send(h11.EndOfMessage()) or b"")
        event = self.next()
        assert isinstance(event, h11.Response), event
        return event

    def next(self) -> h11.Event:
        while (event := self._h11.next_event()) is h11.NEED_DATA:
            self._h11.receive_data(self.socket.recv(65536))
        assert not isinstance(event, type)
        return event

    def next_cycle(self) -> None:
        """Ready for another request on the same connection."""
        self._h11.start_next_cycle()

    def body(self) -> bytes:
        """The rest of a response that ends."""
        parts = []
        while isinstance(event := self.next(), h11.Data):
            parts.append(bytes(event.data))
        return b"".join(parts)

    def close(self) -> None:
        self.socket.close()


def post(control: H1, path: str) -> int:
    """Ask the control door for something; the status it answers with."""
    status = control.get(path, method="POST").status_code
    control.body()
    control.next_cycle()
    return status


class WS:
    """One WebSocket over HTTP/1.1, accepted. What comes after the connection's end is nothing."""

    def __init__(self, port: int, path: str) -> None:
        self.socket = connect(port)
        self._wsproto = wsproto.WSConnection(wsproto.ConnectionType.CLIENT)
        self._came: list[wsproto.events.Event] = []
        self.send(Request(host="127.0.0.1", target=path))
        accepted = self.next()
        assert isinstance(accepted, AcceptConnection), accepted

    def send(self, event: wsproto.events.Event) -> None:
        self.socket.sendall(self._wsproto.send(event))

    def next(self) -> wsproto.events.Event | None:
        while not self._came:
            data = self.socket.recv(65536)
            if not data:
                return None
            self._wsproto.receive_data(data)
            self._came += self._wsproto.events()
        return self._came.pop(0)

    def close(self) -> None:
        self.socket.close()


class H2:
    """One HTTP/2 connection. `events` keeps everything that came, in order."""

    def __init__(self, port: int, folder: Path, *, window: int | None = None, address: str = "127.0.0.1") -> None:
        self.socket = connect(port, "h2", folder, address)
        self.h2 = h2.connection.H2Connection(h2.config.H2Configuration(client_side=True))
        self.events: list[h2.events.Event] = []
        if window is not None:
            self.h2.local_settings = h2.settings.Settings(
                client=True, initial_values={h2.settings.SettingCodes.INITIAL_WINDOW_SIZE: window}
            )
        self.h2.initiate_connection()
        self.flush()

    def flush(self) -> None:
        self.socket.sendall(self.h2.data_to_send())

    def get(
        self,
        path: str,
        headers: dict[str, str] | None = None,
        method: str = "GET",
        end: bool = True,
        authority: str = "127.0.0.1",
        **priority: int,
    ) -> int:
        """Send a request; its stream's number. Without `end`, a body is to come. Priority as h2's send_headers has it."""
        stream = self.h2.get_next_available_stream_id()
        fields = [(":method", method), (":scheme", "https"), (":authority", authority), (":path", path)]
        fields += list((headers or {}).items())
        self.h2.send_headers(stream, fields, end_stream=end, **priority)  # type: ignore[arg-type]  # as documented
        self.flush()
        return stream

    def websocket(self, path: str) -> int:
        """Open a WebSocket on a stream (RFC 8441 section 4); the stream's number."""
        stream = self.h2.get_next_available_stream_id()
        fields = [(":method", "CONNECT"), (":protocol", "websocket"), (":scheme", "https"), (":authority", "127.0.0.1")]
        fields += [(":path", path), ("sec-websocket-version", "13")]
        self.h2.send_headers(stream, fields)
        self.flush()
        return stream

    def send(self, stream: int, data: bytes) -> None:
        self.h2.send_data(stream, data)
        self.flush()

    def receive(self, timeout_s: float = PATIENCE_S) -> list[h2.events.Event]:
        """What comes next; nothing when nothing came in time or the server closed."""
        self.socket.settimeout(timeout_s)
        try:
            data = self.socket.recv(65536)
        except (TimeoutError, ConnectionError, ssl.SSLError):
            return []
        if not data:
            self.events.append(h2.events.ConnectionTerminated())
            return []
        new = self.h2.receive_data(data)
        for event in new:
            if isinstance(event, h2.events.DataReceived):
                self.h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
        self.flush()
        self.events += new
        return new

    def until(self, kind: type[h2.events.Event], stream: int | None = None, patience_s: float = PATIENCE_S) -> bool:
        """Whether an event of a kind (on a stream) comes, from now on."""
        end = time.monotonic() + patience_s
        while time.monotonic() < end and not self.terminated:
            for event in self.receive(max(0.01, end - time.monotonic())):
                if isinstance(event, kind) and (stream is None or getattr(event, "stream_id", None) == stream):
                    return True
        return False

    def reset(self, stream: int) -> None:
        self.h2.reset_stream(stream)
        self.flush()

    @property
    def terminated(self) -> bool:
        return any(isinstance(event, h2.events.ConnectionTerminated) for event in self.events)

    def data(self, stream: int) -> bytes:
        parts = [e.data for e in self.events if isinstance(e, h2.events.DataReceived) and e.stream_id == stream]
        return b"".join(part for part in parts if part)

    def close(self) -> None:
        self.socket.close()
