"""Hundreds of tabs on one HTTP/2 connection in one Chromium, the origin's limit raised: how many live, and what a tab costs,
against bare Playwright that opens the same tabs in the same browser."""

from __future__ import annotations

import asyncio
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
import msgspec

from lab.browser import Browser
from lab.judge import judge
from lab.measure.observe import observe
from lab.measure.origin import Origin, origin
from lab.measure.usage import usage
from lab.model.cell import Cell
from lab.model.verdict import Verdict
from lab.run import certs
from lab.scenario import catalogue
from tests.tools.browsers import bare, launched

DOOR, SPARE = "h2", 60
LOOK_S = 1.0
MIB = 1024 * 1024


class Cost(msgspec.Struct):
    """Seconds to open all tabs, one after the other; bytes of the browser's processes before, and at most."""

    seconds: float = 0.0
    before: int = 0
    most: int = 0

    def told(self, who: str, tabs: int) -> str:
        each = (self.most - self.before) / tabs / MIB
        return f"  {who}: {1000 * self.seconds / tabs:.0f} ms and {each:.1f} MiB a tab ({self.most / MIB:.0f} MiB in all)"


@contextmanager
def watched(browser: Browser) -> Iterator[Cost]:
    cost, over = Cost(before=usage(browser.roots or ()).memory_bytes), threading.Event()

    def look() -> None:
        while not over.wait(LOOK_S):
            cost.most = max(cost.most, usage(browser.roots or ()).memory_bytes)

    looking = threading.Thread(target=look)
    looking.start()
    try:
        yield cost
    finally:
        over.set()
        looking.join()


async def by_the_lab(browser: Browser, running: Origin, tabs: int) -> tuple[Cost, Verdict]:
    """A whole cell of seventh_tab; its time is from the first tab's begin to the verdict's moment."""
    cell = Cell(scenario="soak", engine="chromium", protocol=DOOR, transport="sse", at_most=tabs, streams=tabs + SPARE)
    with watched(browser) as cost:
        seen = await observe(catalogue.load(catalogue.home())["seventh_tab"], cell, browser, running)
    begun = [client.begun_ms for client in seen.clients if client.begun_ms is not None]
    if begun and seen.settled_ms:
        cost.seconds = (seen.settled_ms - min(begun)) / 1000
    return cost, judge(seen)


async def without_the_lab(browser: Browser, running: Origin, tabs: int) -> Cost:
    await running.begin("bare", tabs + SPARE)
    with watched(browser) as cost:
        began = time.monotonic()
        context = await bare(browser).new_context(no_viewport=True)
        for tab in range(1, tabs + 1):
            page = await context.new_page()
            await page.goto(running.url(DOOR, f"/tab?cell=bare&transport=sse&tab={tab}"))
            await page.evaluate("lab.decided()")
        cost.seconds = time.monotonic() - began
        await asyncio.sleep(2 * LOOK_S)
        await context.close()
    return cost


async def soaked(tabs: int) -> bool:
    """Print the figures; whether all were live."""
    with certs.minted(*certs.NAMES) as leaf, tempfile.TemporaryDirectory(prefix="7tab-") as scratch:
        async with origin(leaf, Path(scratch)) as running:
            async with launched("chromium", leaf, Path(scratch)) as browser:
                cost, verdict = await by_the_lab(browser, running, tabs)
            async with launched("chromium", leaf, Path(scratch)) as another:  # Nothing that one leaves behind is the other's.
                other = await without_the_lab(another, running, tabs)
    click.echo(
        f"{tabs} tabs, {DOOR}, Chromium {browser.version}, {tabs + SPARE} streams allowed: {verdict.live} live on "
        f"{verdict.connections} connection(s), {verdict.kind}. {verdict.why}"
    )
    click.echo(cost.told("the lab, with its verdict", tabs))
    click.echo(other.told("bare Playwright", tabs))
    return verdict.live == tabs


@click.command()
@click.option("--tabs", type=click.IntRange(2), default=240, show_default=True)
def main(tabs: int) -> None:
    """Open so many tabs; exit 1 when not all were live."""
    raise SystemExit(0 if asyncio.run(soaked(tabs)) else 1)


if __name__ == "__main__":
    main()
