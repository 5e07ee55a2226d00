"""The probe in real browsers: for each app the right tab, the right kind of hang, the right cause."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from lab.browser.engines import ENGINES
from lab.errors import UsageError
from lab.model.probe import ProbeReport
from lab.model.verdict import Kind, Limit
from lab.probe import visit
from lab.probe.address import parse
from lab.probe.interface import Engine, engine_of
from lab.probe.probe import Order, Progress, probe_browsers, probe_wire
from lab.probe.wire.ask import Asking
from lab.probe.wire.connection import Trust
from lab.results.file import CellResult
from tests.probe import apps
from tests.probe.serving import Answer, Asked, Server, serving

WATCH_S = 1.0
BROWSERS = tuple(ENGINES)


def probed(url: str, folder: Path, engine: str, tabs: int, **more: object) -> CellResult:
    """What a probe of a URL says in one browser."""
    address = parse(url)
    asking = Asking(own=address.origin, trust=Trust(insecure=True), watch_s=WATCH_S)
    order = Order(address=address, asking=asking, tabs=tabs, engines=(engine,), **more)  # type: ignore[arg-type]

    async def whole() -> CellResult:
        wire, _ = await probe_wire(order)
        results = await probe_browsers(order, wire, folder, Progress(lambda _: None, lambda _: None))
        return results.cells[0]

    return asyncio.run(whole())


@pytest.fixture(autouse=True)
def short_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    """These apps open their streams at once, so the first tab is watched for a shorter time."""
    monkeypatch.setattr(visit, "REST_MS", 2500.0)
    monkeypatch.setattr(visit, "STILL_MS", 1200.0)


def report_of(cell: CellResult) -> ProbeReport:
    assert cell.probe is not None, cell.verdict
    return cell.probe


def agreed(cell: CellResult) -> Engine:
    """The probe's answer, whose prediction was verified."""
    assert cell.verdict.kind is Kind.CONFIRMED, cell.verdict
    found = engine_of(cell)
    assert found.predicted_tab == found.verified_tab
    return found


@pytest.mark.parametrize(("engine", "kind"), [("chromium", "navigation"), ("firefox", "page")])
def test_three_streams_a_tab_hang_at_the_third(tmp_path: Path, engine: str, kind: str) -> None:
    with serving(apps.streams_a_tab(3)) as server:
        cell = probed(server.url(), tmp_path, engine, 4)
    found = agreed(cell)
    assert (found.verified_tab, found.kind, found.live, found.streams_per_tab) == (3, kind, 2, 3)
    assert cell.verdict.cause is Limit.CONNECTIONS
    assert {one.kind: one.verified_tab for one in found.hangs}["action"] == 2
    assert "EventSource at http://" in found.holders[0].initiator
    release = report_of(cell).release
    assert release is not None
    assert release.came is not None


@pytest.mark.parametrize("engine", BROWSERS)
def test_a_stream_on_another_port_lets_the_page_come(tmp_path: Path, engine: str) -> None:
    ports: list[int] = []
    with serving(apps.other_port(ports), ports=2) as server:
        ports += server.ports
        found = agreed(probed(server.url(), tmp_path, engine, 8))
    assert (found.verified_tab, found.kind) == (7, "page")
    assert found.holders[0].origin.endswith(f":{ports[1]}")


@pytest.mark.parametrize("engine", BROWSERS)
def test_a_request_after_the_stream_hangs_a_tab_earlier(tmp_path: Path, engine: str) -> None:
    with serving(apps.one_more) as server:
        found = agreed(probed(server.url(), tmp_path, engine, 7))
    assert (found.verified_tab, found.kind) == (6, "page")


@pytest.mark.parametrize("engine", BROWSERS)
def test_a_server_that_stops_answering_is_never_called_a_limit(tmp_path: Path, leaf: Path, engine: str) -> None:
    with serving(apps.stops_at(4), certs=leaf) as server:
        cell = probed(server.url(), tmp_path, engine, 6)
    found = engine_of(cell)
    assert (found.verified_tab, found.kind, found.live, found.predicted_tab) == (4, "server", 3, None)
    assert cell.verdict.kind is Kind.REFUTED
    assert cell.verdict.cause is Limit.NONE


