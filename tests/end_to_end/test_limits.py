"""Walls, pools and starvation in real browsers. How many is the browser's affair: that the witnesses agree on it, that every
run says the same, and that a busy machine changes nothing, is what was built."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.browser.engines import ENGINES
from lab.results import file as results
from lab.results.file import CellResult, Results
from lab.results.repeats import Group, groups
from tests.tools.busy import busy_cores
from tests.whole.test_end_to_end import run

PROTOCOLS = ("--protocol", "h1", "--protocol", "h2", "--streams-per-connection", "10")


def measured(out: Path, *options: str) -> Results:
    ended = run(out, *options)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return results.read(out / "latest" / "results.json")


CASES = ("--case", "the same again", "--case", "another port", "--case", "another profile")


@pytest.fixture(scope="module")
def walls(tmp_path_factory: pytest.TempPathFactory) -> Results:
    """Every transport in one page; and server-sent events in frames and in tabs of another origin."""
    folder = tmp_path_factory.mktemp("walls")
    found = measured(folder, "walls", *PROTOCOLS, "--opened", "page", "--repeat", "1")
    openings = ("--opened", "frames", "--opened", "cross-tabs", "--transport", "sse")
    found.cells += measured(folder, "walls", *PROTOCOLS, *openings, "--repeat", "1").cells
    return found


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Results:
    folder = tmp_path_factory.mktemp("pools")
    found = measured(folder, "pools", *PROTOCOLS, *CASES, "--repeat", "1")
    found.cells += measured(folder, "starvation", "no_starvation", *PROTOCOLS, "--repeat", "1").cells
    return found


def of(found: Results, engine: str, **fields: object) -> list[CellResult]:
    return [one for one in found.cells if one.engine == engine and all(getattr(one, k) == v for k, v in fields.items())]


@pytest.mark.parametrize("engine", ENGINES)
def test_no_verdict_is_disputed(walls: Results, shared: Results, engine: str) -> None:
    for cell in (*of(walls, engine), *of(shared, engine)):
        assert cell.verdict in ("confirmed", "refuted"), f"{cell.name}: {cell.why}"
        counts = {one.witness: one.live for one in cell.witnesses if one.live is not None}
        assert set(counts.values()) == {cell.live}, f"{cell.name}: {counts}"
        assert set(counts) == {"pages", "ledger", "network log"}, cell.name


@pytest.mark.parametrize("engine", ENGINES)
def test_every_transport_finds_its_wall(walls: Results, engine: str) -> None:
    for cell in of(walls, engine):
        assert cell.live is not None
        assert 0 < cell.live < cell.asked < cell.up_to, f"{cell.name}: a wall, far from the bound"
        if cell.protocol == "h2":
            assert (cell.live, cell.cause) == (10, "streams per connection (the origin's setting)"), cell.name
            assert cell.connections == 1, "no second connection is opened for more streams"
        else:
            wanted = "WebSockets" if cell.transport == "websocket" else "connections per host"
            assert (cell.cause, cell.connections) == (wanted, cell.live), cell.name


@pytest.mark.parametrize("engine", ENGINES)
def test_a_place_that_is_freed_is_taken_by_one_who_waits(walls: Results, engine: str) -> None:
    for cell in of(walls, engine):
        assert cell.releases, cell.name
        for release in cell.releases:
            assert release.most <= (cell.live or 0), cell.name
        assert {one.tab for one in cell.releases[0].arrived} <= set(cell.releases[0].waiting), cell.name
    assert {one.ended_by for cell in of(walls, engine, opened="frames") for one in cell.releases} == {"page", "origin", "tab"}


@pytest.mark.parametrize("engine", ENGINES)
def test_the_same_pool_is_shared_and_another_port_has_its_own(shared: Results, engine: str) -> None:
    for case, answer in (("the same again", "shared"), ("another port", "separate"), ("another profile", "separate")):
        cells = of(shared, engine, scenario="pools", case=case)
        assert {cell.answer for cell in cells} == {answer}, case


@pytest.mark.parametrize("engine", ENGINES)
def test_what_waits_while_the_streams_are_held_comes_when_one_ends(shared: Results, engine: str) -> None:
    for cell in of(shared, engine, scenario="starvation"):
        waited = [probe for probe in cell.probes if probe.outcome == "waited"]
        assert "image" in {probe.kind for probe in waited if probe.page == "same-origin"}, cell.name
        assert all(probe.after_release_ms is not None for probe in waited), cell.name
    [free] = of(shared, engine, scenario="no_starvation")
    assert free.answer == "everything"


@pytest.mark.parametrize("protocol", ["h1", "h2"])
def test_a_page_without_time_changes_no_number(tmp_path: Path, protocol: str) -> None:
    """For two seconds and a half the page that opens them all gets none. What it had begun by then looks, to origin and
    browser, as if it waited."""
    scenario = str(Path(__file__).parent / "faults" / "stalled.py")
    found = measured(tmp_path, scenario, "--protocol", protocol, "--repeat", "2")
    assert len(found.cells) == 4
    for cell in found.cells:
        assert cell.verdict == "confirmed", f"{cell.name}: {cell.live} live: {cell.why}"


@pytest.fixture
def busy() -> Iterator[None]:
    with busy_cores():
        yield


@pytest.mark.usefixtures("busy")
def test_a_busy_machine_changes_no_number(tmp_path: Path) -> None:
    options = ("--engine", "chromium", "--opened", "page", "--transport", "sse", "--repeat", "20")
    found = measured(tmp_path, "walls", *PROTOCOLS, *options)
    pairs: list[Group] = [one for one in groups(found) if one.first.engine == "chromium"]
    assert [len(one.runs) for one in pairs] == [20, 20]
    for one in pairs:
        assert one.agree, f"{one}: {one.reason}: {[(run.repeat, run.live, run.why) for run in one.runs]}"
        assert one.verdict in ("confirmed", "refuted")
