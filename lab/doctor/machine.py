"""What a run asks of the machine, looked at before it asks. Every bound here was measured, and its place says how.

`fails` is what would fail even a quick run; anything else that would go wrong hits a part of a longer one. Not looked at, since
nothing of the lab rests on it: the system's resolver (browsers resolve names under localhost themselves, RFC 6761 section 6.3)
and /dev/shm (both browsers measured the same with 1 MB of it: Playwright lets Chromium use the folder for temporary files).
"""

from __future__ import annotations

import shutil
import socket
import tempfile
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path

import msgspec
import psutil

from lab.errors import MachineError
from lab.measure.origin import LOOPBACK
from lab.model.openings import OPENINGS
from lab.model.protocols import PROTOCOLS
from lab.run import certs

MB = 1_000_000
DOORS = 2 * len(PROTOCOLS) + 1  # Two a protocol, and the control door.
PORTS = Path("/proc/sys/net/ipv4/ip_local_port_range")  # Linux; elsewhere it is not looked at.
ANSWER_S = 2.0


class Checked(msgspec.Struct, frozen=True):
    """What was looked at, and what was found there, with its unit. `wrong`: what would go wrong, empty where nothing would;
    `todo`: what mends it; `fails`: even a quick run would fail."""

    what: str
    found: str
    wrong: str = ""
    todo: str = ""
    fails: bool = False


class Room(msgspec.Struct, frozen=True):
    """Bytes a run writes: below `least` even a quick run is not safe, below `ample` a default one is not."""

    what: str
    least: int
    ample: int
    wrong: str
    todo: str


REPORTS = Room(
    "disk for reports",
    least=100 * MB,
    ample=1000 * MB,
    wrong="a default run writes some 600 MB, most of it the browsers' logs, and would end half way",
    todo="free some, or name another folder with --out",
)
"""A quick run of 22 cells left 54 MB, a stream to each of many hosts 44 MB. Runs of one scenario and one browser left 0.3
to 8 MB a cell of Chromium, 1 to 37 MB a cell of Firefox; times the cells of a default run that is about 600 MB."""

TEMPORARY = Room(
    "disk for temporary files",
    least=0,
    ample=200 * MB,
    wrong="browsers keep profiles and shared memory there, 38 MB at the most that was seen",
    todo="free some, or set TMPDIR to another folder",
)
"""In a file system of its own, 38 MB was the most of 12 tabs, of 30, and of a stream to each of many hosts. Both browsers did
without: 3 tabs were measured in 2 MB, and 12 in 16 MB; but nobody knows what else they leave undone then."""


class Need(msgspec.Struct, frozen=True):
    """A limit of descriptors to a process that is enough for a kind of run."""

    limit: int
    what: str


NEEDS = (
    Need(256, "any run"),
    Need(512, "more than 20 tabs"),
    Need(1024, "hundreds of WebSockets (walls)"),
    Need(OPENINGS["hosts"].up_to + 300, "--opened hosts (walls)"),
)
"""What was seen, of Chromium 156 and Firefox 153. Tabs: with a limit of 128 both died of three; with 256, 12 were measured
(Chromium's first process held 190), and Chromium died of 28; with 512, 30 were measured (270). WebSockets in one page: with
512, Chromium seemed to have a wall at 158, which became `disputed`; with 2048 it held 799 for all it allows. Hosts: with 1024
Firefox died; left alone it held 1123 for 899 connections. The finder goes on where nothing waits, hence the last number."""

MEMORY = 3000 * MB
"""The memory available fell by up to 1.4 GB with 12 tabs of Firefox and by 1.5 GB with 30, by half of that with Chromium's."""


def examined(out: Path) -> list[Checked]:
    """Everything that a run asks of this machine. `out` is where its report would be written."""
    return [
        descriptors(hard_limit()),
        reports(out),
        temporary(),
        certificates(),
        doors(DOORS),
        *([client_ports(*map(int, PORTS.read_text().split()))] if PORTS.exists() else []),
        memory(psutil.virtual_memory().available),
    ]


def insist(found: Iterable[Checked]) -> None:
    """Raises MachineError when even a quick run would fail."""
    if failing := [one.what for one in found if one.fails]:
        raise MachineError(f"every run would fail on this machine: {', '.join(failing)}", "mend that first")


