"""`python -m lab.origin`: open the doors, write their ports, and serve until a signal or the end of standard input.

Standard output is the ledger and nothing else; its first line has the doors' ports. Standard error has messages for people.
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
import msgspec
import trio
from hypercorn.config import Config

from lab.model import ledger
from lab.model.protocols import CONTROL, DOORS, of_door, parse_ports
from lab.origin import hypercorn_patches, niceness
from lab.origin.app import App
from lab.origin.control import MAX_PER_SECOND, MAX_STREAMS, ControlEndpoints
from lab.origin.doors import Doors
from lab.origin.doors.tcp import TcpDoor, tls_context
from lab.origin.feed import Feed
from lab.origin.hosts import own_names
from lab.origin.ledger_writer import LedgerWriter
from lab.origin.meter import Meter
from lab.paths import LOOPBACK

ORIGIN_PACKAGES = ("hypercorn", "h2", "trio")
"""The packages whose versions the ledger records, in addition to Python's."""

END_S = 1
"""The process ends after this many seconds in any case: a client that never reads can hold one of Hypercorn's shielded writes
for ever."""


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """The command line."""

    host: str
    names: tuple[str, ...]
    ports: dict[str, int]
    certs: Path | None
    streams_per_connection: int
    updates_per_second: float
    exit_on_eof: bool


def ports_option(context: click.Context, parameter: click.Parameter, values: tuple[str, ...]) -> dict[str, int]:
    """A click callback: ports by door, from texts of the form DOOR=PORT. Raises BadParameter."""
    try:
        return parse_ports(values)
    except ValueError as error:
        raise click.BadParameter(str(error)) from error


@click.command()
@click.option("--host", default=LOOPBACK, show_default=True, help="Address or name to bind.")
@click.option("--name", "names", multiple=True, help="A further host name that requests may use.")
@click.option("--port", "ports", multiple=True, callback=ports_option, help="DOOR=PORT; without it, any free port.")
@click.option("--certs", type=click.Path(path_type=Path, exists=True), help="Folder with chain.pem and key.pem.")
@click.option("--streams-per-connection", type=click.IntRange(1, MAX_STREAMS), default=100, show_default=True)
@click.option("--updates-per-second", type=click.FloatRange(0.01, MAX_PER_SECOND), default=10, show_default=True)
@click.option("--exit-on-eof", is_flag=True, help="Stop when standard input ends. The driver holds the other end.")
def main(**options: object) -> None:
    """Serve the measured pages on every door, and write the ledger to standard output."""
    hypercorn_patches.install()
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))  # A browser may open more connections than the usual 1024.
    trio.run(run, msgspec.convert(options, Options))
    # End at once: Hypercorn shields its writes from cancellation, and a client that never reads could hold one for ever.
    sys.stdout.flush()
    os._exit(0)


async def run(options: Options) -> None:
    """Open the doors, write the first line, and serve until `until_told` cancels."""
    writer = LedgerWriter(sys.stdout.fileno())
    feed, meter = Feed(options.updates_per_second), Meter()
    settings = hypercorn_patches.config(options.streams_per_connection)
    doors = await open_doors(options, settings, writer)
    control = ControlEndpoints(ledger=writer, feed=feed, settings=settings, meter=meter, doors=doors)
    app = App(ledger=writer, feed=feed, meter=meter, control=control, names=own_names((options.host, *options.names)))
    started = greeting(options, doors)
    freeze_memory()
    # Signals are caught before the first line: after it, the driver may send one.
    with trio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
        writer.enter(started)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(until_told, nursery.cancel_scope, signals, options.exit_on_eof)
            nursery.start_soon(writer.run)
            nursery.start_soon(writer.send_heartbeats)
            nursery.start_soon(feed.run)
            nursery.start_soon(app.clock.run)
            nursery.start_soon(doors.serve, app)
    writer.close()


async def open_doors(options: Options, settings: Config, writer: LedgerWriter) -> Doors:
    """Opens every door that the options allow; doors with TLS need certificates. The control door is always on loopback: its
    endpoints are only for this machine. Ends the process with PORT_TAKEN if a port can't be bound."""
    doors = []
    for name in DOORS:
        protocol, host = of_door(name), LOOPBACK if name == CONTROL.name else options.host
        if protocol.tls and options.certs is None:
            continue
        tls = tls_context(options.certs, protocol) if protocol.tls and options.certs else None
        door = TcpDoor(name, protocol, host=host, settings=settings, ledger=writer, tls=tls)
        port = options.ports.get(name, 0)
        try:
            await door.open(port)
        except OSError as error:
            click.echo(f"door {name}: {host}:{port} can't be bound: {error.strerror}", err=True)
            sys.exit(ledger.PORT_TAKEN)
        doors.append(door)
    return Doors(doors, writer)


def greeting(options: Options, doors: Doors) -> ledger.OriginStarted:
    """The ledger's first line. Lowers the origin's nice value too, and records it."""
    return ledger.OriginStarted(
        at_ms=ledger.now_ms(),
        host=options.host,
        doors=doors.ports,
        streams_per_connection=options.streams_per_connection,
        updates_per_second=options.updates_per_second,
        pid=os.getpid(),
        nice=niceness.lower(),
        versions={**{name: importlib.metadata.version(name) for name in ORIGIN_PACKAGES}, "python": sys.version.split()[0]},
    )


def freeze_memory() -> None:
    """Exclude all present objects from garbage collection: they stay until the end. Each collection of them took 25 to 35 ms,
    and delayed the updates of that moment by as much."""
    gc.collect()
    gc.freeze()


async def until_told(scope: trio.CancelScope, signals: AsyncIterator[int], exit_on_eof: bool) -> None:
    """Cancel `scope` at a signal, or when the driver closes standard input. The process ends after `END_S` in any case."""
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
    signal.alarm(END_S)
    scope.cancel()


if __name__ == "__main__":
    main()
