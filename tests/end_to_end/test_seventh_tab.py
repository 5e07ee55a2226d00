"""The whole line in real browsers: a scenario, real tabs, a verdict with its witnesses, a report."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from lab import paths
from lab.browser.engines import ENGINES
from lab.model import ledger
from lab.model.verdict import Kind, Limit
from lab.results import file as results
from tests.conftest import ROOT
from tests.end_to_end.conftest import CHROMIUM, H2, TABS
from tests.tools.runs import Runs, started


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("protocol", ["h1", "h2"])
def test_the_witnesses_agree(seventh_tab: Runs, engine: str, protocol: str) -> None:
    cell = seventh_tab.one(engine, protocol=protocol)
    verdict = cell.verdict
    assert verdict.kind in (Kind.CONFIRMED, Kind.REFUTED), verdict.why
    assert cell.engine_version
    counts = {one.witness: one.live for one in verdict.witnesses if one.live is not None}
    assert set(counts.values()) == {verdict.live}
    assert set(counts) == {"pages", "ledger", "network log"}
    assert verdict.live == sum(client.live for client in cell.clients)
    assert verdict.documents == sum(client.document for client in cell.clients)
    assert all(client.repeated == client.skipped == 0 for client in cell.clients)
    assert {row.protocol for row in cell.rows if row.streams} == {"http/1.1" if protocol == "h1" else "h2"}


@pytest.mark.parametrize("engine", ENGINES)
def test_over_http1_some_wait_and_one_release_brings_one(seventh_tab: Runs, engine: str) -> None:
    """How many is the browser's affair; that some wait for a connection each, and come when one ends, is what was built."""
    cell = seventh_tab.one(engine, protocol="h1")
    verdict = cell.verdict
    assert verdict.live is not None
    assert 0 < verdict.live < TABS == cell.opened
    assert (verdict.connections, verdict.max_streams, verdict.cause) == (verdict.live, 1, Limit.CONNECTIONS)
    ends = ["page", "origin", "tab"]
    assert [one.ended_by for one in cell.releases] == ends[: len(cell.releases)]
    first, last = cell.releases[0], cell.releases[-1]
    if len(cell.releases) < len(ends):  # Only where the browser's own log says that it went on holding them back.
        assert last is not first
        assert (last.arrived, {one.tab for one in last.held} >= set(last.waiting)) == ((), True)
    [arrival] = first.arrived
    assert arrival.tab in first.waiting
    assert arrival.after_ms > 0
    assert first.most == verdict.live


@pytest.mark.parametrize("engine", ENGINES)
def test_over_http2_all_share_a_connection(seventh_tab: Runs, engine: str) -> None:
    cell = seventh_tab.one(engine, protocol="h2")
    verdict = cell.verdict
    assert (verdict.live, verdict.connections, verdict.max_streams, verdict.cause) == (TABS, 1, TABS, Limit.NONE)
    assert cell.releases == ()


def test_what_the_run_left_behind(seventh_tab: Runs) -> None:
    [run] = seventh_tab.runs
    found, folder = run.results, run.folder
    assert "latest/index.html" in run.printed
    files = {path.name for path in folder.iterdir()}
    assert files == {
        paths.RESULTS,
        paths.OBSERVATIONS,
        paths.REPORT,
        "run.log",
        "origin.log",
        *(f"ledger-{name}.jsonl" for name in ENGINES),
    }
    assert found.network_logs == [], "the browsers' logs have been read, and are gone"
    assert {cell.cell.engine for cell in found.cells for line in cell.lines if line.witness == "network log"} == set(ENGINES)
    begun = list[str]()
    for engine in ENGINES:
        events = [ledger.decode(line) for line in (folder / f"ledger-{engine}.jsonl").read_bytes().splitlines()]
        assert isinstance(events[0], ledger.OriginStarted)
        begun += [event.cell for event in events if isinstance(event, ledger.CellBegan)]
    assert sorted(begun) == sorted(cell.name for cell in (*found.calibration, *found.cells))
    assert {cell.verdict.kind for cell in found.calibration} == {Kind.CONFIRMED}
    assert "BEGIN" not in (folder / paths.RESULTS).read_text()
    assert not [path for path in folder.iterdir() if path.suffix == ".pem"]


def test_whole_logs_are_kept_where_that_is_asked_for(payloads: Runs) -> None:
    [run] = payloads.runs
    names = run.results.network_logs
    assert {"chromium.netlog.json.gz", "firefox.moz_log.gz"} <= set(names)
    assert {path.name for path in run.folder.glob("*.gz")} == set(names)
    for name in names:
        whole = gzip.decompress((run.folder / name).read_bytes())
        if "netlog" in name:
            assert json.loads(whole)["events"], "a NetLog that viewers read"
        else:
            assert b"nsHttp" in whole.splitlines()[0], name


def test_one_engine_missing_leaves_the_other(tmp_path: Path) -> None:
    options = ("seventh_tab", "--protocol", "h2", "--tabs", "2", "--strict")
    ended = started(tmp_path, *options, SEVENTH_TAB_FIREFOX="/no/such/firefox")
    assert ended.returncode == 0, ended.stderr
    chromium, firefox = results.read(tmp_path / "latest" / paths.RESULTS).cells
    assert chromium.verdict.kind is Kind.CONFIRMED
    assert firefox.verdict.kind is Kind.UNSUPPORTED
    assert "SEVENTH_TAB_FIREFOX=/no/such/firefox" in firefox.verdict.why


def test_strict_is_1_when_a_claim_is_refuted(tmp_path: Path) -> None:
    """The origin allows two streams on a connection. Of two scenarios in one run, one claims three (confirmed), one claims one
    (refuted)."""
    text = (ROOT / "scenarios" / "seventh_tab.py").read_text(encoding="utf-8")
    mine = {limit: tmp_path / f"mine_{limit}.py" for limit in (3, 1)}
    for limit, path in mine.items():
        changed = text.replace("async def seventh_tab", f"async def mine_{limit}").replace('"h2": 100', f'"h2": {limit}')
        path.write_text(changed, encoding="utf-8")
    options = (*CHROMIUM, *H2, "--tabs", "4", "--streams-per-connection", "2")
    ended = started(tmp_path, *map(str, mine.values()), *options, "--strict")
    assert ended.returncode == 1, ended.stderr
    three, one = results.read(tmp_path / "latest" / paths.RESULTS).cells
    assert (three.verdict.kind, one.verdict.kind) == (Kind.CONFIRMED, Kind.REFUTED)
    for cell in (three, one):
        assert (cell.verdict.live, cell.verdict.max_streams, cell.verdict.cause) == (2, 2, Limit.ORIGIN_STREAMS)