def hard_limit() -> int | None:
    """The most descriptors that a process may allow itself; None without a limit. The soft limit does not matter: the origin
    raises its own to this one, and so does Playwright's helper, from which the browsers have theirs."""
    import resource  # Not on Windows, where there is no origin either, but reports can be read.

    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    return None if limit == resource.RLIM_INFINITY else limit


def descriptors(limit: int | None) -> Checked:
    what = "descriptors"
    if limit is None:
        return Checked(what, "no limit to a process")
    hit = [need for need in NEEDS if limit < need.limit]
    if not hit:
        return Checked(what, f"{limit} a process")
    few = NEEDS[0] in hit
    return Checked(
        what,
        f"{limit} a process",
        f"too few for {hit[0].what if few else ', '.join(need.what for need in hit)}: browsers die, or can't connect",
        f"raise the hard limit (ulimit -Hn) to {NEEDS[-1].limit} or more; in Docker: --ulimit nofile={NEEDS[-1].limit}",
        fails=few,
    )


def reports(out: Path) -> Checked:
    """Of the folder itself, or of the nearest one there is: doctor makes no folders."""
    folder = next(one for one in (out.absolute(), *out.absolute().parents) if one.exists())
    try:
        with tempfile.TemporaryDirectory(prefix=".seventh-tab-", dir=folder):
            return room(REPORTS, shutil.disk_usage(folder).free)
    except OSError as error:
        why = f"no report can be written in {out}: {error.strerror}"
        return Checked(REPORTS.what, "none to write in", why, "go to another folder, or name one with --out", fails=True)


def temporary() -> Checked:
    try:
        return room(TEMPORARY, shutil.disk_usage(tempfile.gettempdir()).free)
    except OSError as error:  # FileNotFoundError: Python tried them all.
        return Checked(TEMPORARY.what, "none to write in", f"no browser starts: {error.strerror}", TEMPORARY.todo, fails=True)


def room(of: Room, free: int) -> Checked:
    found = f"{amount(free)} free"
    return Checked(of.what, found) if free >= of.ample else Checked(of.what, found, of.wrong, of.todo, free < of.least)


def certificates() -> Checked:
    """Minted as a run mints them, and removed."""
    what = "certificates"
    try:
        with certs.minted(*certs.NAMES):
            return Checked(what, "can be minted")
    except MachineError as error:
        return Checked(what, "can't be minted", error.message, error.todo, fails=True)
    except OSError as error:
        return Checked(what, "can't be written", f"no run starts: {error.strerror}", "free disk space", fails=True)


def doors(count: int) -> Checked:
    """So many ports opened at once on this machine, as the origin does, and a connection to each."""
    what = "ports for the origin"
    try:
        with ExitStack() as stack:
            for _ in range(count):
                door = stack.enter_context(socket.create_server((LOOPBACK, 0)))
                stack.enter_context(socket.create_connection(door.getsockname(), timeout=ANSWER_S))
    except OSError as error:
        why = f"the origin can't be reached on {LOOPBACK}: {error.strerror or error}"
        return Checked(what, f"not {count}", why, "allow this machine to listen and connect to itself", fails=True)
    return Checked(what, f"{count} opened and reached on {LOOPBACK}")


def client_ports(first: int, last: int) -> Checked:
    """A connection takes one, and keeps it for a while after its end (TIME-WAIT, RFC 9293 section 3.6.1). Were there fewer than
    the finder may ask for, twice in a row, their end would look like a wall of the browser."""
    most = max(row.up_to for row in OPENINGS.values())
    what, found = "ports for connections", f"{first} to {last}"
    if last - first + 1 >= 2 * most:
        return Checked(what, found)
    wrong = f"too few for {most} connections, twice in a row (walls): this machine's own end would look like a wall"
    return Checked(what, found, wrong, "widen net.ipv4.ip_local_port_range")


def memory(available: int) -> Checked:
    """Of the whole machine: a container's own limit is not seen here."""
    found = f"{amount(available)} available"
    if available >= MEMORY:
        return Checked("memory", found)
    wrong = "12 tabs of Firefox take 1.4 GB: the system may end a browser, or swap and be late"
    return Checked("memory", found, wrong, "close other programs, or open fewer with --tabs")


def amount(count: int) -> str:
    return f"{count / (1000 * MB):.1f} GB" if count >= 1000 * MB else f"{count / MB:.0f} MB"
