"""The fourth part of `nox -s bench`: how long the sample's report takes to make, and until it is there in a browser."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

import click
from playwright.sync_api import Browser, ViewportSize

from lab.report.render import write_report
from lab.results import file
from tests.conftest import ROOT
from tests.tools.browsers import plain_chromium
from tests.tools.figures import line

SAMPLE = ROOT / "reports" / "sample" / "results.json.gz"
PROMISED_MS = 300.0
LOADED = "performance.getEntriesByType('navigation')[0].domContentLoadedEventStart"
SIZES: tuple[ViewportSize, ...] = ({"width": 1400, "height": 1000}, {"width": 390, "height": 844})


def main(rounds: int) -> None:
    """Print how long the page takes to make, and DOMContentLoaded in a wide and in a narrow window."""
    with tempfile.TemporaryDirectory(prefix="seventh-tab-bench-") as scratch:
        found, path, took = file.read(SAMPLE), Path(scratch) / "index.html", []
        for _ in range(rounds):
            began = time.perf_counter()
            write_report(found, path)
            took.append((time.perf_counter() - began) * 1000)
        click.echo(line(f"the sample's report, made ({path.stat().st_size / 1e6:.2f} MB)", took, "ms"))
        with plain_chromium() as browser:
            for size in SIZES:
                loaded = [loaded_ms(browser, path, size) for _ in range(rounds)]
                kept = "kept" if max(loaded) < PROMISED_MS else "NOT kept"
                told = line(f"its DOMContentLoaded at {size['width']} px", loaded, "ms")
                click.echo(f"{told}   promised: below {PROMISED_MS:.0f} ms, {kept}")


def loaded_ms(browser: Browser, path: Path, size: ViewportSize) -> float:
    """The moment of DOMContentLoaded, in ms since the navigation began, in a fresh context."""
    context = browser.new_context(viewport=size, offline=True)
    page = context.new_page()
    page.goto(path.as_uri())
    loaded: float = page.evaluate(LOADED)
    context.close()
    return loaded
