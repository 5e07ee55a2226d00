"""The doors: ports of the origin, each of which speaks one protocol.

Rules
-----
- A door is anything that keeps the contract `Door`: it opens, serves, resets, shuts and counts bytes. `tcp.py` is a door over
  TCP, `fake.py` one without a network, for tests. `tests/origin/test_door_contract.py` holds each of them to the contract.
- Nothing outside of an implementation knows what a door is made of. `Doors`, the app and the control endpoints know the
  contract alone, so that a door over QUIC is one more file here.
- A door tells the ledger of each connection when it is accepted, when it is ready for requests, and when it has ended. The app
  learns from the ASGI scope which connection a request came by: `scope["state"]` has `connection`, the ledger's number, and
  `door`, the door's name. No address has to identify a connection, which QUIC lets change, and TCP may use again.

A door may not know the feed, the transports, or what a cell is.

How it works
------------
`Doors.serve` runs every door. A door that was shut returns from `serve`; it is opened again at the same port after a while, as
a server that was restarted. Requests that come meanwhile are refused by the system.

What is still ugly
------------------
`shut` and `reset` are told to a door, and done a moment later, in the tasks of its connections. The ledger shows when.
"""

from __future__ import annotations

import typing
from collections.abc import Sequence
from dataclasses import dataclass

import trio

from lab.model.protocols import CONTROL, Protocol
from lab.origin.exchange import App
from lab.origin.ledger_writer import LedgerWriter

TAKEN_S = 0.1
"""From one try to the next to open a door again whose port something else has taken, in seconds."""


@dataclass
class Traffic:
    """Bytes that went over some connections so far, seen from the origin: TLS and its handshakes included."""

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

    async def serve(self, app: App) -> None:
        """Serve the app to every connection, until the door is shut or this is cancelled. Either way it is closed afterwards,
        and so are all its connections."""

    def reset(self) -> None:
        """End every connection at once and without a word, as a crashed host does. The door stays open."""

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
        """The bytes of all measured doors: what goes through the control door is not of the experiment."""
        counted = [door.traffic for door in self._measured()]
        return Traffic(sum(one.sent for one in counted), sum(one.received for one in counted))

    async def serve(self, app: App) -> None:
        """Serve every door until cancelled."""
        async with trio.open_nursery() as nursery:
            for door in self._doors:
                nursery.start_soon(self._serve, door, app)

    def reset(self) -> None:
        """Reset every connection of the measured doors."""
        for door in self._measured():
            door.reset()

    def shut(self, seconds: float) -> None:
        """Shut the measured doors, and open them again at the same ports after so long, as a server that is restarted."""
        self._shut_s = seconds
        for door in self._measured():
            door.shut()

    def _measured(self) -> list[Door]:
        return [door for door in self._doors if door.protocol is not CONTROL]

    async def _serve(self, door: Door, app: App) -> None:
        while True:
            await door.serve(app)
            await trio.sleep(self._shut_s)
            await self._open_again(door)

    async def _open_again(self, door: Door) -> None:
        """Open a door at the port it had. If something else has taken the port, that is a fault, reported once, and the door
        stays shut until the port is free."""
        reported = False
        while True:
            try:
                await door.open(door.port)
            except OSError as error:
                if not reported:
                    self._ledger.fault(f"door {door.name}, to be opened again at port {door.port}", error)
                reported = True
                await trio.sleep(TAKEN_S)
            else:
                return
