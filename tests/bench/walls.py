"""The third part of `nox -s bench`: how long it takes to find a wall, and how long the lab's own runs take."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import click

from lab.browser.discover import find
from lab.browser.engines import ENGINES
from lab.browser.playwright.launch import playwright
from lab.judge import judge
from lab.measure.observe import observe
from lab.measure.origin import origin
from lab.model.cell import Cell
from lab.model.verdict import Kind
from lab.run import certs
from lab.scenario import catalogue
from tests.conftest import ROOT
from tests.tools.figures import line

WALLS = (
    ("the wall of HTTP/1.1, one page", Cell("walls", "chromium", "h1", "sse", 1200, opened="page"), None),
    ("the wall of HTTP/1.1, one page", Cell("walls", "firefox", "h1", "sse", 1200, opened="page"), None),
    ("1000 streams in one page", Cell("walls", "firefox", "h2", "sse", 1200, opened="page", streams=1000), 20.0),
)
RUNS = ((("--quick",), 90.0), ((), 480.0))


async def find_walls(rounds: int) -> None:
    scenario = catalogue.load(catalogue.home())["walls"]
    with certs.minted(*certs.NAMES) as leaf, tempfile.TemporaryDirectory(prefix="seventh-tab-bench-") as scratch:
        async with origin(leaf, Path(scratch)) as running, playwright() as tool:
            for what, cell, promised in WALLS:
                browser, tried = await find(tool, ENGINES[cell.engine], spki=certs.spki_hash(leaf), log_to=Path(scratch))
                assert browser is not None, tried
                took: list[float] = []
                for _ in range(rounds):
                    seen = await observe(scenario, cell, browser, running)
                    verdict = judge(seen)
                    assert verdict.kind in (Kind.CONFIRMED, Kind.REFUTED), verdict.why
                    took.append(seen.seconds)
                await browser.close()
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
    asyncio.run(find_walls(rounds))
    if runs:
        whole_runs()
