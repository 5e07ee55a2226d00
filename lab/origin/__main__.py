"""`python -m lab.origin`: open the doors, say where they are, serve until told to stop.

Standard output is the ledger and nothing else; its first line names the doors. Standard error is for people.
"""

from __future__ import annotations

import gc
import importlib.metadata
import os
import resource
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import click
import trio

from lab.model import ledger
from lab.model.ledger import PORT_TAKEN
from lab.model.protocols import CONTROL, PROTOCOLS, SECOND, of_door
from lab.origin import hypercorn_patches as hypercorn_shim
from lab.origin import niceness as precedence
from lab.origin.app import App
from lab.origin.doors import Door, Doors, open_door
from lab.origin.feed import Feed
from lab.origin.hosts import Hosts
from lab.origin.ledger_writer import LedgerWriter

LOOPBACK = "127.0.0.1"  # Where the control door is, wherever the others are: its levers are for this machine alone.


def fixed_ports(context: click.Context, parameter: click.Parameter, values: tuple[str, ...]) -> dict[str, int]:
    ports: dict[str, int] = {}
    for value in values:
        name, _, number = value.partition("=")
        if name not in {*PROTOCOLS, CONTROL.name} or not (number.isascii() and number.isdigit()) or int(number) > 65535:
            raise click.BadParameter(f"{value!r}: expected DOOR=PORT, with a door of {', '.join(PROTOCOLS)}, control")
        ports[name] = int(number)
    return ports


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to bind.")
@click.option("--name", "names", multiple=True, help="A name that requests may call it by, besides those of this machine.")
@click.option("--port", "ports", multiple=True, callback=fixed_ports, help="DOOR=PORT; without it, any free port.")
@click.option("--certs", type=click.Path(path_type=Path, exists=True), help="Folder with chain.pem and key.pem.")
@click.option("--streams-per-connection", type=click.IntRange(1, 2**31 - 1), default=100, show_default=True)
@click.option("--updates-per-second", type=click.FloatRange(0.01, 1000), default=10, show_default=True)
@click.option("--exit-on-eof", is_flag=True, help="Stop when standard input ends: a driver holds the other end.")
def main(
    host: str,
    names: tuple[str, ...],
    ports: dict[str, int],
    certs: Path | None,
    streams_per_connection: int,
    updates_per_second: float,
    exit_on_eof: bool,
) -> None:
    hypercorn_shim.install()
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))  # A browser may open more connections than the usual 1024.
    every = (*PROTOCOLS, *(f"{name}{SECOND}" for name in PROTOCOLS), CONTROL.name)
    doors = [name for name in every if certs or not of_door(name).tls]
    trio.run(run, host, names, doors, ports, certs, streams_per_connection, updates_per_second, exit_on_eof)
    # Nothing may hold up the end: Hypercorn shields its writes from cancellation, even to a client that never reads.
    sys.stdout.flush()
    os._exit(0)


async def run(
    host: str,
    names: tuple[str, ...],
    door_names: list[str],
    ports: dict[str, int],
    certs: Path | None,
    streams_per_connection: int,
    updates_per_second: float,
    exit_on_eof: bool,
) -> None:
    book = LedgerWriter(sys.stdout.fileno())
    feed = Feed(updates_per_second)
    settings = hypercorn_shim.config(streams_per_connection)
    app = App(book, feed, settings, Hosts(names))
    doors: list[Door] = []
    for name in door_names:
        port, at = ports.get(name, 0), LOOPBACK if name == CONTROL.name else host
        try:
            doors.append(await open_door(name, of_door(name), at, port, certs, app.meter.wire))
        except OSError as error:
            click.echo(f"door {name}: {at}:{port} can't be bound: {error.strerror}", err=True)
            sys.exit(PORT_TAKEN)
    numbers = {door.name: door.port for door in doors}
    app.control_port = numbers[CONTROL.name]
    house = Doors(app, book, settings)
    app.levers.doors = house
    versions = {name: importlib.metadata.version(name) for name in ("hypercorn", "h2", "trio")}
    versions["python"] = sys.version.split()[0]
    greeting = ledger.OriginStarted(
        at_ms=ledger.now_ms(),
        host=host,
        doors=numbers,
        streams_per_connection=streams_per_connection,
        updates_per_second=updates_per_second,
        pid=os.getpid(),
        nice=precedence.take(),
        versions=versions,
    )
    # What is there by now stays to the end. To look through all of it again took the collector 25 to 35 ms, which was then how
    # late every update of that moment was.
    gc.collect()
    gc.freeze()
    # Signals are caught before the first line says that there is somebody to send them to.
    with trio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
        book.enter(greeting)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(until_told, nursery.cancel_scope, signals, exit_on_eof)
            nursery.start_soon(book.run)
            nursery.start_soon(book.beat)
            nursery.start_soon(feed.run)
            nursery.start_soon(app.clock.run)
            nursery.start_soon(house.serve, doors)
    book.close()


async def until_told(scope: trio.CancelScope, signals: AsyncIterator[int], exit_on_eof: bool) -> None:
    """Cancel everything at a signal, or when the driver's end of standard input closes.

    A client that never reads can hold one of Hypercorn's shielded writes for ever, so the end has a limit: a second.
    """
    async with trio.open_nursery() as nursery:

        async def eof() -> None:
            async with trio.lowlevel.FdStream(os.dup(sys.stdin.fileno())) as stdin:
                while await stdin.receive_some():
                    pass
            nursery.cancel_scope.cancel()

        if exit_on_eof:
            nursery.start_soon(eof)
        async for _ in signals:
            nursery.cancel_scope.cancel()
    signal.signal(signal.SIGALRM, lambda *_: os._exit(0))
    signal.alarm(1)
    scope.cancel()


if __name__ == "__main__":
    main()
