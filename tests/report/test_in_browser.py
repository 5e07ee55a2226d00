"""The report as people meet it: a file, in a real browser that has no network; by keyboard, without a script, on a phone."""

from __future__ import annotations

import re
import statistics
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from lab.model.verdict import KINDS
from lab.report.cells import MOST_OPEN
from lab.report.render import write_report
from lab.report.runs import render_runs
from lab.report.sections import CHAPTERS, sections
from lab.report.tables import LARGE
from lab.results import file as results
from lab.results.file import Results
from lab.results.repeats import Repeats, repeats
from tests.conftest import ROOT
from tests.report.test_tables import OTHERS
from tests.tools.browsers import plain_chromium

SAMPLE = ROOT / "reports" / "sample" / "results.json.gz"
ROWS = """all => all.map(row => {
    const heads = [...row.closest("table").querySelectorAll("thead th")].map(one => one.textContent);
    const cells = Object.fromEntries([...row.cells].map((one, at) => [heads[at], one.textContent]));
    return [row.dataset.group, cells];
})"""
OPEN_ALL = """() => {
    for (const one of document.querySelectorAll("details")) { one.removeAttribute("name"); one.open = true; }
}"""
ALL_FILLED = "!document.querySelector('details[open] > noscript')"
SCREENS = "document.documentElement.scrollHeight / innerHeight"
OF_EACH = 2  # Groups of each section in the short report: axe looks at every element.
PAGES = ("same-origin", "cross-origin")
IN_WORDS = {"passed": "gets through", "waited": "waits", "failed": "fails"}
WIDE, NARROW = {"width": 1400, "height": 1000}, {"width": 390, "height": 844}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with plain_chromium() as running:
        yield running


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


