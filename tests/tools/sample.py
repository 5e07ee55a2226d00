"""`nox -s sample`: one real default run, kept in reports/sample/, and docs/report.png, the top of its report in a browser.

Its options go to `seventh-tab run`. What is kept is results.json and the report; the raw logs are hundreds of megabytes.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import msgspec
from playwright.sync_api import sync_playwright

from lab.browser.discover import candidates
from lab.browser.engines import ENGINES
from lab.report.render import write_report
from lab.results import file as results

ROOT = Path(__file__).resolve().parent.parent
SAMPLE = ROOT / "reports" / "sample"
NAMED = (0, 4)  # Of `run`, what is no failure here: measured, or a harness fault that the report tells of.


def measure(options: list[str]) -> None:
    with tempfile.TemporaryDirectory(prefix="seventh-tab-sample-") as scratch:
        ended = subprocess.run([sys.executable, "-m", "lab", "run", "--out", scratch, *options], cwd=ROOT, check=False)
        if ended.returncode not in NAMED:
            sys.exit(ended.returncode)
        found = results.read(Path(scratch) / "latest" / "results.json")
    SAMPLE.mkdir(exist_ok=True)
    (SAMPLE / "results.json").write_bytes(of_no_machine(msgspec.json.encode(found)) + b"\n")


def of_no_machine(text: bytes) -> bytes:
    """Without the paths of whoever made it: the python that ran, the checkout, the home."""
    for path, instead in ((sys.executable, "python3"), (str(ROOT), "."), (str(Path.home()), "~")):
        text = text.replace(path.encode(), instead.encode())
    return text


def picture(report: Path) -> None:
    with sync_playwright() as tool:
        *_, system = candidates(ENGINES["chromium"])
        browser = tool.chromium.launch(executable_path=system.path, channel=system.channel)
        page = browser.new_page(viewport={"width": 1100, "height": 1060})
        page.goto(report.as_uri())
        page.screenshot(path=ROOT / "docs" / "report.png")
        browser.close()


if __name__ == "__main__":
    measure(sys.argv[1:])
    picture(write_report(results.read(SAMPLE / "results.json"), SAMPLE / "index.html"))
