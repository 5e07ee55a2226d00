"""Limits, pools and starvation in real browsers. How many is the browser's affair: that the witnesses agree on it, that every
run says the same, and that a busy machine changes nothing, is what was built."""

from __future__ import annotations

import pytest

from lab.browser.engines import ENGINES
from lab.model.openings import OPENINGS
from lab.model.verdict import Kind, Limit
from lab.results.file import CellResult
from lab.results.repeats import repeats
from tests.end_to_end.conftest import CHROMIUM, H1, H2, TEN_STREAMS, Measure
from tests.tools.busy import busy_cores
from tests.tools.runs import Runs


def bound(cell: CellResult) -> int:
    """The most clients that may be opened in such a cell."""
    assert cell.cell.at_most == OPENINGS[cell.cell.opening].up_to
    return cell.cell.at_most


@pytest.mark.parametrize("engine", ENGINES)
def test_no_verdict_is_disputed(limits: Runs, pools: Runs, engine: str) -> None:
    for cell in (*limits.of(engine), *pools.of(engine)):
        verdict = cell.verdict
        assert verdict.kind in (Kind.CONFIRMED, Kind.REFUTED), f"{cell.name}: {verdict.why}"
        counts = {one.witness: one.live for one in verdict.witnesses if one.live is not None}
        assert set(counts.values()) == {verdict.live}, f"{cell.name}: {counts}"
        assert set(counts) == {"pages", "ledger", "network log"}, cell.name
        assert verdict.agreed == verdict.spoke >= len(counts), cell.name


@pytest.mark.parametrize("engine", ENGINES)
def test_every_transport_finds_its_limit(limits: Runs, engine: str) -> None:
    cells = limits.of(engine, scenario="limits")
    assert {cell.cell.transport for cell in cells} == {"sse", "websocket", "fetch_stream", "long_polling"}
    for cell in cells:
        verdict = cell.verdict
        assert verdict.live is not None
        assert 0 < verdict.live < cell.opened < bound(cell), f"{cell.name}: a limit, far from the bound"
        if cell.cell.protocol == "h2":
            assert (verdict.live, verdict.cause) == (10, Limit.ORIGIN_STREAMS), cell.name
            assert verdict.connections == 1, "no second connection is opened for more streams"
        else:
            wanted = Limit.WEBSOCKETS if cell.cell.transport == "websocket" else Limit.CONNECTIONS
            assert (verdict.cause, verdict.connections) == (wanted, verdict.live), cell.name


@pytest.mark.parametrize("engine", ENGINES)
def test_a_place_that_is_freed_is_taken_by_a_client_that_waits(limits: Runs, stalled: Runs, engine: str) -> None:
    in_frames = stalled.of(engine, opening="frames")
    for cell in (*limits.of(engine, scenario="limits"), *in_frames):
        assert cell.releases, cell.name
        for release in cell.releases:
            assert release.most <= (cell.verdict.live or 0), cell.name
        assert {one.tab for one in cell.releases[0].arrived} <= set(cell.releases[0].waiting), cell.name
    assert {one.ended_by for cell in in_frames for one in cell.releases} == {"page", "origin", "tab"}


@pytest.mark.parametrize("engine", ENGINES)
def test_the_same_pool_is_shared_and_another_port_has_its_own(pools: Runs, engine: str) -> None:
    for case, answer in (("the same again", "shared"), ("another port", "separate"), ("another profile", "separate")):
        cells = pools.of(engine, case=case)
        assert {cell.verdict.answer for cell in cells} == {answer}, case


@pytest.mark.parametrize("engine", ENGINES)
def test_what_waits_while_the_streams_are_held_comes_when_one_ends(limits: Runs, engine: str) -> None:
    cells = limits.of(engine, scenario="starvation")
    assert cells
    for cell in cells:
        waited = [probe for probe in cell.probes if probe.outcome == "waited"]
        assert "image" in {probe.kind for probe in waited if probe.page == "same-origin"}, cell.name
        assert all(probe.after_release_ms is not None for probe in waited), cell.name


def test_nothing_waits_below_the_limit(limits: Runs) -> None:
    assert limits.one("chromium", scenario="no_starvation").verdict.answer == "everything"


@pytest.mark.parametrize("engine", ENGINES)
def test_a_page_without_time_changes_no_number(stalled: Runs, engine: str) -> None:
    """For two seconds and a half the page that opens them all gets none. What it had begun by then looks, to origin and
    browser, as if it waited."""
    cells = stalled.of(engine)
    assert {cell.cell.protocol for cell in cells} == {"h1", "h2"}
    for cell in cells:
        assert cell.verdict.kind is Kind.CONFIRMED, f"{cell.name}: {cell.verdict.live} live: {cell.verdict.why}"


REPEATS = 6


def test_a_busy_machine_changes_no_number(measure: Measure) -> None:
    options = (*CHROMIUM, *H1, *H2, "--opening", "page", "--transport", "sse")
    with busy_cores():
        [run] = measure(("limits", *options, *TEN_STREAMS, "--repeat", str(REPEATS))).runs
    both = repeats(run.results)
    assert [len(one.runs) for one in both] == [REPEATS, REPEATS]
    for one in both:
        runs = [(run.cell.repeat, run.verdict.live, run.verdict.why) for run in one.runs]
        assert one.agree, f"{one}: {one.reason}: {runs}"
        assert one.verdict in (Kind.CONFIRMED, Kind.REFUTED)
