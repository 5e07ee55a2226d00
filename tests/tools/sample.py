"""`nox -s sample`: one real thorough run, kept in reports/sample/; docs/report.png, the first screen of its report, which is
also the picture of README.md and of a link to the project; and the findings of docs/ and README.md, made from it.

Its options go to `seventh-tab run`; `--from RUN` keeps a run that is there already instead (the sample's own results.json.gz,
to renew only what is made from it). The results, gzipped, and the report are kept, in a form that is small enough for a
repository; the observations and logs are not.
"""

from __future__ import annotations

import gzip
import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import click
import msgspec

from lab import paths
from lab.model.verdict import Kind
from lab.report.render import write_report
from lab.results import file as results
from lab.results.file import CellResult, Results
from lab.results.repeats import repeats
from tests.tools.browsers import plain_chromium

ROOT = Path(__file__).resolve().parents[2]
SAMPLE = ROOT / "reports" / "sample"
RESULTS = SAMPLE / "results.json.gz"
FINDINGS = "tests.tools.findings"
NO_FAILURE = (0, 4)
"""Exit codes of `run` that leave a whole run: all was measured, or some cells are harness faults, which the report tells of."""

PICTURED = "seventh_tab"
"""The scenario whose screenshots are kept: those of the others look the same."""

LARGE = 100
"""A cell with more connections or streams than this keeps none of them: they would be most of the file."""

MOST_BYTES = 3_000_000

WIDTH = 1200
PICTURE = ROOT / "docs" / "report.png"

PYTHON = re.compile(rb"""/[^"'\s]*/bin/python[0-9.]*""")
"""The absolute path of a Python."""


def kept_from(run: Path) -> Results:
    """Keep the results of a run that is there: its folder, or its file of results."""
    found = results.read(run / paths.RESULTS if run.is_dir() else run)
    SAMPLE.mkdir(exist_ok=True)
    RESULTS.write_bytes(gzip.compress(of_no_machine(results.encode(smaller(found))), mtime=0))
    return results.read(RESULTS)


def measure(options: list[str]) -> Results:
    """Make the run, and keep its results."""
    with tempfile.TemporaryDirectory(prefix="seventh-tab-sample-") as scratch:
        ended = subprocess.run(
            [sys.executable, "-m", "lab", "run", "--thorough", "--out", scratch, *options], cwd=ROOT, check=False
        )
        if ended.returncode not in NO_FAILURE:
            sys.exit(ended.returncode)
        return kept_from(Path(scratch) / "latest")


def smaller(found: Results) -> Results:
    """The same run, every cell with its verdict and figures: of repeats only the one that the report shows keeps its evidence,
    screenshots are those of one scenario, and very many connections are left out."""
    shown = {one.shown.name for one in repeats(found)}
    found.cells = [lighter(cell) if cell.name in shown else bare(cell) for cell in found.cells]
    return found


def bare(cell: CellResult) -> CellResult:
    """Without the evidence: another repeat of the same cell has it."""
    return msgspec.structs.replace(cell, clients=(), rows=(), releases=(), lines=(), screenshots=())


def lighter(cell: CellResult) -> CellResult:
    """Without what would be most of the file."""
    if cell.cell.scenario != PICTURED:
        cell = msgspec.structs.replace(cell, screenshots=())
    if max(len(cell.rows), sum(len(row.streams) for row in cell.rows)) > LARGE:
        cell = msgspec.structs.replace(cell, rows=())
    return cell


def of_no_machine(text: bytes) -> bytes:
    """Without the paths of whoever made it: the python that ran, the checkout, the home."""
    text = PYTHON.sub(b"python3", text)
    for path, instead in ((str(ROOT), "."), (str(Path.home()), "~")):
        text = text.replace(path.encode(), instead.encode())
    return text


def picture(report: Path) -> None:
    """Take docs/report.png: the first screen, up to its links. It is as wide as previews of links are shown (1200 px)."""
    with plain_chromium() as browser:
        page = browser.new_page(viewport={"width": WIDTH, "height": 900}, color_scheme="light")
        page.goto(report.as_uri())
        end = page.locator("nav").evaluate("one => one.getBoundingClientRect().top")
        page.screenshot(path=PICTURE, clip={"x": 0, "y": 0, "width": WIDTH, "height": end})


def told(found: Results, files: Sequence[Path]) -> None:
    """Print what was kept: how large it is, and which cells are faults."""
    for path in files:
        click.echo(f"{path.relative_to(ROOT)}: {path.stat().st_size / 1e6:.2f} MB")
    total = sum(path.stat().st_size for path in files)
    click.echo(f"in all {total / 1e6:.2f} MB of {MOST_BYTES / 1e6:.0f} MB: {'kept' if total <= MOST_BYTES else 'NOT kept'}")
    faults = [cell.name for cell in found.cells if cell.verdict.kind is Kind.HARNESS_FAULT]
    click.echo(f"{len(found.cells)} cells, {len(faults)} of them faults: {', '.join(faults)}".rstrip(": "))


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["--from", run]:
            kept = kept_from(Path(run))
        case options:
            kept = measure(options)
    page = write_report(kept, SAMPLE / paths.REPORT)
    picture(page)
    subprocess.run([sys.executable, "-m", FINDINGS], cwd=ROOT, check=True)
    told(kept, [RESULTS, page])
