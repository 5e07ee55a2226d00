"""Checks what a run needs of the machine, before it starts. Every bound was measured, as described beside it.

`fails`: even a quick run would fail; other problems concern only a part of a longer run. Two things are not checked, because
nothing in the lab relies on them: the system's resolver (browsers resolve names under localhost themselves, RFC 6761 section
6.3) and /dev/shm (both browsers measured the same with 1 MB of it: Playwright lets Chromium use the folder for temporary
files).
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
from lab.model.openings import OPENINGS
from lab.model.protocols import PROTOCOLS
from lab.paths import LOOPBACK
from lab.run import certs
from lab.text import amount

MB = 1_000_000
DOOR_COUNT = 2 * len(PROTOCOLS) + 1
"""The ports that the origin listens on: two for each protocol, and the control door."""
PORTS = Path("/proc/sys/net/ipv4/ip_local_port_range")
"""The range of ephemeral ports, on Linux; elsewhere it is not checked."""
REACHED_S = 2.0


class Check(msgspec.Struct, frozen=True):
    """One check. `found` is the value with its unit. `problem`: what would go wrong, empty if nothing would. `fix`: what to do
    about it. `fails`: even a quick run would fail."""

    what: str
    found: str
    problem: str = ""
    fix: str = ""
    fails: bool = False


class Room(msgspec.Struct, frozen=True, kw_only=True):
    """How many free bytes a run needs: at least `least` for a quick run, and `ample` for a default run, which leaves up to
    `left`."""

    what: str
    least: int
    ample: int
    left: int = 0
    problem: str
    fix: str


REPORT_ROOM = Room(
    what="disk for reports",
    least=50 * MB,
    ample=300 * MB,
    left=40 * MB,
    problem="a default run takes up to 300 MB while it goes on, leaves up to 40 MB, and would end half way",
    fix="free some space, or name another folder with --out",
)
"""Of a run of 214 cells results, observations and ledger were 29 MB. While it goes on, the logs of its browsers come on top,
as far as they have not been read yet: in runs of `limits` and `delivery` the folder took at most 21 MB more than it left. Where
a file system can't make holes in files, a log may have 100 MB before its browser is started again, for each of two browsers.
A quick run's folder took 4 MB."""

TEMPORARY = Room(
    what="disk for temporary files",
    least=0,
    ample=200 * MB,
    problem="browsers keep profiles and shared memory there, up to 38 MB by our measurements",
    fix="free some space, or set TMPDIR to another folder",
)
"""Measured in a file system of its own: at most 38 MB for 12 tabs, for 30 tabs, and for a stream to each of many hosts. Both
browsers also ran with less (3 tabs in 2 MB, 12 tabs in 16 MB), but what they leave out then is not known."""


class Need(msgspec.Struct, frozen=True):
    """A kind of run, and the limit of file descriptors per process that it needs."""

    limit: int
    what: str


NEEDS = (
    Need(256, "any run"),
    Need(512, "more than 20 tabs"),
    Need(1024, "hundreds of WebSockets (limits)"),
    Need(OPENINGS["hosts"].up_to + 300, "--opening hosts (limits)"),
)
"""Measured with Chromium 156 and Firefox 153. Tabs: with a limit of 128 both crashed at three; with 256, 12 were measured
(Chromium's first process held 190 descriptors) and Chromium crashed at 28; with 512, 30 were measured (270 descriptors).
WebSockets in one page: with 512, Chromium seemed to have a limit of 158, which was `disputed`; with 2048 it held 799
descriptors for all that it allows. Hosts: with 1024 Firefox crashed; without a limit it held 1123 for 899 connections. Where
nothing waits the search for a limit goes on to its bound: hence the last number."""

MEMORY = 3000 * MB
"""The available memory fell by up to 1.4 GB for 12 tabs of Firefox and 1.5 GB for 30; half of that for Chromium."""


def checks(out: Path) -> list[Check]:
    """Everything that a run needs of this machine. `out` is where its report would be written."""
    return [
        descriptors(hard_limit()),
        reports(out),
        temporary(),
        certificates(),
        doors(DOOR_COUNT),
        *([client_ports(*map(int, PORTS.read_text().split()))] if PORTS.exists() else []),
        memory(psutil.virtual_memory().available),
    ]


def require(found: Iterable[Check]) -> None:
    """Raises MachineError if even a quick run would fail."""
    if failing := [one.what for one in found if one.fails]:
        raise MachineError(f"every run would fail on this machine: {', '.join(failing)}", "fix that first")


