"""The driver's side of the origin: starts its process, reads its ledger as it grows, and sends requests to the control door.

Rules.
1. Everything that the driver can ask of the origin is a method of `Origin`. lab/origin/control.py lists the requests.
2. Each method builds its own request and accepts only the documented status. If the ledger confirms the request by an event,
   the method returns when that event has come.
3. Any other answer is a fault of the lab and is raised here, so that no cell measures something else than it asked for.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from http.client import HTTPConnection, HTTPException
from io import RawIOBase
from pathlib import Path
from typing import BinaryIO, TypeVar
from urllib.parse import urlencode

import msgspec

from lab.errors import HarnessFaultError, MachineError, NoAnswerError, UsageError
from lab.model import ledger
from lab.model.ledger import PORT_TAKEN, AnyEvent, CellBegan, Counters, Event, OriginStarted, StreamsDropped
from lab.model.protocols import CONTROL, of_door
from lab.paths import LOOPBACK

START_S = 12.0  # Watchdog for an origin that writes nothing, or a machine too busy to start Python.
STOP_S = 3.0
CONTROL_S = 8.0
SILENT_S = 8.0  # Watchdog: after this long without a heartbeat the origin has been stopped, or hangs.
AGAIN = "run the cell again; if it persists, look at origin.log beside the report"
DONE, NOTHING_THERE = 204, 404

Confirming = TypeVar("Confirming", bound=Event)


class CellLedger:
    """The ledger of one cell: its events in order, beginning with its CellBegan. It grows while the cell is measured."""

    def __init__(self, cell: str) -> None:
        self.cell = cell
        self.events: list[AnyEvent] = []

    def __repr__(self) -> str:
        return f"<CellLedger {self.cell}: {len(self.events)} events>"

    def of(self, kind: type[Confirming], since: int = 0) -> list[Confirming]:
        """The events of one kind, from index `since` on."""
        return [event for event in self.events[since:] if isinstance(event, kind)]


class Origin:
    """A running origin. Each event of its ledger wakes the tasks that wait for one. `ledger` has the events of the running
    cell, `certs` is the folder of the certificates that it was started with."""

    def __init__(self, process: asyncio.subprocess.Process, started: OriginStarted, copy: RawIOBase, certs: Path) -> None:
        self.process = process
        self.certs = certs
        self.started = started
        self.ledger = CellLedger("")
        self._copy = copy
        self._news = asyncio.Event()
        self._copied = True
        self._silent = False
        self._reader = asyncio.create_task(self._read(), name="ledger")

    def __repr__(self) -> str:
        return f"<Origin pid {self.process.pid}, {self.ledger!r}>"

    @property
    def alive(self) -> bool:
        return not self._reader.done()

    @property
    def host(self) -> str:
        """The name or address by which this machine reaches the origin."""
        return reachable(self.started.host)

    def port(self, door: str) -> int:
        return self.started.doors[door]

    def url(self, door: str, path: str, host: str = "") -> str:
        """The URL of a path at a door. `host` replaces the origin's own host name."""
        return f"{of_door(door).scheme}://{host or self.host}:{self.port(door)}{path}"

    # Requests to the control door.

    async def begin(self, cell: str, streams: int) -> CellLedger:
        """Begin a cell: the feed stops, new HTTP/2 connections may open `streams` streams, and counters start at 0.

        Returns the cell's ledger, which begins with its CellBegan."""
        started = CellLedger(cell)
        self.ledger = started
        await self._post("/control/cell", name=cell, streams=streams, per_second=0)
        await self._confirmed(CellBegan, 0, lambda event: event.cell == cell)
        begun = next(at for at, event in enumerate(started.events) if isinstance(event, CellBegan) and event.cell == cell)
        del started.events[:begun]
        return started

    async def publish(self) -> None:
        """Publish one update at once."""
        await self._post("/control/publish")

    async def pace(self, per_second: float) -> None:
        """Let the feed publish this many updates a second; 0 stops it."""
        await self._post("/control/pace", per_second=per_second)

    async def end(self, cell: str, tab: int) -> bool:
        """End every open stream of a client; False when it had none."""
        return await self._post("/control/end", (DONE, NOTHING_THERE), cell=cell, tab=tab) == DONE

    async def drop(self, cell: str, how: str) -> StreamsDropped:
        """Drop every stream of a cell: `end` the streams, `reset` the connections, or `shut` the doors for two seconds. Returns
        the ledger's event."""
        since = len(self.ledger.events)
        await self._post("/control/drop", cell=cell, how=how)
        return await self._confirmed(StreamsDropped, since)

    async def refuse(self, cell: str, status: int, content_type: str) -> None:
        """From now on, answer a cell's requests for updates with this status and content type; status 0: serve them again."""
        await self._post("/control/refuse", cell=cell, status=status, type=content_type)

    async def meter(self, anew: bool = False) -> Counters:
        """Read the origin's own counters. `anew`: from now on, its delay is measured from this moment."""
        since = len(self.ledger.events)
        await (self._post("/control/meter", anew=1) if anew else self._post("/control/meter"))
        return await self._confirmed(Counters, since)

    async def _post(self, path: str, accepted: Sequence[int] = (DONE,), **query: str | float) -> int:
        """Send a request to the control door. Returns its status, if it is an accepted one; else raises HarnessFaultError."""
        target = f"{path}?{urlencode(query)}" if query else path
        try:
            status, said = await asyncio.to_thread(self._request, target)
        except (OSError, HTTPException) as error:
            kind = NoAnswerError if isinstance(error, TimeoutError) else HarnessFaultError
            raise kind(f"the origin did not answer {target}: {type(error).__name__}: {error}", AGAIN) from error
        if status not in accepted:
            wanted = " or ".join(map(str, accepted))
            raise HarnessFaultError(
                f"the origin answered {target} with status {status}, not {wanted} ({said})",
                "this is a fault of the lab: report it",
            )
        return status

    def _request(self, target: str) -> tuple[int, str]:
        """The response's status, and the first line of its body."""
        connection = HTTPConnection(LOOPBACK, self.port(CONTROL.name), timeout=CONTROL_S)
        try:
            connection.request("POST", target)
            response = connection.getresponse()
            return response.status, response.read().decode(errors="replace").partition("\n")[0]
        finally:
            connection.close()

    async def _confirmed(
        self, kind: type[Confirming], since: int, right: Callable[[Confirming], bool] = lambda _: True
    ) -> Confirming:
        """Wait for the ledger's event that confirms a request. Raises HarnessFaultError if none comes."""

        def found() -> list[Confirming]:
            return [event for event in self.ledger.of(kind, since) if right(event)]

        try:
            async with asyncio.timeout(CONTROL_S):
                await self.wait_for(lambda: bool(found()))
        except TimeoutError as error:
            what = f"the origin answered, but its ledger has no {kind.__name__} for it after {CONTROL_S:.0f} s"
            raise NoAnswerError(what, AGAIN) from error
        return found()[0]

    # The ledger.

    async def news(self) -> None:
        """Return at the next event. Raises HarnessFaultError if the origin has ended or hangs."""
        if not self.alive:
            raise self.lost()
        await self._news.wait()

    async def wait_for(self, ready: Callable[[], bool]) -> None:
        """Return once `ready()` is true; it is checked at every event. Raises HarnessFaultError if the origin has ended or
        hangs."""
        while not ready():
            await self.news()

    def lost(self) -> HarnessFaultError:
        """The error that says why there will be no more events."""
        if self._silent:
            return NoAnswerError(f"the origin hung: no heartbeat for {SILENT_S:.0f} s", AGAIN)
        code = self.process.returncode
        how = "closed its ledger" if code is None else f"ended with code {code}"
        where = f"while {self.ledger.cell} was measured" if self.ledger.cell else "while it was serving"
        return HarnessFaultError(f"the origin {how} {where}", AGAIN if self.ledger.cell else "start it again")

    async def _read(self) -> None:
        """Read every line of the ledger, to its end. A line that can't be read or copied becomes an OriginFault, which the
        judge sees."""
        try:
            while await self._read_line():
                self._announce()
        finally:  # Wake the tasks that wait: there will be no more events.
            asyncio.get_running_loop().call_soon(self._announce)

    async def _read_line(self) -> bool:
        """Read one line. False at the end. Of a line that is too long, the rest may be read as another line."""
        try:
            line = await self._line()
        except ValueError as error:
            self._fault(f"a line is too long: {error}")
            return True
        if line:
            self._take(line)
        return bool(line)

    async def _line(self) -> bytes:
        """The next line, or b"" at end of file or after SILENT_S without a line (the origin has hung). Read in two halves, so
        that a driver that was itself suspended finds what arrived meanwhile."""
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
            if self._copied:
                self._fault(f"it can't be written: {error.strerror}")
            self._copied = False
        try:
            event = ledger.decode(line)
        except msgspec.DecodeError as error:
            self._fault(f"a line can't be read: {error}")
        else:
            if self.ledger.cell:  # Between cells, and under `serve`, events are not needed again.
                self.ledger.events.append(event)

    def _fault(self, error: str) -> None:
        self.ledger.events.append(ledger.OriginFault(at_ms=0, where="the ledger", error=error))

    def _announce(self) -> None:
        self._news.set()
        self._news = asyncio.Event()

    async def stop(self) -> None:
        """End the process: close its standard input, and kill it if it does not end. Its last lines are still read."""
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


