"""The second part of `nox -s bench`: a paced feed to many streams, from the lab's origin (its ledger read, its meter counting),
from a bare app on stock Hypercorn, and from the same app on granian. Interleaved, each time a server of its own.

The client decrypts, cuts frames by hand and notes when each event came; that is little beside what the servers do. An event
is late by how much later it came than the stream's own best beat, so no clock is shared and no server's word is taken.
"""

from __future__ import annotations

import contextlib
import os
import re
import selectors
import socket
import ssl
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click
import h2.config
import h2.connection
import h2.settings
import psutil

from lab.model import ledger
from lab.run import certs
from lab.transports import sse
from tests.bench import app
from tests.tools.control import connect
from tests.tools.figures import line

STREAMS, PER_SECOND = 100, 200
WARM_S, SECONDS = 1.0, 4.0  # What comes while the streams are being opened does not count.
PROMISED = 0.95  # Of what bare Hypercorn delivers.
PROMISED_LATE = 2.0  # Times granian's lateness at the 99th percentile.
START_S = 20.0
FRAME = 9  # Bytes of an HTTP/2 frame's head (RFC 9113 section 4.1).
DATA = 0
HUGE = 2**31 - 1  # The largest window (RFC 9113 section 6.9.1).
SEQ = re.compile(rb'"seq": ?(\d+)')


class Came:
    """When each event of one stream came, by its number."""

    def __init__(self) -> None:
        self._rest = b""
        self.at: list[tuple[int, float]] = []

    def feed(self, data: bytes, now: float) -> None:
        whole, end, rest = (self._rest + data).rpartition(b"}")
        self._rest = rest
        self.at += [(int(seq), now) for seq in SEQ.findall(whole + end)]


def listen(socks: dict[ssl.SSLSocket, Callable[[bytes, float], None]]) -> float:
    """Read all connections; the moment from which it counts."""
    began = time.monotonic() + WARM_S
    end = began + SECONDS
    with selectors.DefaultSelector() as ready:
        for one in socks:
            one.setblocking(False)
            ready.register(one, selectors.EVENT_READ)
        while (rest := end - time.monotonic()) > 0:
            for key, _ in ready.select(rest):
                sock = key.fileobj
                assert isinstance(sock, ssl.SSLSocket)
                with contextlib.suppress(ssl.SSLWantReadError):
                    while data := sock.recv(262144):
                        socks[sock](data, time.monotonic())
    return began


def over_h1(port: int, folder: Path, path: str) -> tuple[float, list[Came]]:
    came = [Came() for _ in range(STREAMS)]
    socks: dict[ssl.SSLSocket, Callable[[bytes, float], None]] = {}
    for number, one in enumerate(came, start=1):
        sock = connect(port, "http/1.1", folder)
        assert isinstance(sock, ssl.SSLSocket)
        sock.sendall(f"GET {path.format(tab=number)} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
        socks[sock] = one.feed
    try:
        return listen(socks), came
    finally:
        for sock in socks:
            sock.close()


class Frames:
    """Cuts what comes on one HTTP/2 connection, and hands each stream its data."""

    def __init__(self, came: dict[int, Came]) -> None:
        self._came = came
        self._rest = bytearray()

    def feed(self, data: bytes, now: float) -> None:
        buffer, at = self._rest + data, 0
        while len(buffer) - at >= FRAME:
            end = at + FRAME + int.from_bytes(buffer[at : at + 3])
            if end > len(buffer):
                break
            if buffer[at + 3] == DATA:
                self._came[int.from_bytes(buffer[at + 5 : at + FRAME])].feed(bytes(buffer[at + FRAME : end]), now)
            at = end
        self._rest = buffer[at:]


def over_h2(port: int, folder: Path, path: str) -> tuple[float, list[Came]]:
    """Windows as large as they may be, so that nothing has to be acknowledged."""
    sock = connect(port, "h2", folder)
    assert isinstance(sock, ssl.SSLSocket)
    client = h2.connection.H2Connection(h2.config.H2Configuration(client_side=True))
    client.local_settings = h2.settings.Settings(initial_values={h2.settings.SettingCodes.INITIAL_WINDOW_SIZE: HUGE})
    client.initiate_connection()
    client.increment_flow_control_window(HUGE - 65535)
    came = {client.get_next_available_stream_id() + 2 * number: Came() for number in range(STREAMS)}
    for number, stream in enumerate(came, start=1):
        fields = [(":method", "GET"), (":scheme", "https"), (":authority", "127.0.0.1"), (":path", path.format(tab=number))]
        client.send_headers(stream, fields, end_stream=True)
    sock.sendall(client.data_to_send())
    try:
        return listen({sock: Frames(came).feed}), list(came.values())
    finally:
        sock.close()


OVER = {"h2": over_h2, "h1": over_h1}


@contextmanager
def the_origin(http: str, folder: Path) -> Iterator[tuple[int, str]]:
    """Its port and path; its ledger is read by another thread, as the driver would."""
    command = [sys.executable, "-m", "lab.origin", "--exit-on-eof", "--certs", str(folder)]
    with running([*command, "--updates-per-second", str(PER_SECOND)]) as process:
        assert process.stdout is not None
        listening = ledger.decode(process.stdout.readline())
        assert isinstance(listening, ledger.OriginStarted)
        threading.Thread(target=process.stdout.read, daemon=True).start()
        yield listening.doors[http], f"{sse.PATH}?cell=&tab={{tab}}"


@contextmanager
def bare(server: str, http: str, folder: Path) -> Iterator[tuple[int, str]]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with running([sys.executable, "-m", "tests.bench.app", server, http, str(folder), str(port)]):
        end = time.monotonic() + START_S
        while not listens(port):
            assert time.monotonic() < end, f"{server} did not start"
            time.sleep(0.02)
        yield port, "/paced?tab={tab}"


def listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


@contextmanager
def running(command: list[str]) -> Iterator[subprocess.Popen[bytes]]:
    """A server's process; it and all that came of it are killed in the end, granian's workers too."""
    environment = {**os.environ, app.PACE: str(PER_SECOND)}
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment) as process:
        try:
            yield process
        finally:
            for one in psutil.Process(process.pid).children(recursive=True):
                one.kill()
            process.kill()


