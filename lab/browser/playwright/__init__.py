"""The driver for browsers through Playwright (lab.browser.Driver). Only this folder imports Playwright.

Candidates: if the user named a path or a ws:// endpoint, only that. Else, in order: Playwright's own browser, a channel of the
system, a command on PATH. Installers: Playwright's download; then, as root on Debian, the engine's packages.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Mapping

from lab.browser import Candidate
from lab.browser.engines import Engine
from lab.browser.playwright.launch import session

__all__ = ["candidates", "fix", "installers", "session"]


def candidates(engine: Engine, environment: Mapping[str, str] = os.environ) -> list[Candidate]:
    """See lab.browser.Driver. A command is looked up on the PATH of `environment`."""
    named = environment.get(engine.variable)
    if named:
        what = f"{engine.variable}={named}"
        if named.startswith(("ws://", "wss://")):
            return [Candidate(engine=engine, what=what, endpoint=named, explicit=True)]
        return [Candidate(engine=engine, what=what, path=named, channel=engine.command_channel, explicit=True)]
    found = [Candidate(engine=engine, what="Playwright's own")]
    found += [Candidate(engine=engine, what=f"channel {channel}", channel=channel) for channel in engine.channels]
    for command in engine.commands:
        path = shutil.which(command, path=environment.get("PATH"))
        if path:
            found.append(Candidate(engine=engine, what=path, path=path, channel=engine.command_channel))
    return found


def fix(candidate: Candidate) -> str:
    """See lab.browser.Driver."""
    engine = candidate.engine
    if candidate.explicit:
        return f"correct or unset {engine.variable}"
    if candidate.channel in engine.channels:
        return f"{sys.executable} -m playwright install {candidate.channel}"
    if candidate.path:
        return engine.package_command
    return f"{sys.executable} -m playwright install {engine.browser_type or engine.name}"


def installers(engine: Engine) -> list[list[list[str]]]:
    """See lab.browser.Driver."""
    ways = [[[sys.executable, "-m", "playwright", "install", engine.browser_type or engine.name]]]
    if engine.packages and shutil.which("apt-get") and os.geteuid() == 0:
        install = ["apt-get", "install", "-y", "-q", "--no-install-recommends", *engine.packages]
        ways.append([["apt-get", "update", "-q"], install])
    return ways
