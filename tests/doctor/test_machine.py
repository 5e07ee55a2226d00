"""What the doctor finds of the machine: judged with numbers that are given, and looked at for real where that is possible."""

from __future__ import annotations

import os
import resource
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from rich.console import Console

from lab.doctor import machine
from lab.doctor.machine import MB, REPORT_ROOM, TEMPORARY, Check
from lab.doctor.tables import attempts_table, checks_table
from lab.errors import MachineError
from lab.model.browsers import LaunchAttempt
from tests.conftest import ROOT

ABSENT = {"SEVENTH_TAB_CHROMIUM": "/no/chromium", "SEVENTH_TAB_FIREFOX": "/no/firefox"}  # So that no browser takes its time.


def doctor(
    *options: str, cwd: Path = ROOT, limit: int | None = None, browsers: bool = False
) -> subprocess.CompletedProcess[str]:
    """`python -m lab doctor`, with so many descriptors at most."""
    lowered: Callable[[], None] | None = None
    if limit is not None:
        lowered = lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))  # noqa: E731  # or None
    return subprocess.run(
        [sys.executable, "-m", "lab", "doctor", *options],
        env={**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "80", **({} if browsers else ABSENT)},
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=lowered,
    )


def test_a_machine_without_fault() -> None:
    """The one the tests run on must be one: everything is really looked at."""
    found = machine.checks(ROOT / "reports")
    assert not [one for one in found if one.fails]
    assert {"descriptors", REPORT_ROOM.what, TEMPORARY.what, "certificates", "ports for the origin", "memory"} <= {
        one.what for one in found
    }
    machine.require(found)


@pytest.mark.parametrize(
    ("limit", "hit", "fails"),
    [
        (None, "", False),
        (1500, "", False),
        (1499, "--opening hosts", False),
        (1023, "hundreds of WebSockets (limits), --opening hosts", False),
        (511, "more than 20 tabs, hundreds of WebSockets", False),
        (256, "more than 20 tabs", False),
        (255, "any run", True),
    ],
)
def test_descriptors(limit: int | None, hit: str, fails: bool) -> None:
    found = machine.descriptors(limit)
    assert (bool(found.problem), found.fails) == (bool(hit), fails)
    assert hit in found.problem
    assert not hit or "raise the hard limit (ulimit -Hn) to 1500" in found.fix


@pytest.mark.parametrize(
    ("free", "wrong", "fails"),
    [(300 * MB, False, False), (300 * MB - 1, True, False), (50 * MB, True, False), (50 * MB - 1, True, True)],
)
def test_room_for_reports(free: int, wrong: bool, fails: bool) -> None:
    found = machine.room(REPORT_ROOM, free)
    assert (bool(found.problem), found.fails) == (wrong, fails)
    assert found.found.endswith(" free; a default run takes 300 MB, leaves 40 MB")
    assert not wrong or (("300 MB" in found.problem and "40 MB" in found.problem) and "--out" in found.fix)


def test_little_room_for_temporary_files_is_a_warning() -> None:
    found = machine.room(TEMPORARY, 0)
    assert found.found == "0 MB free"
    assert "38 MB" in found.problem
    assert "TMPDIR" in found.fix
    assert not found.fails


def test_reports_go_where_there_is_no_folder_yet_and_none_is_made(tmp_path: Path) -> None:
    found = machine.reports(tmp_path / "not" / "yet")
    assert " free; " in found.found
    assert not found.fails
    assert not list(tmp_path.iterdir())


def test_a_file_where_the_folder_of_reports_should_be(tmp_path: Path) -> None:
    (tmp_path / "reports").write_text("")
    found = machine.reports(tmp_path / "reports")
    assert found.fails
    assert "no report can be written in" in found.problem


