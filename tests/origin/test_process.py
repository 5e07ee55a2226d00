"""The origin as a process: where it listens, how it ends, and what it does when nobody reads."""

from __future__ import annotations

import shlex
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from lab.model import ledger
from lab.model.ledger import PORT_TAKEN
from lab.model.protocols import CONTROL, DOORS, PROTOCOLS, SECOND, parse_ports
from tests.conftest import PATIENCE_S, ROOT, Served
from tests.tools.control import H1


def test_there_are_two_doors_a_protocol_and_the_control_door() -> None:
    assert set(DOORS) == {*PROTOCOLS, *(f"{name}{SECOND}" for name in PROTOCOLS), CONTROL.name}


def test_ports_that_are_asked_for() -> None:
    assert parse_ports([]) == {}
    assert parse_ports(["h1=8001", "control=0", "h2-2=65535"]) == {"h1": 8001, "control": 0, "h2-2": 65535}
    for wrong in ("h1", "h1=", "h1=x", "h1=-1", "h1=65536", "h1=٣", "h1=" + "9" * 5000, "h3=1", "=1", ""):
        with pytest.raises(ValueError, match="expected DOOR=PORT") as told:
            parse_ports(["h2=1", wrong])
        assert repr(wrong) in str(told.value)


def test_a_port_that_is_none_is_a_usage_error() -> None:
    command = [sys.executable, "-m", "lab.origin", "--port", "h1-clear=65536"]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert ended.returncode == 2
    assert "'h1-clear=65536': expected DOOR=PORT, with a port from 0 to 65535" in ended.stderr


def test_the_first_line_names_every_door_and_setting(serve: Callable[..., Served]) -> None:
    served = serve("--streams-per-connection", "7", "--updates-per-second", "3")
    assert set(served.listening.doors) == set(DOORS)
    assert len(set(served.listening.doors.values())) == len(DOORS)
    assert (served.listening.streams_per_connection, served.listening.updates_per_second) == (7, 3)
    assert served.listening.pid == served.process.pid


def test_it_listens_on_loopback_only(origin: Served) -> None:
    listening = [c for c in psutil.Process(origin.process.pid).net_connections("inet") if c.status == psutil.CONN_LISTEN]
    assert len(listening) == len(DOORS)
    assert {connection.laddr.ip for connection in listening} == {"127.0.0.1"}


def test_a_port_that_is_taken_is_one_line(origin: Served) -> None:
    port = origin.port("h1-clear")
    command = [sys.executable, "-m", "lab.origin", "--port", f"h1-clear={port}"]
    second = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert second.returncode == PORT_TAKEN
    assert second.stderr == f"door h1-clear: 127.0.0.1:{port} can't be bound: Address already in use\n"


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_though_a_stream_is_open(serve: Callable[..., Served], leaf: Path, how: signal.Signals) -> None:
    served = serve()
    client = H1(served.port("h1"), leaf)
    client.get("/api/v1/live-scores?tab=1")
    served.process.send_signal(how)
    assert served.process.wait(timeout=PATIENCE_S) == 0
    served.stop()
    client.close()


def test_the_end_of_its_driver_is_its_end(serve: Callable[..., Served]) -> None:
    assert serve().stop() == 0


def test_a_reader_that_pauses_holds_up_no_stream() -> None:
    """The ledger's pipe is not read at all while a thousand requests are served: more lines than a pipe holds."""
    command = [sys.executable, "-m", "lab.origin", "--exit-on-eof"]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        first = ledger.decode(process.stdout.readline())
        assert isinstance(first, ledger.OriginStarted)
        client = H1(first.doors["h1-clear"])
        served = 0
        for tab in range(1000):
            assert client.get(f"/tab?transport=sse&tab={tab}&cell={'x' * 200}").status_code == 200
            client.body()
            client.next_cycle()
            served += 1
        client.close()
        assert process.stdin is not None
        process.stdin.close()
        documents = [line for line in process.stdout.read().splitlines() if b"DocumentServed" in line]
        assert len(documents) == served == 1000
        assert process.wait(timeout=PATIENCE_S) == 0


@pytest.mark.parametrize("own", [True, False])
def test_it_takes_precedence_with_a_session_of_its_own_only(own: bool) -> None:
    """Started by hand, or by a test, it would else put all of that session before everybody else's browsers."""
    command = [sys.executable, "-m", "lab.origin", "--exit-on-eof"]
    if not own:
        command = ["sh", "-c", f"{shlex.join(command)}; true"]
    with subprocess.Popen(command, cwd=ROOT, start_new_session=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        listening = ledger.decode(process.stdout.readline())
        assert isinstance(listening, ledger.OriginStarted)
        group = Path(f"/proc/{listening.pid}/autogroup")
        there = group.exists()
        nice = int(group.read_text().split()[-1]) if there else 0
        process.stdin.close()
        assert process.wait(timeout=PATIENCE_S) == 0
    assert nice == (listening.nice if own and there else 0)
