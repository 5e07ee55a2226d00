"""Delivery, drops and payloads in real browsers. Latency and cost are the browser's and the machine's affair: that every update
is accounted for, by page and ledger alike, is what was built."""

from __future__ import annotations

import pytest

from lab.browser.engines import ENGINES
from lab.model.protocols import PROTOCOLS
from lab.model.verdict import Kind
from lab.results.file import CellResult
from tests.end_to_end.conftest import CHROMIUM, FEW_TABS, H1, Measure
from tests.tools.runs import Runs

TRANSPORTS = {
    "chromium": {"sse", "websocket", "long_polling", "polling"},
    "firefox": {"sse", "websocket"},
}


def cells_of(updates: Runs, engine: str, scenario: str) -> list[CellResult]:
    """The cells of a scenario in an engine; one for each of its transports."""
    cells = updates.of(engine, scenario=scenario)
    assert sorted(cell.cell.transport for cell in cells) == sorted(TRANSPORTS[engine])
    return cells


@pytest.mark.parametrize("engine", ENGINES)
def test_every_update_is_accounted_for(updates: Runs, engine: str) -> None:
    for cell in cells_of(updates, engine, "delivery"):
        assert (cell.verdict.kind, cell.verdict.live) == (Kind.CONFIRMED, FEW_TABS), f"{cell.name}: {cell.verdict.why}"
        figures = cell.delivery
        assert figures is not None
        assert (figures.missed, figures.repeated, figures.disordered) == (0, 0, 0), cell.name
        assert figures.received == FEW_TABS * figures.published > 0, cell.name
        latency = figures.latency_percentiles_ms
        assert list(latency) == sorted(latency)
        assert latency[0] >= -figures.clocks_ms, "nothing comes before it was sent, as far as the clocks agree"


@pytest.mark.parametrize("engine", ENGINES)
def test_the_counters_know_a_stream_from_a_poll(updates: Runs, engine: str) -> None:
    for cell in cells_of(updates, engine, "delivery"):
        figures = cell.delivery
        assert figures is not None
        assert {f"HTTP/{one}" for one in figures.http} == {PROTOCOLS[cell.cell.protocol].family}, cell.name
        polls = cell.cell.transport in ("polling", "long_polling")
        assert (figures.requests > 0) == polls, cell.name
        assert (figures.sent_bytes or 0) > 30, "an update has a text, and a text has bytes"
        if polls:
            assert (figures.received_bytes or 0) > 10, cell.name
        assert figures.origin.cpu_s is not None
        assert (figures.browser.memory_bytes or 0) > 1e7


@pytest.mark.parametrize("engine", ENGINES)
def test_a_dropped_client_comes_back_and_continues(updates: Runs, engine: str) -> None:
    for cell in cells_of(updates, engine, "drops"):
        assert cell.verdict.kind in (Kind.CONFIRMED, Kind.REFUTED), f"{cell.name}: {cell.verdict.why}"
        assert cell.verdict.answer == "all came back, nothing lost", f"{cell.name}: {cell.verdict.why}"
        assert [drop.how for drop in cell.drops] == ["end", "reset", "shut"]
        if cell.cell.transport == "sse":
            named = [one for drop in cell.drops for one in drop.clients]
            assert all(one.last_event_id == str(one.had) for one in named), cell.name
            assert all(one.kinds.keys() == {"score", "commentary"} for one in named), "named events reach their listeners"


def test_retry_is_honoured_and_a_refusal_is_for_good(measure: Measure) -> None:
    cases = ("--case", "retry 1000", "--case", "status 204", "--case", "no event stream")
    found = measure(("reconnection", *CHROMIUM, *H1, *cases))
    assert found.one("chromium", case="retry 1000").verdict.answer == "retry honoured"
    for case in ("status 204", "no event stream"):
        cell = found.one("chromium", case=case)
        assert cell.verdict.answer == "gone for good", cell.verdict.why
        assert all((one.asks, bool(one.failed)) == (1, True) for drop in cell.drops for one in drop.clients)


@pytest.mark.parametrize("engine", ENGINES)
def test_which_bytes_survive(payloads: Runs, engine: str) -> None:
    for cell in payloads.of(engine):
        assert cell.verdict.kind in (Kind.CONFIRMED, Kind.REFUTED), f"{cell.name}: {cell.verdict.why}"
        sizes = {one.name: one for one in cell.payloads if one.content_bytes is not None}
        for name, one in sizes.items():
            whole = one.survived_bytes == one.content_bytes
            assert whole == (name != "binary, raw"), f"{cell.name}, {name}: {one}"
            assert one.sent_bytes > (one.content_bytes or 0)
        if cell.cell.transport == "sse":
            assert sizes["binary, base64"].sent_bytes > 4 / 3 * (sizes["binary, base64"].content_bytes or 0)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    "name", ["several lines", "CRLF cut at every byte", "the same cut at every byte", "a BOM within", "1048576 bytes"]
)
def test_what_the_format_promises_arrives_whole(payloads: Runs, engine: str, name: str) -> None:
    for cell in payloads.of(engine, transport="sse"):
        [one] = [each for each in cell.payloads if each.name == name]
        assert one.right, f"{cell.name}: {one.note}"
