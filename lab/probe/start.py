"""Starts a user's app for a probe, waits until it answers, and ends it with all its processes."""

from __future__ import annotations

import os
import signal
import ssl
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from http.client import HTTPConnection, HTTPException, HTTPSConnection

import psutil

from lab.errors import UsageError
from lab.run.processes import ChildProcesses
from lab.wire.address import Address
from lab.wire.connection import Trust, context_of

READY_S = 60.0
"""How long the app may take to start."""
ASK_S = 2.0
END_S = 5.0
"""How long the app may take to end when it is asked to."""
AGAIN_S = 0.1


@contextmanager
def started(command: Sequence[str], ready: Address) -> Iterator[None]:
    """Inside the block the app runs, and has answered at `ready`. Raises UsageError if it can't be started, ends by itself, or
    does not answer in time."""
    fix = "correct --start, or give the URL that answers first with --ready"
    with interrupted_by_signals(), ChildProcesses() as children:
        try:
            process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
            )
        except (OSError, IndexError) as error:
            raise UsageError(f"--start: {command[:1]} can't be started: {error}", fix) from error
        children.add(process.pid)
        until = time.monotonic() + READY_S
        try:
            while not answers(ready):
                children.note()
                if process.poll() is not None and not alive(children):
                    raise UsageError(f"--start: the app ended with code {process.returncode} before {ready} answered", fix)
                if time.monotonic() > until:
                    raise UsageError(f"--start: {ready} did not answer in {READY_S:.0f} s", fix)
                time.sleep(AGAIN_S)
            yield
        finally:
            children.note()
            end_group(process.pid)
    process.wait()


@contextmanager
def interrupted_by_signals() -> Iterator[None]:
    """Inside the block SIGTERM and SIGHUP raise KeyboardInterrupt, as Ctrl-C does: the app is ended then too."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    before = {number: signal.signal(number, interrupt) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def end_group(number: int) -> None:
    """End what is left of the app's own process group: also what a shell left behind. First asked, then killed."""
    for signal_number in (signal.SIGTERM, signal.SIGKILL):
        left = [one for one in psutil.process_iter() if in_group(one, number)]
        for one in left:
            with suppress(psutil.NoSuchProcess):
                one.send_signal(signal_number)
        psutil.wait_procs(left, timeout=END_S)


def in_group(process: psutil.Process, number: int) -> bool:
    """Whether a process runs and is in that group."""
    try:
        return os.getpgid(process.pid) == number and process.status() != psutil.STATUS_ZOMBIE
    except (ProcessLookupError, PermissionError, psutil.NoSuchProcess):
        return False


def alive(children: ChildProcesses) -> bool:
    """Whether a process of the app still runs: a command may start it and end."""
    for one in children.noted:
        with suppress(psutil.NoSuchProcess):
            if one.is_running() and one.status() != psutil.STATUS_ZOMBIE:
                return True
    return False


def any_certificate() -> ssl.SSLContext:
    """TLS that accepts any certificate: only whether the app answers is asked here."""
    return context_of(Trust(insecure=True), ("h2", "http/1.1"))


def answers(address: Address) -> bool:
    """Whether an HTTP server answers there, with whatever status."""
    connection: HTTPConnection = HTTPConnection(address.host, address.port, timeout=ASK_S)
    if address.tls:
        connection = HTTPSConnection(address.host, address.port, timeout=ASK_S, context=any_certificate())
    try:
        with suppress(OSError, HTTPException):
            connection.connect()
            if isinstance(connection.sock, ssl.SSLSocket) and connection.sock.selected_alpn_protocol() == "h2":
                return True
            connection.request("GET", address.target)
            return connection.getresponse().status > 0
        return False
    finally:
        connection.close()