def test_no_folder_for_temporary_files(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", "/no/such/folder")
    found = machine.temporary()
    assert found.fails
    assert "TMPDIR" in found.fix


def test_more_doors_than_can_be_opened() -> None:
    """A real limit: each door and the connection to it take a descriptor."""
    usual = resource.getrlimit(resource.RLIMIT_NOFILE)
    with socket.socket() as lowest:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (lowest.fileno() + 4, usual[1]))
            found = machine.doors(machine.DOOR_COUNT)
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, usual)
    assert found.fails
    assert "127.0.0.1: Too many open files" in found.problem
    assert found.fix


def test_few_ports_for_connections() -> None:
    assert not machine.client_ports(32768, 60999).problem
    found = machine.client_ports(50000, 51000)
    assert "look like a limit of the browser" in found.problem
    assert "net.ipv4.ip_local_port_range" in found.fix
    assert not found.fails


def test_little_memory() -> None:
    assert not machine.memory(8 * 10**9).problem
    found = machine.memory(10**9)
    assert found.found == "1.0 GB available"
    assert "--tabs" in found.fix
    assert not found.fails


def test_what_fails_is_the_machines_fault() -> None:
    machine.require([Check("memory", "1 GB", "slow", "more")])
    with pytest.raises(MachineError, match="every run would fail on this machine: descriptors"):
        machine.require([machine.descriptors(100), machine.room(REPORT_ROOM, 10**10)])


def test_the_table_fits_into_80_columns() -> None:
    bad = [machine.descriptors(300), machine.room(REPORT_ROOM, 1), machine.client_ports(1, 9), machine.memory(5)]
    console = Console(width=80, highlight=False)
    with console.capture() as caught:
        console.print(checks_table([*bad, Check("[x]", "fine")]))
    lines = caught.get().splitlines()
    assert max(map(len, lines)) <= 80
    assert sum("fine" in line and line.rstrip().endswith("–") for line in lines) == 1
    assert all(one.fix.split()[0] in caught.get() for one in bad)


def test_doctor_with_few_descriptors_is_exit_4() -> None:
    """Before it says that there is no browser: that may be of the same cause."""
    found = doctor(limit=128)
    assert found.returncode == 4, found.stderr
    assert "128 per process" in found.stdout
    assert "correct or unset" in found.stdout  # The browsers' table is there as well.
    assert found.stderr == "seventh-tab: every run would fail on this machine: descriptors: fix that first\n"


def test_doctor_without_a_browser_is_exit_3_still() -> None:
    found = doctor()
    assert found.returncode == 3, found.stderr
    assert "ports for the origin" in found.stdout


def test_install_fetches_nothing_for_a_machine_that_fails() -> None:
    found = doctor("--install", limit=128)
    assert found.returncode == 4
    assert "descriptors: 128 per process: too few for any run" in found.stderr
    assert "installing" not in found.stderr
    assert not found.stdout


def test_doctor_where_no_report_can_be_written() -> None:
    """Nobody can make a folder in /proc, root neither."""
    found = doctor(cwd=Path("/proc"))
    assert found.returncode == 4
    assert "no report can be written" in " ".join(found.stdout.split())
    assert "disk for reports" in found.stderr


def test_a_warning_is_no_failure() -> None:
    """A real doctor with real browsers: it warns of what some runs need, and that is all."""
    found = doctor("--install", "--engine", "chromium", limit=1024, browsers=True)
    assert found.returncode == 0, found.stderr
    warned = [line for line in found.stderr.splitlines() if line.startswith("descriptors: ")]
    assert len(warned) == 1
    assert "--opening hosts" in warned[0]
    assert "Chromium" in found.stderr


def test_the_browsers_table_shows_words_as_they_are() -> None:
    """A path or a reason may have [brackets], which rich would read as a style."""
    attempts = [
        LaunchAttempt("chromium", "/opt/[red]/x", reason="no [bold] library", fix="apt-get install x"),
        LaunchAttempt("firefox", "it", version="1[2]", fix="nothing"),
    ]
    console = Console(width=80, highlight=False)
    with console.capture() as caught:
        console.print(attempts_table(attempts))
    text = caught.get()
    assert all(words in text for words in ("/opt/[red]/x", "no [bold] library", "apt-get install x", "found, 1[2]", " fix "))
    assert "nothing" not in text