def reachable(host: str) -> str:
    """The host under which this machine reaches an origin that is bound to `host`, as it is written in a URL."""
    if host in ("0.0.0.0", ""):  # noqa: S104  # compared, not bound
        return LOOPBACK
    if host == "::":
        return "[::1]"
    return f"[{host}]" if ":" in host else host


@asynccontextmanager
async def origin(
    certs: Path,
    folder: Path,
    *,
    of: str = "",
    streams_per_connection: int = 100,
    host: str = LOOPBACK,
    names: Sequence[str] = (),
    ports: Mapping[str, int] | None = None,
    environment: Mapping[str, str] | None = None,
) -> AsyncIterator[Origin]:
    """Start an origin, and stop it at the end. Its ledger is copied to `folder`/ledger.jsonl, or ledger-`of`.jsonl if it
    has a name; its standard error goes to origin.log.

    `certs` is the folder of the run's certificates. `names` are further host names that it answers to. `ports` fixes the ports
    of some doors. Raises UsageError for a port in use, and MachineError if it can't start for another reason.
    """
    copied = folder / (f"ledger-{of}.jsonl" if of else "ledger.jsonl")
    with copied.open("ab", buffering=0) as copy, (folder / "origin.log").open("a+b") as messages:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "lab.origin", "--exit-on-eof", "--certs", str(certs), "--host", host),
            *("--streams-per-connection", str(streams_per_connection)),
            *(f"--name={name}" for name in names),
            *(f"--port={door}={port}" for door, port in (ports or {}).items()),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=messages,
            env=environment,
            start_new_session=True,  # Ctrl-C must reach only the driver, which then stops the origin.
            limit=2**20,
        )
        try:
            running = Origin(process, await greeting(process, copy, messages), copy, certs)
        except BaseException:  # Ctrl-C too: no half-started origin is left behind.
            if process.returncode is None:
                process.kill()
            await process.wait()
            raise
        try:
            yield running
        finally:
            await running.stop()