LAB, HYPERCORN, GRANIAN = "the lab's origin, with ledger", "bare app, stock Hypercorn", "bare app, granian"
SERVERS: dict[str, Callable[[str, Path], contextlib.AbstractContextManager[tuple[int, str]]]] = {
    LAB: the_origin,
    HYPERCORN: lambda http, folder: bare("hypercorn", http, folder),
    GRANIAN: lambda http, folder: bare("granian", http, folder),
}


def figures(began: float, came: list[Came]) -> tuple[float, float, float]:
    """Events delivered of those asked, and lateness in ms: the median and the 99th percentile."""
    late: list[float] = []
    for stream in came:
        beats = [at - seq / PER_SECOND for seq, at in stream.at if at >= began]
        late += [1000 * (beat - min(beats)) for beat in beats]
    late.sort()
    delivered = len(late) / (STREAMS * PER_SECOND * SECONDS)
    return delivered, statistics.median(late), late[int(0.99 * len(late))]


def main(rounds: int) -> None:
    with certs.minted(*certs.NAMES) as folder:
        for http, over in OVER.items():
            found: dict[str, list[tuple[float, float, float]]] = {name: [] for name in SERVERS}
            for _ in range(rounds):
                for name, serving in SERVERS.items():
                    with serving(http, folder) as (port, path):
                        found[name].append(figures(*over(port, folder, path)))
            where = "one h2 connection" if http == "h2" else f"{STREAMS} connections"
            click.echo(f"{STREAMS} streams x {PER_SECOND} updates a second on {where}, {SECONDS:g} s:")
            for name, each in found.items():
                shares, middles, lates = zip(*each, strict=True)
                click.echo(line(f"{name}: delivered of asked", list(shares), ""))
                click.echo(line("   late at the median", list(middles), "ms"))
                click.echo(line("   late at the 99th percentile", list(lates), "ms"))
            ours, theirs = (statistics.median([one[0] for one in found[name]]) for name in (LAB, HYPERCORN))
            kept = "kept" if ours >= PROMISED * theirs else "NOT kept"
            click.echo(f"promised: at least {PROMISED:.2f} of bare Hypercorn; {ours / theirs:.3f}: {kept}")
            late, least = (statistics.median([one[2] for one in found[name]]) for name in (LAB, GRANIAN))
            kept = "kept" if late <= PROMISED_LATE * least else "NOT kept"
            click.echo(f"promised: late at the 99th percentile at most {PROMISED_LATE:g} x granian; {late / least:.2f}: {kept}")


if __name__ == "__main__":
    main(int(sys.argv[1]))
