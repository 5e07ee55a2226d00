"""`nox -s bench`: what a cell costs, against simpler ways to open the same tabs; what the origin delivers, against other
servers (tests.bench.fanout); how long limits and runs take (tests.bench.limits), and a log of 500 MB (tests.bench.explain);
and how soon the report is there (tests.bench.report). Interleaved in one run, medians with spread.

(a) a bare Playwright loop opens only the tabs that can open, and nothing else;
(b) a hand-written ramp opens them until one runs into its navigation timeout of 3 s, its only idea of waiting.
(c) as (a), and then as many blank tabs as the cell makes besides (the waiting ones and the control tab): what its tabs cost.
The browser's start is in none of the figures; a fresh profile, and its closing, is in each.
"""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import click
from playwright.async_api import TimeoutError as NavigationTimeout

from lab.browser import Browser
from lab.browser.engines import ENGINES
from lab.judge import judge
from lab.measure.observe import observe
from lab.measure.origin import Origin, origin
from lab.model.cell import Cell
from lab.model.verdict import Kind
from lab.run import certs
from lab.scenario import catalogue
from tests.bench import explain, fanout, limits, report
from tests.tools.browsers import bare, launched
from tests.tools.figures import line

TABS, DOOR, NAVIGATION_MS = 12, "h1", 3000
PROMISED = 1.25
"""A cell may take this many times (c)."""


class Ways:
    """Ways to open twelve tabs over HTTP/1.1 in one engine. `openable` is what the cell itself has found."""

    def __init__(self, browser: Browser, running: Origin) -> None:
        self._lab = browser
        self._browser = bare(browser)
        self._any_certificate = not ENGINES[browser.engine].leaf_argument
        self._origin = running
        self._scenario = catalogue.load(catalogue.home())["seventh_tab"]
        self.openable = 0

    def _url(self, tab: int) -> str:
        return self._origin.url(DOOR, f"/tab?cell=bench&transport=sse&tab={tab}")

    async def cell(self) -> None:
        cell = Cell(scenario="bench", engine=self._lab.engine, protocol=DOOR, transport="sse", at_most=TABS)
        seen = await observe(self._scenario, cell, self._lab, self._origin)
        verdict = judge(seen)
        assert verdict.kind in (Kind.CONFIRMED, Kind.REFUTED), verdict.why
        assert seen.releases[0].arrived
        self.openable = verdict.live or 0

    async def bare(self, blank: int = 0) -> None:
        context = await self._browser.new_context(no_viewport=True, ignore_https_errors=self._any_certificate)
        for tab in range(1, self.openable + 1):
            page = await context.new_page()
            await page.goto(self._url(tab))
        for _ in range(blank):
            await context.new_page()
        await context.close()

    async def tabs(self) -> None:
        await self.bare(blank=TABS - self.openable + 1)

    async def ramp(self) -> None:
        context = await self._browser.new_context(no_viewport=True, ignore_https_errors=self._any_certificate)
        opened = 0
        for tab in range(1, TABS + 1):
            page = await context.new_page()
            try:
                await page.goto(self._url(tab), timeout=NAVIGATION_MS)
            except NavigationTimeout:
                break
            opened += 1
        assert opened == self.openable
        await context.close()


async def timed(way: Callable[[], Awaitable[None]]) -> float:
    began = time.monotonic()
    await way()
    return time.monotonic() - began


async def measure(engine: str, rounds: int) -> None:
    with certs.minted(*certs.NAMES) as leaf, tempfile.TemporaryDirectory(prefix="seventh-tab-bench-") as scratch:
        folder = Path(scratch)
        async with origin(leaf, folder) as running, launched(engine, leaf, folder) as browser:
            ways = Ways(browser, running)
            await ways.cell()
            await ways.bare()
            took: dict[str, list[float]] = {"cell": [], "bare": [], "ramp": [], "tabs": []}
            for _ in range(rounds):
                for name in took:
                    took[name].append(await timed(getattr(ways, name)))
    title = f"{ENGINES[engine].title} {browser.version}"
    click.echo(f"seventh_tab in {title}, {DOOR}, {TABS} tabs of which {ways.openable} open:")
    click.echo(line("the cell, with verdict and release proof", took["cell"], "s"))
    click.echo(line("(a) bare loop over the tabs that open", took["bare"], "s"))
    click.echo(line("(b) ramp with a 3 s navigation timeout", took["ramp"], "s"))
    click.echo(line("(c) the cell's tabs, without the cell", took["tabs"], "s"))
    ratios = {name: [one / other for one, other in zip(took["cell"], took[name], strict=True)] for name in took}
    for name, label in (("bare", "cell / (a)"), ("ramp", "cell / (b)"), ("tabs", "cell / (c)")):
        click.echo(line(label, ratios[name], "x"))
    kept = statistics.median(ratios["tabs"]) <= PROMISED
    click.echo(f"promised: at most {PROMISED:.2f} x (c): {'kept' if kept else 'NOT kept'}")


@click.command()
@click.option("--rounds", type=click.IntRange(1, 100), default=10, show_default=True)
@click.option("--runs/--no-runs", default=True, help="Also time the lab's own runs: a quarter of an hour.")
def main(rounds: int, runs: bool) -> None:
    """Print the benchmark."""
    for engine in ENGINES:
        asyncio.run(measure(engine, rounds))
    explain.main(max(1, rounds // 3))
    fanout.main(max(1, rounds // 2))
    limits.main(max(1, rounds // 2), runs)
    report.main(rounds)


if __name__ == "__main__":
    main()
