"""Finds a browser for an engine, or says why there is none.

The order: what was named (a path, a ws:// endpoint) and nothing else → Playwright's own → a system channel → a command on
PATH. Whether a browser is there is known only by starting it.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

from playwright.async_api import Playwright

from lab.browser.engines import Engine
from lab.browser.playwright.launch import Candidate, DrivenBrowser, LaunchError, launch
from lab.model.browsers import LaunchAttempt


def candidates(engine: Engine, environment: Mapping[str, str] = os.environ) -> list[Candidate]:
    named = environment.get(engine.variable)
    if named:
        what = f"{engine.variable}={named}"
        if named.startswith(("ws://", "wss://")):
            return [Candidate(engine, what, endpoint=named, explicit=True)]
        return [Candidate(engine, what, path=named, channel=engine.command_channel, explicit=True)]
    found = [Candidate(engine, "Playwright's own")]
    found += [Candidate(engine, f"channel {channel}", channel=channel) for channel in engine.channels]
    for command in engine.commands:
        path = shutil.which(command, path=environment.get("PATH"))
        if path:
            found.append(Candidate(engine, path, path=path, channel=engine.command_channel))
    return found


async def find(
    running: Playwright,
    engine: Engine,
    *,
    headed: bool = False,
    spki: str = "",
    log_to: Path | None = None,
    brief: bool = False,
) -> tuple[DrivenBrowser | None, list[LaunchAttempt]]:
    """The first candidate that starts, and everything that was tried before it."""
    tried: list[LaunchAttempt] = []
    for candidate in candidates(engine):
        try:
            browser = await launch(running, candidate, headed=headed, spki=spki, log_to=log_to, brief=brief)
        except LaunchError as error:
            tried.append(LaunchAttempt(engine.name, candidate.what, reason=str(error), mend=mend(candidate)))
        else:
            tried.append(LaunchAttempt(engine.name, candidate.what, version=browser.version))
            return browser, tried
    return None, tried


def mend(candidate: Candidate) -> str:
    if candidate.explicit:
        return f"correct or unset {candidate.engine.variable}"
    if candidate.channel in candidate.engine.channels:
        return f"{sys.executable} -m playwright install {candidate.channel}"
    if candidate.path:
        return package_command(candidate.engine)
    return f"{sys.executable} -m playwright install {candidate.engine.name}"


def package_command(engine: Engine) -> str:
    install = f"apt-get install --no-install-recommends {engine.package}"
    return install if os.geteuid() == 0 else f"sudo {install}"