def hard_limit() -> int | None:
    """The hard limit of file descriptors per process; None if there is none. The soft limit does not matter: the origin raises
    its own, and so does Playwright's helper, from which the browsers inherit it."""
    import resource  # Not on Windows, where there is no origin either, but reports can be read.

    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    return None if limit == resource.RLIM_INFINITY else limit


def descriptors(limit: int | None) -> Check:
    """Whether a hard limit of file descriptors is enough, and for which runs it is not."""
    what = "descriptors"
    if limit is None:
        return Check(what, "no limit per process")
    hit = [need for need in NEEDS if limit < need.limit]
    if not hit:
        return Check(what, f"{limit} per process")
    few = NEEDS[0] in hit
    return Check(
        what,
        f"{limit} per process",
        f"too few for {hit[0].what if few else ', '.join(need.what for need in hit)}: browsers crash or can't connect",
        f"raise the hard limit (ulimit -Hn) to {NEEDS[-1].limit} or more; in Docker: --ulimit nofile={NEEDS[-1].limit}",
        fails=few,
    )


def reports(out: Path) -> Check:
    """Free space for reports in `out`, or in its nearest parent that exists: the doctor makes no folders."""
    folder = next(one for one in (out.absolute(), *out.absolute().parents) if one.exists())
    try:
        with tempfile.TemporaryDirectory(prefix=".seventh-tab-", dir=folder):
            return room(REPORT_ROOM, shutil.disk_usage(folder).free)
    except OSError as error:
        problem = f"no report can be written in {out}: {error.strerror}"
        return Check(REPORT_ROOM.what, "not writable", problem, "change to another folder, or name one with --out", fails=True)


def temporary() -> Check:
    """Free space for temporary files."""
    try:
        return room(TEMPORARY, shutil.disk_usage(tempfile.gettempdir()).free)
    except OSError as error:  # FileNotFoundError: Python tried them all.
        return Check(TEMPORARY.what, "not writable", f"no browser starts: {error.strerror}", TEMPORARY.fix, fails=True)


def room(of: Room, free: int) -> Check:
    """Whether `free` bytes are enough."""
    found = f"{amount(free)} free"
    if of.left:
        found += f"; a default run takes {amount(of.ample)}, leaves {amount(of.left)}"
    return Check(of.what, found) if free >= of.ample else Check(of.what, found, of.problem, of.fix, free < of.least)


def certificates() -> Check:
    """Mint certificates as a run does, and remove them."""
    what = "certificates"
    try:
        with certs.minted():
            return Check(what, "can be minted")
    except MachineError as error:
        return Check(what, "can't be minted", f"no run starts: {error.message}", error.todo, fails=True)


def doors(count: int) -> Check:
    """Listen on `count` ports of this machine at once, as the origin does, and connect to each."""
    what = "ports for the origin"
    try:
        with ExitStack() as stack:
            for _ in range(count):
                door = stack.enter_context(socket.create_server((LOOPBACK, 0)))
                stack.enter_context(socket.create_connection(door.getsockname(), timeout=REACHED_S))
    except OSError as error:
        problem = f"the origin can't be reached on {LOOPBACK}: {error.strerror or error}"
        return Check(what, f"fewer than {count}", problem, "allow this machine to listen and connect to itself", fails=True)
    return Check(what, f"{count} opened and reached on {LOOPBACK}")


def client_ports(first: int, last: int) -> Check:
    """Whether the range of ephemeral ports is wide enough. A connection takes one, and keeps it for a while after its end
    (TIME-WAIT, RFC 9293 section 3.6.1). With fewer than two searches for a limit in a row may take, the machine's own limit
    would look like one of the browser."""
    most = max(row.up_to for row in OPENINGS.values())
    what, found = "ports for connections", f"{first} to {last}"
    if last - first + 1 >= 2 * most:
        return Check(what, found)
    problem = f"too few for {most} connections twice in a row (limits): they would look like a limit of the browser"
    return Check(what, found, problem, "widen net.ipv4.ip_local_port_range")


def memory(available: int) -> Check:
    """Whether `available` bytes of memory are enough. They are the whole machine's: a container's own limit is not checked."""
    found = f"{amount(available)} available"
    if available >= MEMORY:
        return Check("memory", found)
    problem = "12 tabs of Firefox take 1.4 GB: the system may end a browser, or swap and fall behind"
    return Check("memory", found, problem, "close other programs, or open fewer with --tabs")
