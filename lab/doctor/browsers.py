"""Starts every candidate of an engine, and installs a missing engine.

It is asynchronous, because drivers are, and so that Ctrl-C also ends an installer.
"""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections.abc import Callable, Iterable, Sequence
from contextlib import AsyncExitStack

from lab.browser import DEFAULT, Session
from lab.browser.discover import attempted, candidates, driver_of, find
from lab.browser.engines import Engine
from lab.model.browsers import LaunchAttempt

INSTALL_S = 600.0
"""Watchdog: longer than any download should take."""


async def attempts(engines: Iterable[Engine]) -> list[LaunchAttempt]:
    """Start every candidate of every engine, and return the attempts. Raises HarnessFaultError if a driver does not start."""
    sessions: dict[str, Session] = {}
    made: list[LaunchAttempt] = []
    async with AsyncExitStack() as stack:
        for engine in engines:
            if engine.driver not in sessions:
                sessions[engine.driver] = await stack.enter_async_context(driver_of(engine).session())
            made += await attempts_of(sessions[engine.driver], engine)
    return made


async def attempts_of(session: Session, engine: Engine) -> list[LaunchAttempt]:
    """Start and close every candidate of an engine. An attempt is added if none of its commands is on PATH."""
    driver, possible = driver_of(engine), candidates(engine)
    made: list[LaunchAttempt] = []
    for candidate in possible:
        browser, attempt = await attempted(driver, session, candidate, DEFAULT)
        made.append(attempt)
        if browser is not None:
            await browser.close()
    if engine.commands and not any(candidate.path for candidate in possible):
        looked = " or ".join(engine.commands)
        made.append(LaunchAttempt(engine.name, f"PATH: {looked}", reason="no such command", fix=engine.package_command))
    return made


async def install_missing(engines: Iterable[Engine], say: Callable[[str], None]) -> bool:
    """Say in one line for each engine which browser a run would use, and install one where there is none. False when an engine
    is still missing then."""
    return False not in [await found_or_installed(one, say) for one in engines]


async def found_or_installed(engine: Engine, say: Callable[[str], None]) -> bool:
    """Whether a browser of an engine starts, after installing it if needed. Installers are tried until a browser starts; their
    exit codes are ignored."""
    found = await first_found(engine)
    if found is None:
        handle, log = tempfile.mkstemp(prefix="seventh-tab-install-", suffix=".log")
        say(f"{engine.title}: installing; the installers' output goes to {log}")
        with os.fdopen(handle, "wb") as out:
            for commands in installers(engine):
                for command in commands:
                    await run_installer(command, out.fileno())
                found = await first_found(engine)
                if found is not None:
                    break
    if found is not None:
        say(f"{engine.title} {found.version}: {found.what}")
        return True
    by_hand = f"run {engine.package_command}, or set" if engine.package_command else "set"
    say(f"{engine.title} could not be installed: {by_hand} {engine.variable} to its path")
    return False


async def first_found(engine: Engine) -> LaunchAttempt | None:
    """The candidate that a run would use; None if none starts."""
    async with driver_of(engine).session() as session:
        browser, made = await find(session, engine)
        if browser is not None:
            await browser.close()
    return made[-1] if browser is not None else None


def installers(engine: Engine) -> Sequence[Sequence[Sequence[str]]]:
    """The ways to install an engine, in the order to try them; each is a list of commands."""
    return driver_of(engine).installers(engine)


async def run_installer(command: Sequence[str], out: int) -> None:
    """Run an installer to its end, and ignore its exit code. Its output goes to the file descriptor `out`."""
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    process = await asyncio.create_subprocess_exec(
        *command, stdin=asyncio.subprocess.DEVNULL, stdout=out, stderr=out, env=environment
    )
    try:
        await asyncio.wait_for(process.wait(), INSTALL_S)
    except TimeoutError:
        os.write(out, f"ended after {INSTALL_S:.0f} s\n".encode())
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
