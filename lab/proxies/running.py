"""Starts a proxy for one cell, and ends it with the cell.

Rules. A proxy is ready when each of its ports accepts a connection, and a request is not answered with 404: it may listen
before it has read where requests go (Traefik). If it ends before, what it wrote says why, and the cell is not measured. If it
ends later, that is the cell's fault, and only that cell's.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

from lab.errors import HarnessFaultError, UnsupportedError
from lab.paths import LOOPBACK
from lab.proxies import Launch, Proxy, Setup, Variant
from lab.proxies.find import Missing, Program, find

START_S = 10.0  # Watchdog for a proxy that neither listens nor ends.
STOP_S = 0.3  # Some wait for open streams; nothing is lost by ending them.
ASKED_S = 0.02  # From one look whether it listens to the next.
PLAIN = "h1-clear"  # The front without TLS.
WRONG = re.compile(r"emerg|alert|error|fatal|critical|invalid|unknown|syntax", re.IGNORECASE)
OWN_LIMIT = re.compile(
    r"worker_connections are not enough|too many open files|no file descriptors|reached MaxRequestWorkers|maxconn reached|"
    r"out of memory|cannot allocate memory|fd limit",
    re.IGNORECASE,
)
"""What proxies write when a limit of their own is met."""
IN_USE = re.compile(r"in use", re.IGNORECASE)
SAID = 300  # The most characters that are told of what it wrote.


class PortTakenError(UnsupportedError):
    """Another process took a port between its choice and the proxy's start."""


class RunningProxy:
    """A proxy that runs. `program` says which binary it is, `configuration` what was written for it."""

    def __init__(
        self, process: asyncio.subprocess.Process, proxy: Proxy, program: Program, setup: Setup, launch: Launch
    ) -> None:
        self.process = process
        self.program = program
        self.configuration = launch.configuration
        self._proxy = proxy
        self._setup = setup
        self._launch = launch

    def __repr__(self) -> str:
        return f"<RunningProxy {self._proxy.NAME} {self.program.version}, pid {self.process.pid}>"

    @property
    def can_reload(self) -> bool:
        return self._launch.reload is not None

    async def reload(self) -> None:
        """Let the proxy read its configuration anew. Raises HarnessFaultError if it can't."""
        match self._launch.reload:
            case signal.Signals() as number:
                self.process.send_signal(number)
            case Path() as path:
                replacement = path.with_suffix(".new")
                replacement.write_text(path.read_text() + "\n")
                replacement.replace(path)
            case tuple() as arguments:
                told = await asyncio.create_subprocess_exec(
                    self.program.path, *arguments, env={**os.environ, **self._launch.environment},
                    stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
                )  # fmt: skip
                if await told.wait():
                    raise HarnessFaultError(f"{self._proxy.TITLE} did not reload: {self.said()}")
            case _:
                raise HarnessFaultError(f"{self._proxy.TITLE} can't read its configuration anew")

    def said(self) -> str:
        """The last line that the proxy wrote that says what is wrong, without the paths of this run."""
        return words(self._setup.folder)

    def met(self) -> str:
        """The last line that it wrote about a limit of its own: connections, files, memory, workers. Empty if there is none."""
        return words(self._setup.folder, OWN_LIMIT, otherwise="")

    async def lost(self) -> None:
        """Raise HarnessFaultError when the process has ended."""
        code = await self.process.wait()
        raise HarnessFaultError(
            f"{self._proxy.TITLE} ended with code {code} while the cell was measured: {self.said()}", "run the cell again"
        )


@asynccontextmanager
async def running(proxy: Proxy, variant: Variant, setup: Setup) -> AsyncIterator[RunningProxy]:
    """A proxy that listens. Raises UnsupportedError, with what to do, if its program is missing, is of another version, or
    rejects the configuration; HarnessFaultError if it does not start for another reason."""
    program = await asyncio.to_thread(find, proxy, variant.versions)  # It may run programs, to ask for their versions.
    if isinstance(program, Missing):
        raise UnsupportedError(program.why, program.fix)
    launch = proxy.configure(setup, variant)
    with (setup.folder / "output.log").open("wb") as output:
        try:
            process = await asyncio.create_subprocess_exec(
                program.path, *launch.arguments, env={**os.environ, **launch.environment}, cwd=setup.folder,
                stdin=asyncio.subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True,
            )  # fmt: skip
        except OSError as error:
            raise UnsupportedError(f"{program.path} can't be run: {error.strerror}") from error
    try:
        await ready(process, proxy, program, variant, setup)
        yield RunningProxy(process, proxy, program, setup, launch)
    finally:
        await ended(process)


async def ready(process: asyncio.subprocess.Process, proxy: Proxy, program: Program, variant: Variant, setup: Setup) -> None:
    """Return when each front accepts a connection, and a request comes through."""
    checks = [*(partial(accepts, port) for port in setup.fronts.values()), partial(leads_on, setup.fronts[PLAIN])]
    try:
        async with asyncio.timeout(START_S):
            for check in checks:
                while not await check():
                    if process.returncode is not None:
                        if taken := words(setup.folder, IN_USE, otherwise=""):
                            raise PortTakenError(f"{proxy.TITLE} did not start: {taken}", "run the cell again")
                        raise UnsupportedError(
                            f"{proxy.TITLE} {program.version} did not start with the configuration of {variant.name}: "
                            f"{words(setup.folder, first=True)}",
                            f"if it does not know a line, use another version; this one was found {program.where}",
                        )
                    await asyncio.sleep(ASKED_S)
    except TimeoutError as error:
        raise HarnessFaultError(
            f"{proxy.TITLE} {program.version} did not listen within {START_S:.0f} s: {words(setup.folder)}"
        ) from error


async def accepts(port: int) -> bool:
    """Whether something accepts connections at a port."""
    try:
        _, writer = await asyncio.open_connection(LOOPBACK, port)
    except OSError:
        return False
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()
    return True


async def leads_on(port: int) -> bool:
    """Whether a request at a front without TLS is answered otherwise than with 404: by the origin, or because that is not
    there."""
    try:
        reader, writer = await asyncio.open_connection(LOOPBACK, port)
    except OSError:
        return False
    try:
        writer.write(f"GET / HTTP/1.1\r\nHost: {LOOPBACK}\r\nConnection: close\r\n\r\n".encode())
        status = (await reader.readline()).split()[1:2]
    except OSError:
        return False
    finally:
        writer.transport.abort()
    return bool(status) and status != [b"404"]


async def ended(process: asyncio.subprocess.Process) -> None:
    """End a proxy and its worker processes."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
    try:
        await asyncio.wait_for(process.wait(), STOP_S)
    except TimeoutError:
        pass
    finally:  # Ctrl-C too; and workers that outlive their master.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()


def words(folder: Path, about: re.Pattern[str] = WRONG, *, first: bool = False, otherwise: str | None = None) -> str:
    """The last (or first) line of a proxy's logs that is about something, without this run's paths. If there is none:
    `otherwise`; if that is None, the last (or first) line at all."""
    lines = [
        line.strip()
        for path in sorted(folder.glob("*.log"))
        for line in path.read_text(errors="replace").splitlines()
        if line.strip()
    ]
    fitting = [line for line in lines if about.search(line)]
    if not fitting and otherwise is not None:
        return otherwise
    said = (fitting or lines or ["it gave no reason"])[0 if first else -1]
    return said.replace(f"{folder}/", "").replace(str(folder), "")[:SAID]
