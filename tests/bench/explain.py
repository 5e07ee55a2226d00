"""A part of `nox -s bench`: how long it takes to explain a log of 500 MB, and how much memory.

The logs are made from the recorded ones in tests/probe/explain/: their events again and again, each time later and with other
numbers of sources (or addresses of transactions), as if so much had happened; between them, as many lines that say nothing of
waiting as a real log has. `seventh-tab explain` is then run as a program, and asked for what it used.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import click

from tests.conftest import ROOT
from tests.probe.explain.recording import FOLDER
from tests.tools.figures import line

SIZE = 500_000_000
PROMISED_S, PROMISED_MB = 60.0, 300.0
NOISE = 12
"""Lines without meaning for each one with: a whole NetLog of the recorded kind had 5,500 lines, of which 430 are read."""

SOURCE = re.compile(rb'"id":(\d+)')
TIME = re.compile(rb'"time":"(\d+)"')
ADDRESS = re.compile(rb"\b7f([0-9a-f]{10})\b")
CLOCK = re.compile(rb"(?m)^(\S+) (\d\d):(\d\d):")
QUIET_EVENT = (
    b'{"params":{"byte_count":1460},"phase":0,"source":{"id":7,"start_time":"1","type":10},"time":"%d","type":99999},\n'
)
QUIET_LINE = b"- [Parent 1: Socket Thread]: V/nsHttp nsHttpConnection::OnSocketReadable [this=7f0000000000] and so on\n"


def netlog() -> Iterator[bytes]:
    """A NetLog's head, and then its events for ever."""
    head, body = (FOLDER / "chromium-h1.netlog.json").read_bytes().split(b'"events": [\n')
    yield head + b'"events": [\n'
    events = body.partition(b'],\n"polledData"')[0].splitlines()
    quiet = QUIET_EVENT % 1 * NOISE
    last = max(int(found) for found in TIME.findall(body))
    span = last - min(int(found) for found in TIME.findall(body)) + 1
    for turn in range(10**9):
        ids, later = turn * 10_000, turn * span
        for event in events:
            one = SOURCE.sub(lambda found: b'"id":%d' % (int(found[1]) + ids), event.rstrip(b","))  # noqa: B023
            yield TIME.sub(lambda found: b'"time":"%d"' % (int(found[1]) + later), one) + b",\n" + quiet  # noqa: B023


def mozlog() -> Iterator[bytes]:
    """A MOZ_LOG's lines for ever, an hour later each time."""
    text = (FOLDER / "firefox-h1.moz_log").read_bytes()
    stamp = text[: text.index(b" UTC") + 5]
    for turn in range(10**9):
        day, hour = b"2026-%02d-%02d" % (1 + turn // 24 // 28 % 12, 1 + turn // 24 % 28), turn % 24
        late = CLOCK.sub(lambda found: b"%s %02d:%s:" % (day, hour, found[3]), text)  # noqa: B023
        moved = ADDRESS.sub(lambda found: b"%03x%s" % (0x700 + turn % 256, found[1][1:]), late)  # noqa: B023
        noise = CLOCK.sub(lambda found: b"%s %02d:%s:" % (day, hour, found[3]), stamp) + QUIET_LINE  # noqa: B023
        for one in moved.splitlines(keepends=True):
            yield one + noise * NOISE


def made(path: Path, parts: Callable[[], Iterator[bytes]]) -> None:
    """Write a log of SIZE bytes."""
    size = 0
    with path.open("wb") as out:
        for part in parts():
            size += out.write(part)
            if size >= SIZE:
                return


def explained(path: Path) -> tuple[float, float]:
    """How long the program took (s), and the most memory that it had (MB)."""
    began = time.monotonic()
    command = [sys.executable, "-m", "lab", "explain", str(path), "--out", str(path.with_suffix(".html"))]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    assert status == 0
    return time.monotonic() - began, usage.ru_maxrss / 1000


def main(rounds: int) -> None:
    with tempfile.TemporaryDirectory(prefix="seventh-tab-bench-") as scratch:
        for name, parts in (("NetLog", netlog), ("MOZ_LOG", mozlog)):
            path = Path(scratch) / name
            made(path, parts)
            took, memory = zip(*(explained(path) for _ in range(rounds)), strict=True)
            kept = max(took) <= PROMISED_S and max(memory) <= PROMISED_MB
            promised = f"promised: {PROMISED_S:.0f} s and {PROMISED_MB:.0f} MB, {'kept' if kept else 'NOT kept'}"
            click.echo(line(f"explain a {name} of {SIZE // 10**6} MB", list(took), "s"))
            click.echo(f"{line(f'memory for a {name} of {SIZE // 10**6} MB', list(memory), 'MB')}   {promised}")
            path.unlink()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1)
