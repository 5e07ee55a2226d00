"""Calibration: a plain client, which shares nothing with a browser or Hypercorn, holds a known number of connections and
streams, another number in each run. Before anything is measured, the lab must say that number."""

from __future__ import annotations

import asyncio
import random
import socket
import ssl
import time
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from pathlib import Path
from urllib.parse import urlencode

import h2.config
import h2.connection
import h2.events
import h2.exceptions
import msgspec

from lab.errors import LabError
from lab.judge import judge
from lab.measure.origin import Origin
from lab.model.cell import CONTROL_CLIENT, Cell
from lab.model.claims import Claim
from lab.model.ledger import StreamOpened, now_ms
from lab.model.observation import ClientSeen, Observation
from lab.model.protocols import PROTOCOLS
from lab.model.verdict import Kind, Verdict
from lab.run import certs
from lab.transports import sse

NAME = "calibration"
PATIENCE_S = 10.0  # A guard for a client that is never answered, not a measure.
MOST_CONNECTIONS, MOST_STREAMS = 9, 40


class H1Held:
    """So many connections with a stream each."""

    def __init__(self, origin: Origin, door: str, leaf: Path, cell: str, streams: int) -> None:
        self._clients: list[HTTPConnection] = []
        self._answers: list[HTTPResponse] = []
        self._trusted = ssl.create_default_context(cafile=str(leaf / certs.AUTHORITY)) if PROTOCOLS[door].tls else None
        self._address = origin.listening.host, origin.listening.doors[door]
        self._targets = [target(cell, tab) for tab in range(1, streams + 1)]

    def hold(self) -> None:
        host, port = self._address
        for path in self._targets:
            client = HTTPConnection(host, port, timeout=PATIENCE_S)
            if self._trusted is not None:
                client = HTTPSConnection(host, port, timeout=PATIENCE_S, context=self._trusted)
            self._clients.append(client)
            client.request("GET", path)
            self._answers.append(client.getresponse())
            self._event(self._answers[-1])

    def _event(self, answer: HTTPResponse) -> bool:
        """Whether another event with data comes, read to its end."""
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


class H2Held:
    """One connection with so many streams."""

    def __init__(self, origin: Origin, door: str, leaf: Path, cell: str, streams: int) -> None:
        context = ssl.create_default_context(cafile=str(leaf / certs.AUTHORITY))
        context.set_alpn_protocols(["h2"])
        host = origin.listening.host
        plain = socket.create_connection((host, origin.listening.doors[door]), timeout=PATIENCE_S)
        self._socket = context.wrap_socket(plain, server_hostname=host)
        self._h2 = h2.connection.H2Connection(h2.config.H2Configuration(client_side=True))
        self._h2.initiate_connection()
        self._host = host
        self._targets = [target(cell, tab) for tab in range(1, streams + 1)]

    def hold(self) -> None:
        for path in self._targets:
            stream = self._h2.get_next_available_stream_id()
            fields = [(":method", "GET"), (":scheme", "https"), (":authority", self._host), (":path", path)]
            self._h2.send_headers(stream, fields, end_stream=True)
        self.live()

    def live(self) -> list[bool]:
        """Which streams bring more data; returns when all have, or when nothing comes for too long."""
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
        self._socket.close()


def target(cell: str, tab: int) -> str:
    return f"{sse.PATH}?{urlencode({'cell': cell, 'tab': tab})}"


async def calibrate(origin: Origin, leaf: Path, protocol: str, streams: int | None = None) -> tuple[Observation, Verdict]:
    """Hold a number of streams that nobody knows beforehand, and let the judge say it."""
    multiplexed = PROTOCOLS[protocol].multiplexed
    number = streams or random.randint(2, MOST_STREAMS if multiplexed else MOST_CONNECTIONS)  # noqa: S311  # no secret
    cell = Cell(NAME, CONTROL_CLIENT, protocol, "sse", number, opened="page")
    began = time.monotonic()
    settled_ms, live, faults, start = None, [False] * number, [], len(origin.events)
    held: H1Held | H2Held | None = None
    try:
        start = await origin.begin(cell.name, cell.streams)
        held = (H2Held if multiplexed else H1Held)(origin, protocol, leaf, cell.name, number)
        await asyncio.to_thread(held.hold)
        async with asyncio.timeout(PATIENCE_S):
            await origin.wait_for(lambda: opened(origin, start) >= number)
        settled_ms = now_ms()
        await origin.control("POST", "/control/publish")
        live = await asyncio.to_thread(held.live)
    except ssl.SSLCertVerificationError as error:
        faults.append(
            f"the run's own certificate is not accepted: {error.verify_message}: set the clock of this machine, and run again"
        )
    except (OSError, HTTPException, h2.exceptions.ProtocolError) as error:
        faults.append(f"the control client was not answered at door {protocol}: {type(error).__name__}: {error}")
    except LabError as error:
        faults.append(str(error))
    finally:
        if held is not None:
            held.close()
    seen = Observation(
        cell=cell,
        claim=Claim(number, "the control client: it holds just so many, and knows it"),
        asked=number,
        streams_per_connection=cell.streams,
        tabs=tuple(ClientSeen(tab, document=True, live=one) for tab, one in enumerate(live, start=1)),
        ledger=tuple(origin.events[start:]),
        settled_ms=settled_ms,
        faults=tuple(faults),
        seconds=time.monotonic() - began,
    )
    return seen, checked(judge(seen), number, 1 if multiplexed else number)


def opened(origin: Origin, start: int) -> int:
    return sum(isinstance(event, StreamOpened) for event in origin.events[start:])


def checked(verdict: Verdict, streams: int, connections: int) -> Verdict:
    """An instrument that misses a known number is at fault, whatever the judge calls it."""
    if (verdict.kind, verdict.live, verdict.connections) == (Kind.CONFIRMED, streams, connections):
        why = f"{counted(streams, 'stream')} on {counted(connections, 'connection')} were held, and the lab says so."
        return msgspec.structs.replace(verdict, why=why)
    why = (
        f"The control client held {counted(streams, 'stream')} on {counted(connections, 'connection')}, and the lab says "
        f"{verdict.live} on {verdict.connections}: don't trust this run. {verdict.why}"
    )
    return msgspec.structs.replace(verdict, kind=Kind.HARNESS_FAULT, why=why)


def counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