@pytest.fixture(scope="module")
def whole(sample: Results, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of the whole sample."""
    return write_report(sample, tmp_path_factory.mktemp("whole") / "index.html")


def opened(browser: Browser, path: Path, **how: object) -> tuple[Page, list[str]]:
    """The page, and whatever it asked for or complained of; without a network."""
    context = browser.new_context(offline=True, **how)  # type: ignore[arg-type]  # what a test asks for
    page, heard = context.new_page(), []
    page.on("request", lambda one: None if one.url.startswith("data:") else heard.append(one.url))
    page.on("console", lambda one: heard.append(one.text) if one.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: heard.append(str(error)))
    page.goto(path.as_uri())
    return page, heard


def open_all(page: Page) -> None:
    """Open every cell at once, and wait until all are filled."""
    page.evaluate(OPEN_ALL)
    page.wait_for_function(ALL_FILLED)


def test_it_asks_for_nothing_and_complains_of_nothing(browser: Browser, short: tuple[Results, Path]) -> None:
    page, heard = opened(browser, short[1])
    open_all(page)
    page.locator("img").evaluate_all("all => Promise.all(all.map(one => one.decode()))")
    assert heard == [short[1].as_uri()]


def test_a_page_that_is_watched_fills_and_then_stays(browser: Browser, short: tuple[Results, Path], tmp_path: Path) -> None:
    run, path = short[0], tmp_path / "index.html"
    begun = msgspec.structs.replace(run, cells=[], finished=None)
    page, _ = opened(browser, write_report(begun, path, running=True))
    assert "Nothing was measured" in page.inner_text("main")
    write_report(run, path)
    page.locator("#cells").wait_for()
    assert "went on" not in page.inner_text("main")
    assert page.locator("meta[http-equiv=refresh]").count() == 0


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
def test_the_first_screen_is_the_argument(browser: Browser, sample: Results, whole: Path, size: dict[str, int]) -> None:
    """The sentence, each browser's tabs over both protocols, and what to do: before anybody scrolls, and without a script."""
    page, _ = opened(browser, whole, viewport=size, java_script_enabled=False)
    strips = [run for run in sample.cells if run.cell.scenario == "seventh_tab"]
    assert page.locator(".card").count() == len({run.cell.engine for run in strips})
    assert page.locator(".strip").count() == len(strips)
    for run in strips:
        strip = page.locator(".strip", has=page.locator(f"a[href='#{run.cell.group}']"))
        live = [client for client in run.clients if client.live]
        assert strip.locator(".live img").count() == len(live) == run.verdict.live
        assert strip.locator(".waits img").count() == run.opened - len(live)
        assert all(strip.locator("img").evaluate_all("all => all.map(one => one.alt.startsWith('Tab '))"))
        assert strip.locator(".sum a").text_content() in (
            f"{len(live)} of {run.opened} tabs live",
            f"All {run.opened} tabs live",
        )
    for what in ("h1", ".card >> nth=-1", ".tiles li >> nth=-1", ".do > section >> nth=0"):
        box = page.locator(what).bounding_box()
        assert box
        assert box["y"] + box["height"] <= size["height"], what


@pytest.mark.parametrize(("size", "most"), [(WIDE, 11), (NARROW, 26)], ids=["wide", "narrow"])
def test_a_closed_report_is_short(browser: Browser, whole: Path, size: dict[str, int], most: int) -> None:
    page, _ = opened(browser, whole, viewport=size)
    assert page.evaluate(SCREENS) <= most


def test_with_its_index_open_a_default_run_is_short_too(browser: Browser, sample: Results, tmp_path: Path) -> None:
    """A run of fewer cells lists them at once: as many as fit are kept of each question."""
    some = results.read(SAMPLE)
    names = [one.first.cell.group for section in sections(sample) for one in section.groups[: MOST_OPEN // 9]]
    some.cells = [cell for cell in sample.cells if cell.cell.group in names]
    path = write_report(some, tmp_path / "index.html")
    for size, most in ((WIDE, 11), (NARROW, 26)):
        page, _ = opened(browser, path, viewport=size)
        assert page.locator(".group[open]").count() == page.locator(".group").count() > 0
        assert page.evaluate(SCREENS) <= most


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_axe_finds_nothing(browser: Browser, short: tuple[Results, Path], scheme: str, width: int) -> None:
    page, _ = opened(browser, short[1], color_scheme=scheme, viewport={"width": width, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= width, "nothing but tables and charts scrolls sideways"
    open_all(page)
    found = Axe().run(page)
    assert [f"{one['id']}: {one['nodes'][0]['html']}" for one in found.response["violations"]] == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width, "nothing but tables and charts scrolls sideways"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_where_runs_stand_side_by_side(
    browser: Browser, short: tuple[Results, Path], scheme: str, tmp_path: Path
) -> None:
    path = tmp_path / "runs.html"
    path.write_text(render_runs([short[0], short[0], results.read(ROOT / "tests" / "report" / "older" / "schema-3.json")]))
    page, heard = opened(browser, path, color_scheme=scheme, viewport={"width": 360, "height": 800})
    open_all(page)
    found = Axe().run(page)
    assert [f"{one['id']}: {one['nodes'][0]['html']}" for one in found.response["violations"]] == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    assert heard == [path.as_uri()]


def test_paper_is_enough_for_it(browser: Browser, whole: Path) -> None:
    """A4 (210 by 297 mm at 96 dots an inch, with margins of 10 mm): nothing is cut off at the side, and it is no book."""
    page, _ = opened(browser, whole, viewport={"width": 718, "height": 1047})
    page.emulate_media(media="print")
    assert page.evaluate("document.documentElement.scrollWidth") <= 718
    assert not page.locator("#filters").is_visible()
    assert page.locator(".slide").evaluate_all("all => all.every(one => one.offsetWidth <= 718)")
    margin = "10mm"
    paper = page.pdf(format="A4", margin={"top": margin, "bottom": margin, "left": margin, "right": margin})
    assert 2 <= len(re.findall(rb"/Type\s*/Page\b", paper)) <= 14


def test_every_number_of_the_answers_is_in_the_results(browser: Browser, short: tuple[Results, Path]) -> None:
    """Each value of a table with browsers side by side is a link to its cell, and that cell has the value."""
    found, path = short
    page, _ = opened(browser, path)
    by_group = {one.first.cell.group: one for one in repeats(found)}
    links = page.locator(".answer .slide td a").evaluate_all(
        "all => all.map(one => [one.closest('section').id, one.hash.slice(1), one.textContent])"
    )
    assert {question for question, _, _ in links} == set(CHAPTERS) - OTHERS
    for question, name, text in links:
        assert text in told(question, by_group[name]), name


def told(question: str, one: Repeats) -> set[str]:
    """What the answer to a question may say of a cell."""
    run, verdict = one.shown, one.shown.verdict
    counts = {one.live, f"{one.live} of {run.opened}", f"all {verdict.live}" if verdict.live == run.opened else ""}
    match question:
        case "pools":
            return {one.answer}
        case "starvation":
            pages = [{probe.kind: IN_WORDS[probe.outcome] for probe in run.probes if probe.page == page} for page in PAGES]
            return {words for page in pages for words in page.values()} | {
                f"{here}; {pages[1][kind]} cross-origin" for kind, here in pages[0].items()
            }
        case "delivery":
            return counts | ({f"{run.delivery.latency_percentiles_ms[50]:.0f}"} if run.delivery else set())
        case "drops":
            back = [[c.live_ms - drop.dropped_ms for c in drop.clients if c.live_ms is not None] for drop in run.drops]
            return {f"{statistics.median(each):.0f}" for each in back if each} | {"none came back"}
        case "payloads":
            right = sum(each.right for each in run.payloads)
            wrong = "; ".join(each.name for each in run.payloads if not each.right) or "none"
            more = [100 * (each.sent_bytes / each.content_bytes - 1) for each in run.payloads if each.content_bytes]
            return {f"{right} of {len(run.payloads)}", f"all {right}", wrong, *(f"{each:.1f}" for each in more)}
    return counts


def test_every_number_of_the_tables_is_in_the_results(browser: Browser, short: tuple[Results, Path]) -> None:
    """Row by row, column by column, by what the page itself calls them."""
    found, path = short
    page, _ = opened(browser, path)
    by_group = {one.first.cell.group: one for one in repeats(found)}
    rows = page.locator("section table tr[data-group]").evaluate_all(ROWS)
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
    focused = "document.activeElement.parentElement.className"
    page.keyboard.press("Tab")
    for _ in range(200):
        if page.evaluate(focused) == "cell":
            break
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    cell = page.locator(".cell[open]")
    assert cell.count() == 1
    assert cell.get_by_text("What is claimed").is_visible()
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.getAttribute('href')") == "#cells":
            break
    page.keyboard.press("Enter")
    assert page.evaluate("location.hash") == "#cells"


def test_a_link_opens_its_cell_and_no_other(browser: Browser, whole: Path, sample: Results) -> None:
    """In a long run the groups of the index are closed; what is shared as a link, or clicked in a table, opens."""
    first, last = sample.cells[0].cell.group, sample.cells[-1].cell.group
    page, _ = opened(browser, whole)
    assert page.locator("details[open]").count() == 0
    page.goto(f"{whole.as_uri()}#{last}")
    assert page.locator(f"[id='{last}'][open]").get_by_text("What is claimed").is_visible()
    page.evaluate("name => { location.hash = name }", first)
    page.locator(f"[id='{first}'][open]").wait_for()
    assert page.locator(".cell[open]").count() == 1
    assert page.locator(f"[id='{first}']").evaluate("one => one.getBoundingClientRect().top") < 100


def test_the_index_is_filtered_and_searched_and_sorted(browser: Browser, short: tuple[Results, Path]) -> None:
    page, _ = opened(browser, short[1])
    every = page.locator(".cell:visible").count()
    page.locator("select[name=protocol]").select_option("HTTP/2")
    left = page.locator(".cell:visible").count()
    assert 0 < left < every
    assert page.locator(".cell:visible:not([data-protocol=h2])").count() == 0
    assert page.locator("#shown").text_content() == f"{left} of {every} cells are shown."
    page.get_by_role("searchbox").fill("firefox websocket")
    assert page.locator(".cell:visible").count() < left
    assert page.locator(".cell:visible:not([data-engine=firefox])").count() == 0
    page.get_by_role("searchbox").fill("")
    page.locator("select[name=protocol]").select_option("all")
    page.locator("select[name=sort]").select_option("by clients live, most first")
    numbers = [int(one) for one in page.locator(".cell:visible").evaluate_all("all => all.map(one => one.dataset.number)")]
    assert len(numbers) == every
    assert numbers == sorted(numbers, reverse=True)
    assert page.locator(".group:visible").count() == 0
    page.locator("select[name=sort]").select_option("by question")
    assert page.locator(".group:visible .cell:visible").count() == every


def test_the_tables_can_be_copied(browser: Browser, short: tuple[Results, Path]) -> None:
    page, _ = opened(browser, short[1])
    page.locator(".detail").first.locator("summary").first.click()
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
    assert not page.locator("#filters").is_visible()
    assert page.locator(".cell[open]").count() == 0
    for cell in (page.locator(".cell").first, page.locator(".cell").last):
        cell.locator("summary").first.click()
        cell.locator(".body h4").first.wait_for()
        assert "What is claimed" in cell.locator(".body").inner_text()
    assert page.locator(".cell[open]").count() == 1, "one at a time, even so"


def test_the_whole_run_is_small_enough_to_send(whole: Path) -> None:
    assert whole.stat().st_size <= 2_000_000


@pytest.mark.parametrize("path", sorted((ROOT / "tests" / "report" / "older").glob("*.json")), ids=lambda path: path.stem)
def test_older_results_still_make_a_report(browser: Browser, path: Path, tmp_path: Path) -> None:
    page, heard = opened(browser, write_report(results.read(path), tmp_path / "index.html"))
    assert page.locator(".finding").count() > 0
    assert page.locator(".cell").count() > 0
    assert len(heard) == 1
