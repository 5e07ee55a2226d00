"""Finds the program of a proxy: named by the user, on PATH, or in an installed package. The first whose version fits is
taken."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import msgspec
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from lab.paths import checkout
from lab.proxies import Proxy

VARIABLE = "SEVENTH_TAB_{}"
ASKED_S = 10.0  # Watchdog for a program that does not say its version.
SYSTEM_PROGRAMS = ("/usr/sbin", "/usr/local/sbin")
"""Folders of programs that are often not on a user's PATH."""


class Program(msgspec.Struct, frozen=True):
    """A proxy's program. `where` says in words how it was found. `version` is empty, and `why` says why, if it did not say
    one."""

    path: str
    where: str
    version: str = ""
    why: str = ""

    def fits(self, versions: str) -> bool:
        """Whether its version is one of `versions` (empty: any)."""
        return bool(self.version) and (not versions or Version(self.version) in SpecifierSet(versions))


class Missing(msgspec.Struct, frozen=True):
    """Why no program of a proxy can be used, and what to do."""

    why: str
    fix: str

    def __str__(self) -> str:
        return f"{self.why}: {self.fix}"


def candidates(proxy: Proxy) -> Iterator[tuple[str, str]]:
    """The paths where a program may be, each with how it was found, the preferred one first."""
    variable = VARIABLE.format(proxy.NAME.upper())
    if named := os.environ.get(variable):
        yield named, variable
        return
    folders = os.pathsep.join([os.environ.get("PATH", os.defpath), *SYSTEM_PROGRAMS])
    for command in proxy.COMMANDS:
        if found := shutil.which(command, path=folders):
            yield found, "on PATH"
            break
    if (brought := proxy.wheel()) is not None:
        yield str(brought), f"from the package {proxy.PACKAGE}"


@cache
def asked(path: str, where: str, arguments: tuple[str, ...]) -> Program:
    """The program at a path, asked for its version."""
    try:
        said = subprocess.run([path, *arguments], capture_output=True, text=True, timeout=ASKED_S, errors="replace")
    except (OSError, subprocess.TimeoutExpired) as error:
        return Program(path, where, why=f"{path} can't be run: {getattr(error, 'strerror', None) or error}")
    printed = said.stdout + said.stderr
    found = re.search(r"\d+\.\d+\.\d+", printed) or re.search(r"\d+\.\d+", printed)  # Envoy prints its path too.
    if found is None:
        return Program(path, where, why=f"{path} did not say its version")
    return Program(path, where, found[0])


def programs(proxy: Proxy) -> list[Program]:
    """Every program of a proxy on this machine, the preferred one first, each path once."""
    found = [asked(path, where, proxy.VERSION) for path, where in candidates(proxy)]
    return list({str(Path(one.path).resolve()): one for one in reversed(found)}.values())[::-1]


def find(proxy: Proxy, versions: str = "") -> Program | Missing:
    """The program that a variant is measured with. What the user named is taken, or nothing."""
    found = programs(proxy)
    if fitting := [one for one in found if one.fits(versions)]:
        return fitting[0]
    fix = how_to_get(proxy, versions)
    if not found:
        return Missing(f"{proxy.TITLE} is not on this machine", fix)
    if unknown := [one.why for one in found if one.why]:
        return Missing(unknown[0], fix)
    seen = ", ".join(f"{one.version} ({one.where})" for one in found)
    return Missing(
        f"this is about {proxy.TITLE} {versions.lstrip('<>=!~')} or {older_or_newer(versions)}, and found was {seen}", fix
    )


def older_or_newer(versions: str) -> str:
    """What versions are asked for, besides the one that is named."""
    return "newer" if versions.startswith(">") else "older"


def how_to_get(proxy: Proxy, versions: str = "") -> str:
    """How to get a program with one of these versions."""
    own = f"name one in {VARIABLE.format(proxy.NAME.upper())}"
    if proxy.PACKAGE and not versions.startswith("<"):
        return f"{'python3 -m nox -s proxies' if checkout() else 'pip install seventh-tab[proxies]'}, or {own}"
    return f"install Debian's package {proxy.DEBIAN}, or {own}" if proxy.DEBIAN else own
