"""Streams held for a long time: 100 over one HTTP/2 connection and 6 over HTTP/1.1, all updates counted by clients of their own
process, and the memory and descriptors of origin and driver looked at all the while."""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import statistics
import tempfile
import threading
import time
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path

import click
import h2.events
import h11
import msgspec
import psutil

from lab.measure.origin import Origin, origin
from lab.run import certs
from lab.transports import transports
from tests.tools.control import H1, H2

SSE = f"{transports()['sse'].PATH}?cell=soak&tab="
OVER_H2, OVER_H1, PER_SECOND = 100, 6, 5
LOOK_S, WARM = 5.0, 0.1
KIB = 1024


class ClientDelivery(msgspec.Struct):
    """What one client received over its stream."""

    first: int = 0
    last: int = 0
    received: int = 0
    repeated: int = 0

    def take(self, seq: int) -> None:
        self.received += 1
        self.first = self.first or seq
        self.repeated += seq <= self.last
        self.last = max(self.last, seq)


class Lines:
    """Cuts what comes over a stream into events, and counts them."""

    def __init__(self) -> None:
        self.delivery = ClientDelivery()
        self._rest = b""

    def take(self, part: bytes) -> None:
        *events, self._rest = (self._rest + part).split(b"\n\n")
        for event in events:
            data = b"".join(one[6:] for one in event.split(b"\n") if one.startswith(b"data: "))
            update = json.loads(data) if data else {}  # A comment, when there was nothing to say for a while.
            if "seq" in update:
                self.delivery.take(update["seq"])


def clients(port_h2: int, port_h1: int, leaf: Path, told: Connection) -> None:
    """Hold all streams until told to end, and tell what each received."""
    over_h2, over_h1 = H2(port_h2, leaf), [H1(port_h1, leaf) for _ in range(OVER_H1)]
    streams = {over_h2.get(f"{SSE}{tab}"): Lines() for tab in range(OVER_H2)}
    lines = [Lines() for _ in over_h1]
    for tab, client in enumerate(over_h1, start=OVER_H2):
        client.get(f"{SSE}{tab}")

    def read_h2() -> None:
        with suppress(OSError):
            while not over_h2.terminated:
                for event in over_h2.receive():
                    if isinstance(event, h2.events.DataReceived):
                        streams[event.stream_id].take(event.data or b"")
                over_h2.events.clear()

    def read_h1(client: H1, into: Lines) -> None:
        with suppress(OSError, h11.RemoteProtocolError):
            while isinstance(part := client.next(), h11.Data):
                into.take(bytes(part.data))

    for work in (read_h2, *(lambda c=c, i=i: read_h1(c, i) for c, i in zip(over_h1, lines, strict=True))):
        threading.Thread(target=work, daemon=True).start()
    told.send("ready")
    told.recv()
    told.send_bytes(msgspec.json.encode([one.delivery for one in (*streams.values(), *lines)]))


class Looked(msgspec.Struct, frozen=True):
    """One look at a process: minutes since the begin, KiB of memory, descriptors."""

    at_min: float
    memory_kib: float
    descriptors: int


def look(process: psutil.Process, began: float) -> Looked:
    return Looked((time.monotonic() - began) / 60, process.memory_info().rss / KIB, process.num_fds())


async def held(minutes: float, running: Origin, leaf: Path) -> tuple[list[ClientDelivery], int, dict[str, list[Looked]]]:
    """What every client received, the last update that was published, and the looks at each process."""
    here, there = multiprocessing.Pipe()
    doors = running.started.doors
    process = multiprocessing.get_context("spawn").Process(target=clients, args=(doors["h2"], doors["h1"], leaf, there))
    process.start()
    await asyncio.to_thread(here.recv)
    await running.pace(PER_SECOND)
    watched = {"origin": psutil.Process(running.process.pid), "driver": psutil.Process()}
    looks: dict[str, list[Looked]] = {name: [] for name in watched}
    began = time.monotonic()
    while time.monotonic() - began < minutes * 60:
        await asyncio.sleep(LOOK_S)
        for name, one in watched.items():
            looks[name].append(look(one, began))
    await running.pace(0)
    last = (await running.meter()).last
    await asyncio.sleep(1)  # What is on its way arrives.
    here.send("end")
    deliveries = msgspec.json.decode(await asyncio.to_thread(here.recv_bytes), type=list[ClientDelivery])
    process.terminate()
    process.join()
    return deliveries, last, looks


async def soaked(minutes: float) -> bool:
    with certs.minted(*certs.NAMES) as leaf, tempfile.TemporaryDirectory() as folder:
        async with origin(leaf, Path(folder)) as running:
            await running.begin("soak", OVER_H2)
            deliveries, last, looks = await held(minutes, running, leaf)
    asked = sum(last - one.first + 1 for one in deliveries)
    lost = asked - sum(one.received - one.repeated for one in deliveries)
    repeated = sum(one.repeated for one in deliveries)
    click.echo(
        f"{OVER_H2} streams on one h2 connection and {OVER_H1} on h1, {PER_SECOND} updates a second each, {minutes:g} minutes: "
        f"{asked} updates, {lost} lost, {repeated} repeated"
    )
    level = [told(name, seen) for name, seen in looks.items()]
    return not lost and not repeated and all(level)


def told(name: str, looks: list[Looked]) -> bool:
    """Say what a process held over time; whether its descriptors stayed level. The first tenth is its warming up."""
    warm = looks[int(len(looks) * WARM) :]
    slope = statistics.linear_regression([one.at_min for one in warm], [one.memory_kib for one in warm]).slope
    descriptors = {one.descriptors for one in warm}
    span = f"{min(descriptors)} to {max(descriptors)}"
    memory = [one.memory_kib / KIB for one in warm]
    median, low, high = statistics.median(memory), min(memory), max(memory)
    click.echo(
        f"  {name}: memory {median:.1f} MiB ({low:.1f} to {high:.1f}, {len(warm)} looks), slope {slope:+.1f} KiB a minute; "
        f"descriptors {span}"
    )
    return len(descriptors) == 1


@click.command()
@click.option("--minutes", type=click.FloatRange(0.5), default=30.0, show_default=True)
def main(minutes: float) -> None:
    """Hold the streams for so long; exit 1 when an update was lost or a descriptor more was held."""
    raise SystemExit(0 if asyncio.run(soaked(minutes)) else 1)


if __name__ == "__main__":
    main()
