"""The control client: it holds a known number of connections or streams, and shares no code with browsers or Hypercorn.

All methods block: call them in a thread. `hold()` opens the streams and returns when each has received its first event.
`live()` says which streams receive another event. `close()` ends everything. They raise OSError, HTTPException or h2's
ProtocolError.
"""

from __future__ import annotations

import socket
import ssl
from http.client import HTTPConnection, HTTPResponse, HTTPSConnection
from pathlib import Path
from typing import Protocol
from urllib.parse import urlencode

import h2.config
import h2.connection
import h2.events

from lab.model.protocols import PROTOCOLS
from lab.paths import AUTHORITY
from lab.transports import sse

TIMEOUT_S = 10.0  # Watchdog for a client that is never answered, not a measure.


class ControlClient(Protocol):
    """The contract of a control client."""

    def hold(self) -> None: ...
    def live(self) -> list[bool]: ...
    def close(self) -> None: ...


class H1Client:
    """A control client over HTTP/1.1: one connection for each stream."""

    def __init__(self, host: str, port: int, *, tls: ssl.SSLContext | None, targets: list[str]) -> None:
        self._clients: list[HTTPConnection] = []
        self._answers: list[HTTPResponse] = []
        self._tls = tls
        self._address = host, port
        self._targets = targets

    def hold(self) -> None:
        host, port = self._address
        for path in self._targets:
            client = HTTPConnection(host, port, timeout=TIMEOUT_S)
            if self._tls is not None:
                client = HTTPSConnection(host, port, timeout=TIMEOUT_S, context=self._tls)
            self._clients.append(client)
            client.request("GET", path)
            self._answers.append(client.getresponse())
            self._event(self._answers[-1])

    def _event(self, answer: HTTPResponse) -> bool:
        """Read up to the end of the next event with data. False if the stream ends first."""
        found = False
        for line in iter(answer.readline, b""):
            found = found or line.startswith(b"data")
            if found and line == b"\n":
                return True
        return False

    def live(self) -> list[bool]:
        return [self._event(answer) for answer in self._answers]

    def close(self) -> None:
        for client in self._clients:
            client.close()


class H2Client:
    """A control client over HTTP/2: one connection with all streams."""

    def __init__(self, host: str, port: int, *, tls: ssl.SSLContext, targets: list[str]) -> None:
        self._address = host, port
        self._tls = tls
        self._socket: ssl.SSLSocket | None = None
        self._h2 = h2.connection.H2Connection(h2.config.H2Configuration(client_side=True))
        self._targets = targets

    def hold(self) -> None:
        host, _ = self._address
        self._tls.set_alpn_protocols(["h2"])
        plain = socket.create_connection(self._address, timeout=TIMEOUT_S)
        self._socket = self._tls.wrap_socket(plain, server_hostname=host)
        self._h2.initiate_connection()
        for path in self._targets:
            stream = self._h2.get_next_available_stream_id()
            fields = [(":method", "GET"), (":scheme", "https"), (":authority", host), (":path", path)]
            self._h2.send_headers(stream, fields, end_stream=True)
        self.live()

    def live(self) -> list[bool]:
        """Returns when all streams have received more data, or after TIMEOUT_S without any."""
        assert self._socket is not None
        brought: set[int] = set()
        while len(brought) < len(self._targets):
            self._socket.sendall(self._h2.data_to_send())
            try:
                data = self._socket.recv(65536)
            except TimeoutError:
                break
            if not data:
                break
            for event in self._h2.receive_data(data):
                if isinstance(event, h2.events.DataReceived) and b"data" in event.data:
                    brought.add(event.stream_id)
                    self._h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
        return [2 * tab + 1 in brought for tab in range(len(self._targets))]

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()


def control_client(protocol: str, host: str, port: int, *, certs: Path, cell: str, streams: int) -> ControlClient:
    """A control client for one protocol, with `streams` streams of server-sent events of a cell. It trusts the run's own
    authority, whose certificate is in `certs`."""
    row = PROTOCOLS[protocol]
    targets = [f"{sse.PATH}?{urlencode({'cell': cell, 'tab': tab})}" for tab in range(1, streams + 1)]
    tls = ssl.create_default_context(cafile=str(certs / AUTHORITY)) if row.tls else None
    if not row.multiplexed:
        return H1Client(host, port, tls=tls, targets=targets)
    assert tls is not None, protocol
    return H2Client(host, port, tls=tls, targets=targets)
