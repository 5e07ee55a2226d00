"""The report as people meet it: a file, in a real browser that has no network; by keyboard, without a script, on a phone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright

from lab.browser.discover import candidates
from lab.browser.engines import ENGINES
from lab.model.verdict import KINDS
from lab.report.render import write_report
from lab.report.sections import sections
from lab.report.tables import LARGE, live_of_opened
from lab.results import file as results
from lab.results.file import Results
from lab.results.repeats import repeats
from tests.conftest import ROOT

SAMPLE = ROOT / "reports" / "sample" / "results.json.gz"
ROWS = """all => all.map(row => {
    const heads = [...row.closest("table").querySelectorAll("th")].map(one => one.textContent);
    const cells = Object.fromEntries([...row.cells].map((one, at) => [heads[at], one.textContent]));
    return [row.querySelector("a").hash.slice(1), cells];
})"""
OF_EACH = 2  # Groups of each section in the short report: axe looks at every element.


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as tool:
        *_, system = candidates(ENGINES["chromium"])
        yield (running := tool.chromium.launch(executable_path=system.path, channel=system.channel))
        running.close()


@pytest.fixture(scope="module")
def sample() -> Results:
    return results.read(SAMPLE)


@pytest.fixture(scope="module")
def short(sample: Results, tmp_path_factory: pytest.TempPathFactory) -> tuple[Results, Path]:
    """Some cells of each kind, and their report."""
    names = {one.first.cell.group for section in sections(sample) for one in section.groups[:OF_EACH]}
    some = results.read(SAMPLE)
    some.cells = [cell for cell in sample.cells if cell.cell.group in names]
    return some, write_report(some, tmp_path_factory.mktemp("report") / "index.html")


def opened(browser: Browser, path: Path, **how: object) -> tuple[Page, list[str]]:
    """The page, and whatever it asked for or complained of; without a network."""
    context = browser.new_context(offline=True, **how)  # type: ignore[arg-type]  # what a test asks for
    page, heard = context.new_page(), []
    page.on("request", lambda one: None if one.url.startswith("data:") else heard.append(one.url))
    page.on("console", lambda one: heard.append(one.text) if one.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: heard.append(str(error)))
    page.goto(path.as_uri())
    return page, heard


def test_it_asks_for_nothing_and_complains_of_nothing(browser: Browser, short: tuple[Results, Path]) -> None:
    page, heard = opened(browser, short[1])
    for summary in page.locator("summary").all():
        summary.evaluate("one => one.parentElement.open = true")
    page.locator("img").evaluate_all("all => Promise.all(all.map(one => one.decode()))")
    assert heard == [short[1].as_uri()]


def test_a_page_that_is_watched_fills_and_then_stays(browser: Browser, short: tuple[Results, Path], tmp_path: Path) -> None:
    run, path = short[0], tmp_path / "index.html"
    begun = msgspec.structs.replace(run, cells=[], finished=None)
    page, _ = opened(browser, write_report(begun, path, running=True))
    assert "Nothing was measured" in page.inner_text("main")
    write_report(run, path)
    page.locator(".matrix").wait_for()
    assert "went on" not in page.inner_text("main")
    assert page.locator("meta[http-equiv=refresh]").count() == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_axe_finds_nothing(browser: Browser, short: tuple[Results, Path], scheme: str, width: int) -> None:
    page, _ = opened(browser, short[1], color_scheme=scheme, viewport={"width": width, "height": 800})
    page.evaluate("for (const one of document.querySelectorAll('details')) one.open = true")
    found = Axe().run(page)
    assert [f"{one['id']}: {one['nodes'][0]['html']}" for one in found.response["violations"]] == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width, "nothing but tables and charts scrolls sideways"


def test_every_number_of_the_tables_is_in_the_results(browser: Browser, short: tuple[Results, Path]) -> None:
    """Row by row, column by column, by what the page itself calls them."""
    found, path = short
    page, _ = opened(browser, path)
    by_group = {one.first.cell.group: one for one in repeats(found)}
    chips = page.locator(".chip").evaluate_all("all => all.map(one => [one.hash.slice(1), one.textContent])")
    for name, text in chips:
        one = by_group[name]
        assert text.startswith(f"{live_of_opened(one)} "), name
        assert text.endswith(KINDS[one.verdict].label)
    assert chips
    rows = page.locator("section table tr[data-engine]").evaluate_all(ROWS)
    seen: set[str] = set()
    for name, cells in rows:
        one, run = by_group[name], by_group[name].shown
        told = {"live": one.live, "connections": one.connections, "verdict": KINDS[one.verdict].label}
        if run.delivery and run.delivery.latency_percentiles_ms:
            late = run.delivery.latency_percentiles_ms
            heads = {50: "median (ms)", 95: "95th percentile (ms)", 99: "99th percentile (ms)", 100: "slowest (ms)"}
            told |= {head: number(late[percent]) for percent, head in heads.items()}
            told |= {"requests a second": number(run.delivery.requests_per_second), "missed": str(run.delivery.missed)}
            told |= {"from the origin (bytes)": number(run.delivery.sent_bytes or 0.0)}
            if not run.delivery.browser.known:
                assert "-" not in cells.get("browser (CPU s)", "") and "±" not in cells.get("browser (CPU s)", "")
        if run.drops and "lost" in cells:
            told = {}
            assert int(cells["lost"]) in {sum(c.missed for c in drop.clients if c.live_ms is not None) for drop in run.drops}
            assert int(cells["repeated"]) in {sum(c.repeated for c in drop.clients) for drop in run.drops}
        sizes = {one.name: one for one in run.payloads}
        if sizes and "as" in cells:
            size = sizes[cells["as"]]
            told = {"on the wire (bytes)": str(size.sent_bytes), "survived (bytes)": str(size.survived_bytes)}
        checked = {head: text for head, text in told.items() if head in cells}
        assert {head: cells[head].removeprefix(f"{KINDS[one.verdict].glyph} ") for head in checked} == checked, name
        seen |= set(checked)
    assert seen >= {
        *("live", "connections", "verdict", "median (ms)", "99th percentile (ms)", "requests a second", "missed"),
        *("from the origin (bytes)", "on the wire (bytes)", "survived (bytes)"),
    }


def number(value: float) -> str:
    """As a table of such numbers has it."""
    return f"{value:.{0 if value >= LARGE else 1}f}"


def test_the_keyboard_reaches_a_cell_and_comes_back(browser: Browser, short: tuple[Results, Path]) -> None:
    page, _ = opened(browser, short[1])
    focused = "document.activeElement.className"
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate(focused) == "chip":
            break
    assert page.evaluate(focused) == "chip"
    name = page.evaluate("document.activeElement.hash.slice(1)")
    page.keyboard.press("Enter")
    assert page.evaluate("location.hash.slice(1)") == name
    cell = page.locator(f"[id='{name}']")
    assert cell.locator("details").first.evaluate("one => one.open")
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.getAttribute('href')") == "#matrix":
            break
    page.keyboard.press("Enter")
    assert page.evaluate("location.hash") == "#matrix"


def test_a_shared_link_opens_its_cell(browser: Browser, short: tuple[Results, Path]) -> None:
    name = short[0].cells[-1].cell.group
    page, _ = opened(browser, short[1])
    page.goto(f"{short[1].as_uri()}#{name}")
    assert page.locator(f"[id='{name}'] details").first.evaluate("one => one.open")


def test_filters_hide_what_is_not_wanted(browser: Browser, short: tuple[Results, Path]) -> None:
    page, _ = opened(browser, short[1])
    every = page.locator("article:visible").count()
    page.get_by_label("HTTP/2", exact=True).focus()
    page.keyboard.press("Space")
    assert page.locator("article[data-protocol=h2]:visible").count() == 0
    left = page.locator("article:visible").count()
    assert 0 < left < every
    assert page.locator("#shown").text_content() == f"{left} of {every} cells are shown."


def test_the_tables_can_be_copied(browser: Browser, short: tuple[Results, Path]) -> None:
    page, _ = opened(browser, short[1])
    copy = page.locator(".copy").first
    copy.locator("summary").click()
    copy.get_by_role("button").click()
    status = copy.get_by_role("status")
    status.filter(has_text="copied").or_(status.filter(has_text="selected")).wait_for()
    assert (copy.locator("pre").text_content() or "").startswith("| engine | protocol |")


def test_without_a_script_everything_is_there(browser: Browser, short: tuple[Results, Path]) -> None:
    page, _ = opened(browser, short[1], java_script_enabled=False)
    assert page.locator(".finding").first.is_visible()
    assert page.locator(".chart").count() > 0
    assert page.locator(".matrix").is_visible()
    assert not page.locator("#filters").is_visible()
    article = page.locator("article").last
    article.locator("summary").first.click()
    assert article.get_by_text("What is claimed").is_visible()


def test_the_whole_run_is_small_enough_to_send(sample: Results, tmp_path: Path) -> None:
    assert write_report(sample, tmp_path / "index.html").stat().st_size <= 3_000_000


@pytest.mark.parametrize("path", sorted((ROOT / "tests" / "report" / "older").glob("*.json")), ids=lambda path: path.stem)
def test_older_results_still_make_a_report(browser: Browser, path: Path, tmp_path: Path) -> None:
    page, heard = opened(browser, write_report(results.read(path), tmp_path / "index.html"))
    assert page.locator(".finding").count() > 0
    assert page.locator("article").count() > 0
    assert len(heard) == 1
