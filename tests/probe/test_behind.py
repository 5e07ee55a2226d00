"""--behind: the lab's own origin behind a proxy that holds bytes back, and behind one that does not."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from lab.model.probe import Finding
from lab.paths import LOOPBACK
from lab.probe.behind import behind
from lab.wire.address import parse
from lab.wire.ask import Asking
from tests.probe.third_party import free_port


@contextmanager
def proxy(to: int, *, hold: int) -> Iterator[int]:
    """A TCP proxy: what comes back is passed on in pieces of at least `hold` bytes."""
    ready, stopping = threading.Event(), asyncio.Event()
    loop = asyncio.new_event_loop()
    ports: list[int] = []

    async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, least: int) -> None:
        kept = b""
        with contextlib.suppress(OSError):
            while data := await reader.read(65536):
                kept += data
                if len(kept) >= least:
                    writer.write(kept)
                    kept = b""

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            behind_reader, behind_writer = await asyncio.open_connection(LOOPBACK, to)
        except OSError:
            writer.transport.abort()
            return
        try:
            await asyncio.gather(pass_on(reader, behind_writer, 1), pass_on(behind_reader, writer, hold))
        except asyncio.CancelledError:
            return
        finally:
            behind_writer.transport.abort()
            writer.transport.abort()

    async def serve() -> None:
        server = await asyncio.start_server(accept, LOOPBACK, 0)
        ports.append(server.sockets[0].getsockname()[1])
        ready.set()
        await stopping.wait()
        server.close()
        tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.sleep(0.01)

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    assert ready.wait(10)
    try:
        yield ports[0]
    finally:
        loop.call_soon_threadsafe(stopping.set)
        thread.join(10)
        loop.close()


def found(hold: int) -> tuple[Finding, ...]:
    port = free_port()
    with proxy(port, hold=hold) as at:
        address = parse(f"http://{LOOPBACK}:{at}/")
        return asyncio.run(behind(address, Asking(own=address.origin, watch_s=2.5), port, LOOPBACK))


def test_a_proxy_that_passes_events_on_at_once_is_proven_to() -> None:
    assert {one.id for one in found(1)} == {"behind-unbuffered", "behind-uncut"}


def test_a_proxy_that_holds_bytes_back_is_proven_to() -> None:
    assert {one.id for one in found(500)} == {"behind-buffered", "behind-cause-proxy", "behind-uncut"}
    assert {one.id for one in found(10**6)} == {"behind-swallowed", "behind-cause-proxy", "behind-uncut"}


def test_a_proxy_that_leads_elsewhere_is_said_to() -> None:
    address = parse(f"http://{LOOPBACK}:{free_port()}/")
    told = asyncio.run(behind(address, Asking(own=address.origin, watch_s=0.5), free_port(), LOOPBACK))
    assert [one.id for one in told] == ["behind-unreached"]
