"""The pytest plugin again and again, on a quiet machine and on a busy one: how often is the answer another?"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import nullcontext

import click

from tests.conftest import ROOT
from tests.probe import apps
from tests.probe.serving import serving
from tests.tools.busy import busy_cores

TABS = 4
QUIET, BUSY = MACHINES = ("quiet", "busy")
"""What else the machine does: nothing, or an endless loop on each of two cores."""
EXPECTED = (1, "confirmed", 3)
"""Of an app with three streams a tab over plain HTTP: exit code, verdict and tab, in every browser."""


def probed(url: str, engine: str) -> tuple[int, str, int | None]:
    """One probe, as the plugin runs it."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "lab", "probe", url, "--engine", engine, "--tabs", str(TABS)]
        ended = subprocess.run(
            [*command, "--expect-tabs", str(TABS), "--watch", "1", "--json", "--out", folder],
            cwd=ROOT, check=False, capture_output=True, text=True,
        )  # fmt: skip
    if not ended.stdout:
        return ended.returncode, ended.stderr, None
    one = json.loads(ended.stdout)["engines"][0]
    return ended.returncode, one["verdict"], one["verified_tab"]


def soaked(runs: int, machines: tuple[str, ...]) -> bool:
    """Print a row for each machine and browser; whether every probe gave the expected answer."""
    click.echo("| machine | browser | probes | as expected | others | seconds a probe, median |\n|--|--|--:|--:|--|--|")
    well = True
    with serving(apps.streams_a_tab(3)) as server:
        for machine in machines:
            with busy_cores() if machine == BUSY else nullcontext():
                for engine in ("chromium", "firefox"):
                    found: Counter[tuple[int, str, int | None]] = Counter()
                    seconds = []
                    for _ in range(runs):
                        began = time.monotonic()
                        found[probed(server.url(), engine)] += 1
                        seconds.append(time.monotonic() - began)
                    others = ", ".join(f"{one}: {times}×" for one, times in found.items() if one != EXPECTED) or "none"
                    middle = f"{statistics.median(seconds):.1f} ({min(seconds):.1f} to {max(seconds):.1f})"
                    click.echo(f"| {machine} | {engine} | {runs} | {found[EXPECTED]} | {others} | {middle} |")
                    well = well and found[EXPECTED] == runs
    return well


@click.command()
@click.option("--runs", default=50, show_default=True, type=click.IntRange(1), help="In each browser, on each machine.")
@click.option("--machine", "machines", multiple=True, type=click.Choice(MACHINES), default=MACHINES, show_default=True)
def main(runs: int, machines: tuple[str, ...]) -> None:
    """Exit 1 when a probe gave another answer."""
    raise SystemExit(0 if soaked(runs, machines) else 1)


if __name__ == "__main__":
    main()
