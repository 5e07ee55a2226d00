"""`nox -s picture`: docs/report.png, the top of the last run's report as a browser shows it."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import sync_playwright

from lab.browser.engines import ENGINES
from lab.browser.find import candidates

ROOT = Path(__file__).resolve().parent.parent


def main() -> None:
    with sync_playwright() as tool:
        *_, system = candidates(ENGINES["chromium"])
        browser = tool.chromium.launch(executable_path=system.path, channel=system.channel)
        page = browser.new_page(viewport={"width": 1100, "height": 1060})
        page.goto((ROOT / "reports" / "latest" / "index.html").as_uri())
        page.screenshot(path=ROOT / "docs" / "report.png")
        browser.close()


if __name__ == "__main__":
    main()
