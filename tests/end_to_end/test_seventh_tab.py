"""The whole line in real browsers: a scenario, real tabs, a verdict with its witnesses, a report."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from lab.browser.engines import ENGINES
from lab.model import ledger
from lab.results import file as results
from lab.results.file import CellResult, Results
from tests.conftest import ROOT

TABS = 12


def run(out: Path, *options: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "lab", "run", "--out", str(out), *options],
        env={**os.environ, **environment},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> tuple[Results, Path]:
    out = tmp_path_factory.mktemp("reports")
    ended = run(out, "seventh_tab", "--protocol", "h1", "--protocol", "h2", "--tabs", str(TABS))
    assert ended.returncode == 0, ended.stderr
    assert "latest/index.html" in ended.stdout
    return results.read(out / "latest" / "results.json"), out / "latest"


def pick(found: Results, engine: str, protocol: str) -> CellResult:
    [cell] = [one for one in found.cells if (one.engine, one.protocol) == (engine, protocol)]
    return cell


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("protocol", ["h1", "h2"])
def test_the_witnesses_agree(measured: tuple[Results, Path], engine: str, protocol: str) -> None:
    cell = pick(measured[0], engine, protocol)
    assert cell.verdict in ("confirmed", "refuted"), cell.why
    assert cell.engine_version
    counts = {one.witness: one.live for one in cell.witnesses if one.live is not None}
    assert set(counts.values()) == {cell.live}
    assert set(counts) == {"pages", "ledger", "network log"}
    assert cell.live == sum(tab.live for tab in cell.tabs)
    assert cell.documents == sum(tab.document for tab in cell.tabs)
    assert all(tab.repeated == tab.skipped == 0 for tab in cell.tabs)
    assert {row.protocol for row in cell.rows if row.streams} == {"http/1.1" if protocol == "h1" else "h2"}


@pytest.mark.parametrize("engine", ENGINES)
def test_over_http1_some_wait_and_one_release_brings_one(measured: tuple[Results, Path], engine: str) -> None:
    """How many is the browser's affair; that some wait for a connection each, and come when one ends, is what was built."""
    cell = pick(measured[0], engine, "h1")
    assert cell.live is not None
    assert 0 < cell.live < TABS
    assert (cell.connections, cell.max_streams, cell.cause) == (cell.live, 1, "connections per host")
    ways = ["page", "origin", "tab"]
    assert [one.ended_by for one in cell.releases] == ways[: len(cell.releases)]
    first, last = cell.releases[0], cell.releases[-1]
    if len(cell.releases) < len(ways):  # Only where the browser's own log says that it went on holding them back.
        assert last is not first
        assert (last.arrived, {one.tab for one in last.held} >= set(last.waiting)) == ((), True)
    [arrival] = first.arrived
    assert arrival.tab in first.waiting
    assert arrival.after_ms > 0
    assert first.most == cell.live


@pytest.mark.parametrize("engine", ENGINES)
def test_over_http2_all_share_a_connection(measured: tuple[Results, Path], engine: str) -> None:
    cell = pick(measured[0], engine, "h2")
    assert (cell.live, cell.connections, cell.max_streams, cell.cause) == (TABS, 1, TABS, "none found")
    assert cell.releases == ()


def test_what_the_run_left_behind(measured: tuple[Results, Path]) -> None:
    found, folder = measured
    assert {"results.json", "index.html", "ledger.jsonl", *found.network_logs} <= {path.name for path in folder.iterdir()}
    assert found.network_logs == ["chromium.netlog.json", "firefox.moz_log"]
    lines = (folder / "ledger.jsonl").read_bytes().splitlines()
    events = [ledger.decode(line) for line in lines]
    assert isinstance(events[0], ledger.OriginStarted)
    assert [event.cell for event in events if isinstance(event, ledger.CellBegan)] == [
        cell.name for cell in (*found.calibration, *found.cells)
    ]
    assert {cell.verdict for cell in found.calibration} == {"confirmed"}
    assert "BEGIN" not in (folder / "results.json").read_text()
    assert not [path for path in folder.iterdir() if path.suffix == ".pem"]


def test_one_engine_missing_leaves_the_other(tmp_path: Path) -> None:
    options = ("seventh_tab", "--protocol", "h2", "--tabs", "2", "--strict")
    ended = run(tmp_path, *options, SEVENTH_TAB_FIREFOX="/no/such/firefox")
    assert ended.returncode == 0, ended.stderr
    found = results.read(tmp_path / "latest" / "results.json")
    assert pick(found, "chromium", "h2").verdict == "confirmed"
    missing = pick(found, "firefox", "h2")
    assert missing.verdict == "unsupported"
    assert "SEVENTH_TAB_FIREFOX=/no/such/firefox" in missing.why


def test_strict_is_1_when_a_claim_is_refuted(tmp_path: Path) -> None:
    """Somebody claims three; the origin allows two streams on a connection, and then somebody claims one."""
    scenario = tmp_path / "mine.py"
    text = (ROOT / "scenarios" / "seventh_tab.py").read_text(encoding="utf-8")
    for limit, code, verdict in ((3, 0, "confirmed"), (1, 1, "refuted")):
        scenario.write_text(text.replace('"h2": 100', f'"h2": {limit}'), encoding="utf-8")
        options = ("--engine", "chromium", "--protocol", "h2", "--tabs", "4", "--streams-per-connection", "2")
        ended = run(tmp_path, str(scenario), *options, "--strict")
        assert ended.returncode == code, ended.stderr
        cell = pick(results.read(tmp_path / "latest" / "results.json"), "chromium", "h2")
        assert (cell.verdict, cell.live, cell.max_streams) == (verdict, 2, 2)
        assert cell.cause == "streams per connection (the origin's setting)"
