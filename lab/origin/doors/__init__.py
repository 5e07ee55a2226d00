"""The doors: ports of the origin, each of which speaks one protocol.

Rules
-----
- A door is any class with the contract `Door`: it opens, serves, resets, shuts and counts bytes. `tcp.py` is a door over TCP;
  `fake.py` is one without a network, for tests. `tests/origin/test_door_contract.py` tests each of them.
- `Doors`, the app and the control endpoints use only the contract, so a door over QUIC would be one more file here.
- A door records each connection in the ledger: when it is accepted, when it is ready for requests, and when it has ended. The
  ASGI scope says which connection a request came by: `scope["state"]` has `connection`, its number in the ledger, and `door`,
  the door's name. An address can't identify a connection: over QUIC it may change, and over TCP it may be used again.

What a door may not know: the feed, the transports, and cells.

How it works ------------ `Doors.serve` runs every door. A door that was shut returns from `serve`; it is opened again at the
same port after a while, like a restarted server. Until then, the operating system refuses connections.

What is still ugly ------------------ `shut` and `reset` return before the connections have ended, which happens a moment later
in their own tasks. The ledger shows when.
"""

from __future__ import annotations

import itertools
import typing
from collections.abc import Sequence
from dataclasses import dataclass

import trio

from lab.model.protocols import CONTROL, Protocol
from lab.origin.exchange import ASGIApp
from lab.origin.ledger_writer import LedgerWriter

TAKEN_S, ATTEMPTS = 0.1, 10
"""Seconds between two attempts to open a door again, if another program has taken its port; the attempt that is a fault."""


@dataclass
class Traffic:
    """Bytes that the origin has sent and received over some connections, TLS and its handshakes included."""

    sent: int = 0
    received: int = 0


class Door(typing.Protocol):
    """The contract of a door."""

    @property
    def name(self) -> str:
        """Unique among the origin's doors; it names the protocol (lab.model.protocols.of_door)."""

    @property
    def protocol(self) -> Protocol: ...

    @property
    def port(self) -> int:
        """The port at which the door is or was last open; 0 before it has been opened."""

    @property
    def traffic(self) -> Traffic:
        """The bytes of all its connections since it was made."""

    async def open(self, port: int) -> None:
        """Take a port, or any free one for 0; from now on connections are accepted or queued. Raises OSError when the port
        can't be bound; the door is then still closed, and may be opened again."""

    async def serve(self, app: ASGIApp) -> None:
        """Serve the app to every connection, until the door is shut or this call is cancelled. Afterwards the door and all its
        connections are closed."""

    def reset(self) -> None:
        """End every connection at once, without notice, as a crashed host does. The door stays open."""

    def shut(self) -> None:
        """End every connection in order, stop accepting, and let `serve` return. Does nothing while the door is closed."""


class Doors:
    """All doors of one origin. The measured doors are all but the control door."""

    def __init__(self, doors: Sequence[Door], ledger: LedgerWriter) -> None:
        self._doors = doors
        self._ledger = ledger
        self._shut_s = 0.0

    @property
    def ports(self) -> dict[str, int]:
        """Each door's port, by the door's name."""
        return {door.name: door.port for door in self._doors}

    @property
    def traffic(self) -> Traffic:
        """The bytes of all measured doors. The control door is not part of the experiment."""
        counted = [door.traffic for door in self._measured()]
        return Traffic(sum(one.sent for one in counted), sum(one.received for one in counted))

    async def serve(self, app: ASGIApp) -> None:
        """Serve every door until cancelled."""
        async with trio.open_nursery() as nursery:
            for door in self._doors:
                nursery.start_soon(self._serve, door, app)

    def reset(self) -> None:
        """Reset every connection of the measured doors."""
        for door in self._measured():
            door.reset()

    def shut(self, seconds: float) -> None:
        """Shut the measured doors, and open them again at the same ports after `seconds`, like a restarted server."""
        self._shut_s = seconds
        for door in self._measured():
            door.shut()

    def _measured(self) -> list[Door]:
        return [door for door in self._doors if door.protocol is not CONTROL]

    async def _serve(self, door: Door, app: ASGIApp) -> None:
        while True:
            await door.serve(app)
            await trio.sleep(self._shut_s)
            await self._open_again(door)

    async def _open_again(self, door: Door) -> None:
        """Open a door again at its former port. If another program has taken the port, try until it is free; and record a fault
        once, if it is not soon. (A client that tries to connect meanwhile may have got this very port for itself.)"""
        for attempt in itertools.count(1):
            try:
                await door.open(door.port)
            except OSError as error:
                if attempt == ATTEMPTS:
                    self._ledger.fault(f"door {door.name}, to be opened again at port {door.port}", error)
                await trio.sleep(TAKEN_S)
            else:
                return
