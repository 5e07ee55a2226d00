"""What the doctor does: looks at every candidate of an engine, and gets an engine that is missing.

The ways to get one, in order: Playwright's own download; then, as root on Debian, its packages.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterable

from playwright.async_api import Playwright

from lab.browser.discover import candidates, find, mend, package_command
from lab.browser.engines import Engine
from lab.browser.playwright.launch import LaunchError, launch, playwright
from lab.model.browsers import LaunchAttempt

INSTALL_S = 600.0


async def examined(engines: Iterable[Engine]) -> list[LaunchAttempt]:
    async with playwright() as running:
        return [tried for one in engines for tried in await examine(running, one)]


async def examine(running: Playwright, engine: Engine) -> list[LaunchAttempt]:
    """Start and close every candidate of an engine, for the doctor's table."""
    table: list[LaunchAttempt] = []
    for candidate in candidates(engine):
        try:
            browser = await launch(running, candidate)
        except LaunchError as error:
            table.append(LaunchAttempt(engine.name, candidate.what, reason=str(error), mend=mend(candidate)))
        else:
            table.append(LaunchAttempt(engine.name, candidate.what, version=browser.version))
            await browser.close()
    if not any(candidate.path for candidate in candidates(engine)):
        looked = " or ".join(engine.commands)
        table.append(LaunchAttempt(engine.name, f"PATH: {looked}", reason="no such command", mend=package_command(engine)))
    return table


async def all_there(engines: Iterable[Engine], say: Callable[[str], None]) -> bool:
    """Say in a line for each engine which browser a run would use, and get one where there is none."""
    return False not in [await found_or_installed(one, say) for one in engines]


async def found_or_installed(engine: Engine, say: Callable[[str], None]) -> bool:
    """Whether a browser is there is known only by starting it, so that, not an installer's word, ends the trying."""
    found = await first_found(engine)
    if found is None:
        handle, log = tempfile.mkstemp(prefix="seventh-tab-install-", suffix=".log")
        say(f"{engine.title}: installing; what the installers say goes to {log}")
        with os.fdopen(handle, "wb") as out:
            for way in installers(engine):
                for command in way:
                    await run_installer(command, out.fileno())
                found = await first_found(engine)
                if found is not None:
                    break
    if found is None:
        say(f"{engine.title} could not be installed. By hand: {package_command(engine)}, or set {engine.variable} to its path")
    else:
        say(f"{engine.title} {found.version}: {found.what}")
    return found is not None


async def first_found(engine: Engine) -> LaunchAttempt | None:
    """The candidate that a run would use, if there is one."""
    async with playwright() as running:
        browser, tried = await find(running, engine)
        if browser is not None:
            await browser.close()
    return tried[-1] if browser is not None else None


def installers(engine: Engine) -> list[list[list[str]]]:
    """Ways to get an engine, in the order to try them; each is a list of commands."""
    ways = [[[sys.executable, "-m", "playwright", "install", engine.name]]]
    if shutil.which("apt-get") and os.geteuid() == 0:
        install = ["apt-get", "install", "-y", "-q", "--no-install-recommends", engine.package]
        ways.append([["apt-get", "update", "-q"], install])
    return ways


async def run_installer(command: list[str], out: int) -> None:
    """Run to its end, however it ends; it is broken off when it takes longer than any download should."""
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    process = await asyncio.create_subprocess_exec(
        *command, stdin=asyncio.subprocess.DEVNULL, stdout=out, stderr=out, env=environment
    )
    try:
        await asyncio.wait_for(process.wait(), INSTALL_S)
    except TimeoutError:
        os.write(out, f"broken off after {INSTALL_S:.0f} s\n".encode())
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
