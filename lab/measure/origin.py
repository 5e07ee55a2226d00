"""The driver's side of the origin: starts it, reads its ledger as it grows, pulls its levers."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from http.client import HTTPConnection, HTTPException
from io import RawIOBase
from pathlib import Path
from typing import BinaryIO
from urllib.parse import quote

import msgspec

from lab.errors import HarnessFaultError, MachineError, UsageError
from lab.model import ledger
from lab.model.ledger import PORT_TAKEN
from lab.model.protocols import CONTROL, of_door

LOOPBACK = "127.0.0.1"
START_S = 12.0  # Guards against an origin that never speaks, on a machine too busy to start Python.
STOP_S = 3.0
CONTROL_S = 8.0
SILENT_S = 8.0  # So many of its beats in a row are missed by an origin that was stopped, or whose machine stands still.
AGAIN = "run the cell again; if it stays, look at origin.log beside the report"


class Origin:
    """A running origin. `events` grows as lines arrive, and each arrival wakes those who wait."""

    def __init__(self, process: asyncio.subprocess.Process, listening: ledger.OriginStarted, copy: RawIOBase) -> None:
        self.process = process
        self.listening = listening
        self.events: list[ledger.AnyEvent] = []
        self._copy = copy
        self._news = asyncio.Event()
        self._kept = True
        self._silent = False
        self._reader = asyncio.create_task(self._read(), name="ledger")

    def __repr__(self) -> str:
        return f"<Origin pid {self.process.pid}, {len(self.events)} events>"

    @property
    def alive(self) -> bool:
        return not self._reader.done()

    def url(self, door: str, path: str, host: str = "") -> str:
        """An address at a door, under the name that the origin is bound to or another one for it."""
        return f"{of_door(door).scheme}://{host or self.listening.host}:{self.listening.doors[door]}{path}"

    async def _read(self) -> None:
        """Take every line of the ledger, to its end. What can't be kept or read is a fault, of which the judge will hear."""
        try:
            while await self._took_line():
                self._announce()
        finally:  # Whoever waits for news learns that there will be none.
            asyncio.get_running_loop().call_soon(self._announce)

    async def _took_line(self) -> bool:
        """Whether there was another; a line too long is one, and its rest may be another."""
        try:
            line = await self._line()
        except ValueError as error:
            self._fault(f"a line is too long: {error}")
            return True
        if line:
            self._take(line)
        return bool(line)

    async def _line(self) -> bytes:
        """The next line; nothing at the ledger's end, or when no line comes for so long that the origin must stand still. It is
        looked for twice: a driver that was itself held up finds then what came meanwhile."""
        assert self.process.stdout is not None
        for _ in range(2):
            with suppress(TimeoutError):
                async with asyncio.timeout(SILENT_S / 2):
                    return await self.process.stdout.readline()
        self._silent = True
        return b""

    def _take(self, line: bytes) -> None:
        try:
            self._copy.write(line)
        except OSError as error:
            if self._kept:
                self._fault(f"it can't be written: {error.strerror}")
            self._kept = False
        try:
            self.events.append(ledger.decode(line))
        except msgspec.DecodeError as error:
            self._fault(f"a line can't be read: {error}")

    def _fault(self, error: str) -> None:
        self.events.append(ledger.OriginFault(at_ms=0, where="the ledger", error=error))

    def _announce(self) -> None:
        self._news.set()
        self._news = asyncio.Event()

    async def news(self) -> None:
        """Return at the next event. Raises HarnessFaultError when there can be none any more."""
        if not self.alive:
            raise self.lost()
        await self._news.wait()

    async def wait_for(self, ready: Callable[[], bool]) -> None:
        """Return once `ready()` holds, looking again at every event. Raises HarnessFaultError when the origin ends."""
        while not ready():
            await self.news()

    async def _told(self, ready: Callable[[], bool]) -> None:
        """The ledger tells of what the origin has just been asked for, or it is a fault: that line was lost."""
        try:
            async with asyncio.timeout(CONTROL_S):
                await self.wait_for(ready)
        except TimeoutError as error:
            raise HarnessFaultError("the origin did what it was asked for, and its ledger does not say so", AGAIN) from error

    def lost(self) -> HarnessFaultError:
        if self._silent:
            return HarnessFaultError(f"the origin stood still: not a word from it for {SILENT_S:.0f} s", AGAIN)
        code = self.process.returncode
        how = "closed its ledger" if code is None else f"ended with code {code}"
        return HarnessFaultError(f"the origin {how} in the middle of a cell", AGAIN)

    async def begin(self, cell: str, streams_per_connection: int) -> int:
        """Mark the beginning of a cell in the ledger; what follows has index `begin()` and later in `events`. The feed falls
        silent, and new connections over HTTP/2 are allowed so many streams."""
        start = len(self.events)
        await self.control("POST", f"/control/cell?name={quote(cell)}&streams={streams_per_connection}&per_second=0")

        def began() -> bool:
            return any(began_at(event, cell) for event in self.events[start:])

        await self._told(began)
        return next(at for at in range(start, len(self.events)) if began_at(self.events[at], cell))

    async def meter(self, anew: bool = False) -> ledger.Counters:
        """The origin's own counters, just now; `anew`, its lateness is counted from here on."""
        start = len(self.events)
        await self.control("POST", "/control/meter" + ("?anew=1" if anew else ""))

        def read() -> list[ledger.Counters]:
            return [event for event in self.events[start:] if isinstance(event, ledger.Counters)]

        await self._told(lambda: bool(read()))
        return read()[0]

    async def control(self, method: str, path: str) -> int:
        """A request through the control door, from the driver itself; its status."""
        try:
            return await asyncio.to_thread(self._request, method, path)
        except (OSError, HTTPException) as error:
            raise HarnessFaultError(
                f"the origin did not answer {method} {path}: {type(error).__name__}: {error}",
                AGAIN,
            ) from error

    def _request(self, method: str, path: str) -> int:
        connection = HTTPConnection(LOOPBACK, self.listening.doors[CONTROL.name], timeout=CONTROL_S)
        try:
            connection.request(method, path)
            return connection.getresponse().status
        finally:
            connection.close()

    async def stop(self) -> None:
        """End it, gently and then not; its last lines are read."""
        assert self.process.stdin is not None
        if self._silent:
            self.process.kill()
        self.process.stdin.close()
        try:
            await asyncio.wait_for(self.process.wait(), STOP_S)
        except TimeoutError:
            self.process.kill()
            await self.process.wait()
        await self._reader


