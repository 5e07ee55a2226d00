"""The third part of `nox -s bench`: how long it takes to find a limit, and how long the lab's own runs take."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import click

from lab.judge import judge
from lab.measure.observe import observe
from lab.measure.origin import origin
from lab.model.cell import STREAMS, Cell
from lab.model.verdict import Kind
from lab.run import certs
from lab.scenario import catalogue
from tests.conftest import ROOT
from tests.tools.browsers import launched
from tests.tools.figures import line


def in_a_page(engine: str, protocol: str, streams: int = STREAMS) -> Cell:
    return Cell(
        scenario="limits", engine=engine, protocol=protocol, transport="sse", opening="page", at_most=1200, streams=streams
    )


LIMITS = (
    ("the limit of HTTP/1.1, one page", in_a_page("chromium", "h1"), None),
    ("the limit of HTTP/1.1, one page", in_a_page("firefox", "h1"), None),
    ("1000 streams in one page", in_a_page("firefox", "h2", streams=1000), 8.0),
)
RUNS = ((("--quick",), 90.0), ((), 480.0))


async def find_limits(rounds: int) -> None:
    scenario = catalogue.load(catalogue.home())["limits"]
    with certs.minted(*certs.NAMES) as leaf, tempfile.TemporaryDirectory(prefix="seventh-tab-bench-") as scratch:
        async with origin(leaf, Path(scratch)) as running:
            for what, cell, promised in LIMITS:
                took: list[float] = []
                async with launched(cell.engine, leaf, Path(scratch)) as browser:
                    for _ in range(rounds):
                        seen = await observe(scenario, cell, browser, running)
                        verdict = judge(seen)
                        assert verdict.kind in (Kind.CONFIRMED, Kind.REFUTED), verdict.why
                        took.append(seen.seconds)
                click.echo(line(f"{what}, {cell.engine}: {verdict.live} live", took, "s") + kept(max(took), promised))


def whole_runs() -> None:
    """Once each: they take minutes."""
    for options, promised in RUNS:
        with tempfile.TemporaryDirectory(prefix="seventh-tab-bench-") as scratch:
            began = time.monotonic()
            command = [sys.executable, "-m", "lab", "run", "--out", scratch, *options]
            subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            took = time.monotonic() - began
        click.echo(line(" ".join(("run", *options)), [took], "s") + kept(took, promised))


def kept(took: float, promised: float | None) -> str:
    if promised is None:
        return ""
    return f"   promised: {promised:.0f} s, {'kept' if took <= promised else 'NOT kept'}"


def main(rounds: int, runs: bool) -> None:
    asyncio.run(find_limits(rounds))
    if runs:
        whole_runs()
