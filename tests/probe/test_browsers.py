"""The probe in real browsers: for each app the right tab, the right kind of hang, the right cause."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import pytest

from lab.errors import UsageError
from lab.model.verdict import Kind, Limit
from lab.probe.interface import engine_of
from lab.results.file import CellResult
from tests.probe import apps
from tests.probe.probing import Found, agreed, pool, probed
from tests.probe.serving import App, Server, serving

DO = """
async def do(page):
    await page.get_by_role("button", name="Start").click()
    await page.get_by_text("connected").wait_for()
    await page.get_by_role("button", name="Save").click()
    await page.get_by_text("saved").wait_for()
"""


class Case(NamedTuple):
    """A probe of an app. `app` gets the list that will have its server. `tls`: it has certificates, and HTTP/2."""

    app: Callable[[list[Server]], App]
    tabs: int
    engine: str = "chromium"
    ports: int = 1
    tls: bool = False
    do: bool = False


CASES = {
    "three streams a tab": Case(lambda _: apps.streams_a_tab(3), 4),
    "three streams a tab, firefox": Case(lambda _: apps.streams_a_tab(3), 4, "firefox"),
    "what a user does, firefox": Case(lambda _: apps.on_click(), 9, "firefox", do=True),
    "stops answering": Case(lambda _: apps.stops_at(4), 5, tls=True),
    "another port": Case(apps.other_port, 7, ports=2),
    "a login": Case(lambda _: apps.behind_login, 7),
    "short polls": Case(lambda _: apps.long_poll(3.0), 3),
    "refuses streams": Case(lambda _: apps.refuses_at(6), 5),
    "dialogs": Case(lambda _: apps.odd(), 2),
    "dies": Case(lambda servers: apps.dying(servers, at=6), 6),
}
"""Few, because each takes some seconds of a processor: `nox -s soak` probes more apps, in both browsers."""

Probes = dict[str, tuple[Found, Path]]


@pytest.fixture(scope="module")
def probes(leaf: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Probes]:
    """All of them, begun at once; a test waits for its own."""
    do = tmp_path_factory.mktemp("do") / "do.py"
    do.write_text(DO)
    with ExitStack() as stack, pool() as processes:
        found = {}
        for name, case in CASES.items():
            servers: list[Server] = []
            certs = leaf if case.tls else None
            servers.append(stack.enter_context(serving(case.app(servers), certs=certs, ports=case.ports)))
            folder = tmp_path_factory.mktemp("probe")
            file = do if case.do else None
            found[name] = processes.submit(probed, servers[0].url(), folder, case.engine, case.tabs, file), folder
        yield found


@pytest.fixture
def of(probes: Probes) -> Callable[[str], CellResult]:
    """What the probe of a case said."""
    return lambda name: probes[name][0].result()


Of = Callable[[str], CellResult]


@pytest.mark.parametrize(("name", "kind"), [("", "navigation"), (", firefox", "page")])
def test_three_streams_a_tab_hang_at_the_third(of: Of, name: str, kind: str) -> None:
    cell = of(f"three streams a tab{name}")
    found = agreed(cell)
    assert (found.verified_tab, found.kind, found.live, found.streams_per_tab) == (3, kind, 2, 3)
    assert cell.verdict.cause is Limit.CONNECTIONS
    assert {one.kind: one.verified_tab for one in found.hangs}["action"] == 2
    assert "EventSource at http://" in found.holders[0].initiator
    assert cell.probe
    assert cell.probe.release
    assert cell.probe.release.came is not None


def test_a_stream_on_another_port_lets_the_page_come(of: Of) -> None:
    found = agreed(of("another port"))
    assert (found.verified_tab, found.kind) == (7, "page")
    assert found.holders[0].origin not in found.holders[0].initiator


def test_a_server_that_stops_answering_is_never_called_a_limit(of: Of) -> None:
    cell = of("stops answering")
    found = engine_of(cell)
    assert (found.verified_tab, found.kind, found.live, found.predicted_tab) == (4, "server", 3, None)
    assert cell.verdict.kind is Kind.REFUTED
    assert cell.verdict.cause is Limit.NONE


def test_behind_a_login_nothing_secret_is_written(of: Of, probes: Probes) -> None:
    found = agreed(of("a login"))
    assert found.verified_tab == 7
    assert found.holders[0].url.endswith("/events?token=…")
    for path in probes["a login"][1].rglob("*"):
        assert b"s3cret" not in path.read_bytes(), path


def test_a_poll_that_ends_while_the_tab_is_watched_ends_no_probe(of: Of) -> None:
    cell = of("short polls")
    assert cell.verdict.kind in (Kind.CONFIRMED, Kind.REFUTED), cell.verdict
    assert engine_of(cell).verified_tab is None


def test_a_server_that_refuses_streams_is_not_green(of: Of) -> None:
    cell = of("refuses streams")
    found = engine_of(cell)
    assert (found.kind, found.predicted_tab, cell.verdict.kind) == ("server", None, Kind.REFUTED)
    assert "answers 503" in found.cause


def test_dialogs_downloads_and_polling_disturb_nothing(of: Of) -> None:
    found = engine_of(of("dialogs"))
    assert (found.live, found.verified_tab) == (2, None)


def test_what_a_user_does_is_tried_in_each_tab(of: Of) -> None:
    """Firefox gives a click one of the connections that it has beyond its limit."""
    cell = of("what a user does, firefox")
    found = agreed(cell)
    assert (found.verified_tab, found.kind, found.live) == (9, "action", 8)
    assert cell.verdict.cause is Limit.CONNECTIONS


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("raise KeyError('x')", "KeyError: 'x'"),
        ("await page.get_by_text('absent').click(timeout=300)", "TimeoutError: Locator.click: Timeout 300ms exceeded."),
    ],
)
def test_an_error_in_the_users_file_names_its_line(tmp_path: Path, line: str, said: str) -> None:
    (tmp_path / "do.py").write_text(f"async def do(page):\n    {line}\n")
    with serving(apps.on_click()) as server, pytest.raises(UsageError) as raised:
        probed(server.url(), tmp_path, "chromium", 2, tmp_path / "do.py")
    assert f"do.py, line 2: {said}" in str(raised.value)
    assert json.loads((tmp_path / "results.json").read_text())["planned"] == 1


def test_an_app_that_dies_in_the_middle_leaves_no_wrong_cause(of: Of) -> None:
    cell = of("dies")
    assert cell.verdict.kind is Kind.INCONCLUSIVE
    assert cell.verdict.cause is None