def began_at(event: ledger.AnyEvent, cell: str) -> bool:
    return isinstance(event, ledger.CellBegan) and event.cell == cell


@asynccontextmanager
async def origin(
    certs: Path,
    folder: Path,
    *,
    streams_per_connection: int = 100,
    host: str = LOOPBACK,
    names: Sequence[str] = (),
    ports: Mapping[str, int] | None = None,
) -> AsyncIterator[Origin]:
    """Start an origin, and stop it at the end. Its ledger goes to `folder`/ledger.jsonl too, its messages to origin.log.

    Raises UsageError for a port in use, MachineError when it can't start for another reason.
    """
    with (folder / "ledger.jsonl").open("ab", buffering=0) as copy, (folder / "origin.log").open("a+b") as messages:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "lab.origin", "--exit-on-eof", "--certs", str(certs), "--host", host),
            *("--streams-per-connection", str(streams_per_connection)),
            *(f"--name={name}" for name in names),
            *(f"--port={door}={port}" for door, port in (ports or {}).items()),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=messages,
            start_new_session=True,  # Ctrl-C is for the driver, which then ends the origin in its own time.
            limit=2**20,
        )
        try:
            running = Origin(process, await greeting(process, copy, messages), copy)
        except BaseException:  # Ctrl-C too: an origin that never came to be is not left behind.
            if process.returncode is None:
                process.kill()
            await process.wait()
            raise
        try:
            yield running
        finally:
            await running.stop()


async def greeting(process: asyncio.subprocess.Process, copy: RawIOBase, messages: BinaryIO) -> ledger.OriginStarted:
    """The origin's first line: where its doors are."""
    assert process.stdout is not None
    try:
        line = await asyncio.wait_for(process.stdout.readline(), START_S)
    except TimeoutError as error:
        raise MachineError(f"the origin said nothing for {START_S:.0f} s", "the machine may be too busy") from error
    except ValueError as error:
        raise HarnessFaultError(f"the origin's first line is no greeting: {error}") from error
    if not line:
        messages.seek(0)
        said = messages.read().decode(errors="replace").strip().splitlines() or ["no word from it"]
        if await process.wait() == PORT_TAKEN:
            raise UsageError(said[-1], "choose another port, or leave the choice to the lab")
        raise MachineError(f"the origin did not start: {said[-1]}")
    try:
        copy.write(line)
    except OSError as error:
        raise MachineError(f"the ledger could not be written: {error.strerror}", "free disk space and run again") from error
    with suppress(msgspec.DecodeError):
        if isinstance(listening := ledger.decode(line), ledger.OriginStarted):
            return listening
    raise HarnessFaultError(f"the origin's first line is no greeting: {line[:80]!r}")
