"""The page of an explanation: a file that needs no network and no script, whatever the log says."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, sync_playwright

from lab.browser.discover import candidates
from lab.browser.engines import ENGINES
from lab.probe.explain import explain
from lab.probe.explain.drawing import LEFT, MOST_ROWS, RIGHT, WIDTH, timeline
from lab.probe.explain.page import render
from lab.probe.explain.tables import MOST_WAITS, waits_table
from tests.probe.explain.made import END, NetLog, two_of_three
from tests.probe.explain.recording import FOLDER, LOGS


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as tool:
        *_, system = candidates(ENGINES["chromium"])
        yield (running := tool.chromium.launch(executable_path=system.path, channel=system.channel))
        running.close()


def crowd(count: int) -> NetLog:
    """One request holds the only connection, and `count` wait for it, one after the other."""
    log = NetLog()
    log.enters(0, 1, "https://a.test/events")
    log.gets(0, 1, 501)
    for number in range(2, count + 2):
        log.enters(number, number, f"https://a.test/{number}")
        log.stalls(number, number)
    log.event(100_000, "SOCKET_ALIVE", 999, END)
    return log


def test_it_has_no_script_and_lets_nothing_in() -> None:
    page = render(explain(FOLDER / "chromium-h1.netlog.json"))
    assert "<script" not in page
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', page)
    assert policy
    assert policy[1].startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policy[1]


def test_what_a_log_says_is_text(tmp_path: Path) -> None:
    (tmp_path / "log").write_text(two_of_three().text().replace("a.test/page", "a.test/<script>alert(1)</script>&quot;"))
    page = render(explain(tmp_path / "log"))
    assert "<script" not in page
    assert "&lt;script&gt;alert(1)" in page


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_and_nothing_is_asked(browser: Browser, scheme: str, tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    path.write_text(render(explain(FOLDER / "firefox-h1.moz_log")))
    context = browser.new_context(offline=True, color_scheme=scheme, viewport={"width": 360, "height": 800})  # type: ignore[arg-type]
    page, heard = context.new_page(), []
    page.on("request", lambda one: None if one.url.startswith("data:") else heard.append(one.url))
    page.on("console", lambda one: heard.append(one.text))
    page.goto(path.as_uri())
    assert heard == [path.as_uri()]
    assert page.evaluate("document.documentElement.scrollWidth") <= 360, "only tables and drawings scroll sideways"
    assert [f"{one['id']}: {one['nodes'][0]['html']}" for one in Axe().run(page).response["violations"]] == []


@pytest.mark.parametrize("name", LOGS)
def test_every_bar_is_in_the_drawing_and_as_long_as_it_lasted(name: str) -> None:
    one = explain(FOLDER / name)
    view = timeline(one.queues[0], one)
    assert all(bar.x >= LEFT and bar.x + bar.width <= WIDTH - RIGHT + 2 and bar.y + 20 <= view.height for bar in view.bars)
    dashed = [bar.width for bar in view.bars if bar.kind == "waiting"]
    lengths = [each.ms for each in one.queues[0].waits]
    assert [round(width) for width in dashed] == [
        pytest.approx(max(2, dashed[0] * length / lengths[0]), abs=2) for length in lengths
    ]
    assert view.releases


def test_a_crowd_is_cut_down_and_says_so(tmp_path: Path) -> None:
    one = crowd(500).explained(tmp_path)
    view = timeline(one.queues[0], one)
    assert sum(bar.kind == "waiting" for bar in view.bars) == MOST_ROWS
    assert f"{500 - MOST_ROWS} more waited" in [label for _, label in view.names]
    table = waits_table(one.queues[0], one)
    assert (table.title, len(table.rows)) == (f"The {MOST_WAITS} longest of 500 waits", MOST_WAITS)
    assert len(render(one)) < 200_000