def test_over_http2_nothing_hangs(tmp_path: Path, leaf: Path) -> None:
    with serving(apps.streams_a_tab(2), certs=leaf) as server:
        found = agreed(probed(server.url(), tmp_path, "chromium", 8))
    assert (found.verified_tab, found.kind, found.live) == (None, None, 8)


def test_behind_a_login_nothing_secret_is_written(tmp_path: Path) -> None:
    with serving(apps.behind_login) as server:
        found = agreed(probed(server.url(), tmp_path, "chromium", 7))
    assert found.verified_tab == 7
    assert found.holders[0].url.endswith("/events?token=…")
    for path in tmp_path.rglob("*"):
        assert b"s3cret" not in path.read_bytes(), path


def test_tabs_that_share_a_stream_stay_live(tmp_path: Path) -> None:
    with serving(apps.shared_stream()) as server:
        found = agreed(probed(server.url(), tmp_path, "chromium", 8))
    assert (found.live, found.streams_per_tab) == (8, 1)
    assert found.holders[0].per_tab == 0


def test_a_long_poll_counts_by_its_age(tmp_path: Path) -> None:
    with serving(apps.long_poll()) as server:
        found = agreed(probed(server.url(), tmp_path, "chromium", 8))
    assert (found.verified_tab, found.kind) == (7, "navigation")
    assert found.holders[0].kind == "unanswered request"


def test_dialogs_downloads_and_polling_disturb_nothing(tmp_path: Path) -> None:
    with serving(apps.odd()) as server:
        found = engine_of(probed(server.url(), tmp_path, "chromium", 3))
    assert (found.live, found.verified_tab) == (3, None)


def test_five_hundred_streams_in_one_page_are_told(tmp_path: Path) -> None:
    with serving(apps.streams_a_tab(500)) as server:
        found = engine_of(probed(server.url(), tmp_path, "chromium", 2))
    assert (found.verified_tab, found.kind) == (1, "page")


DO = """
async def do(page):
    await page.get_by_role("button", name="Start").click()
    await page.get_by_text("connected").wait_for()
    await page.get_by_role("button", name="Save").click()
    await page.get_by_text("saved").wait_for()
"""


def doing(folder: Path, text: str) -> dict[str, object]:
    from lab.cli.probe import load_do

    path = folder / "do.py"
    path.write_text(text)
    return {"do": load_do(path), "do_file": path}


def test_what_a_user_does_is_tried_in_each_tab(tmp_path: Path) -> None:
    with serving(apps.on_click()) as server:
        cell = probed(server.url(), tmp_path, "chromium", 7, **doing(tmp_path, DO))
    found = engine_of(cell)
    assert (found.verified_tab, found.kind, found.live) == (6, "action", 5)
    assert cell.verdict.cause is Limit.CONNECTIONS


def test_an_error_in_the_users_file_names_its_line(tmp_path: Path) -> None:
    with serving(apps.on_click()) as server, pytest.raises(UsageError) as raised:
        probed(server.url(), tmp_path, "chromium", 2, **doing(tmp_path, "async def do(page):\n    raise KeyError('x')\n"))
    assert "do.py, line 2: KeyError" in str(raised.value)
    assert json.loads((tmp_path / "results.json").read_text())["planned"] == 1


def test_an_app_that_dies_in_the_middle_leaves_no_wrong_cause(tmp_path: Path) -> None:
    servers: list[Server] = []
    inner = apps.streams_a_tab(1)
    pages = 0

    async def app(asked: Asked) -> Answer:
        nonlocal pages
        pages += asked.path == "/" and asked.method == "GET"
        if pages > 5:
            servers[0].die()
        return await inner(asked)

    with serving(app) as server:
        servers.append(server)
        cell = probed(server.url(), tmp_path, "chromium", 6)
    assert cell.verdict.kind is Kind.INCONCLUSIVE
    assert cell.verdict.cause is None