async def greeting(process: asyncio.subprocess.Process, copy: RawIOBase, messages: BinaryIO) -> OriginStarted:
    """The origin's first line, which has the ports of its doors. Raises UsageError, MachineError or HarnessFaultError."""
    assert process.stdout is not None
    try:
        line = await asyncio.wait_for(process.stdout.readline(), START_S)
    except TimeoutError as error:
        what = f"the origin wrote nothing for {START_S:.0f} s"
        raise NoAnswerError(what, "the machine may be too busy: try again") from error
    except ValueError as error:
        raise HarnessFaultError(f"the origin's first line is no greeting: {error}") from error
    if not line:
        messages.seek(0)
        said = messages.read().decode(errors="replace").strip().splitlines() or ["it gave no reason"]
        if await process.wait() == PORT_TAKEN:
            raise UsageError(said[-1], "choose another port, or leave out --port")
        raise MachineError(f"the origin did not start: {said[-1]}")
    try:
        copy.write(line)
    except OSError as error:
        raise MachineError(f"the ledger could not be written: {error.strerror}", "free disk space and run again") from error
    with suppress(msgspec.DecodeError):
        if isinstance(started := ledger.decode(line), OriginStarted):
            return started
    raise HarnessFaultError(f"the origin's first line is no greeting: {line[:80]!r}")
