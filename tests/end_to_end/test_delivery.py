"""Ways, drops and payloads in real browsers. How late, how dear and how soon is the browser's and the machine's affair: that
every update is accounted for, by page and ledger alike, is what was built."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab.browser.engines import ENGINES
from lab.model.protocols import PROTOCOLS
from lab.results.file import CellResult, Results
from tests.whole.test_limits import measured, of

TABS, SECOND = 2, ("--updates-per-second", "20")
BOTH = ("--protocol", "h1", "--protocol", "h2")


def by(*transports: str) -> list[str]:
    return [word for name in transports for word in ("--transport", name)]


@pytest.fixture(scope="module")
def listened(tmp_path_factory: pytest.TempPathFactory) -> Results:
    """Every transport, each over one protocol or the other; few in Firefox, whose tabs are slow."""
    folder = tmp_path_factory.mktemp("ways")
    options = ("--tabs", str(TABS), "--interval", "100", *SECOND)
    polled = ("--engine", "chromium", "--protocol", "h1", *by("fetch_stream", "long_polling", "polling"))
    found = measured(folder, "ways", *polled, *options)
    found.cells += measured(folder, "ways", "--protocol", "h2", *by("sse", "websocket"), *SECOND, "--tabs", str(TABS)).cells
    return found


@pytest.fixture(scope="module")
def dropped(tmp_path_factory: pytest.TempPathFactory) -> Results:
    folder = tmp_path_factory.mktemp("drops")
    found = measured(folder, "drops", "--engine", "chromium", "--protocol", "h1")
    found.cells += measured(folder, "drops", "--engine", "firefox", "--protocol", "h2", *by("sse", "websocket")).cells
    return found


@pytest.fixture(scope="module")
def carried(tmp_path_factory: pytest.TempPathFactory) -> Results:
    return measured(tmp_path_factory.mktemp("payloads"), "payloads", *BOTH)


@pytest.mark.parametrize("engine", ENGINES)
def test_every_update_is_accounted_for(listened: Results, engine: str) -> None:
    cells = of(listened, engine)
    assert len(cells) == (5 if engine == "chromium" else 2)
    for cell in cells:
        assert (cell.verdict, cell.live) == ("confirmed", TABS), f"{cell.name}: {cell.why}"
        assert cell.way is not None
        assert (cell.way.missed, cell.way.repeated, cell.way.disordered) == (0, 0, 0), cell.name
        assert cell.way.received == TABS * cell.way.published > 0, cell.name
        assert list(cell.way.latency_ms) == sorted(cell.way.latency_ms)
        assert cell.way.latency_ms[0] >= -cell.way.clocks_ms, "nothing comes before it was sent, as far as the clocks agree"


@pytest.mark.parametrize("engine", ENGINES)
def test_the_counters_know_a_stream_from_a_poll(listened: Results, engine: str) -> None:
    for cell in of(listened, engine):
        assert cell.way is not None
        assert {f"HTTP/{one}" for one in cell.way.http} == {PROTOCOLS[cell.protocol].family}, cell.name
        polls = cell.transport in ("polling", "long_polling")
        assert (cell.way.requests > 0) == polls, cell.name
        assert (cell.way.sent_bytes or 0) > 30, "an update has a text, and a text has bytes"
        if polls:
            assert (cell.way.received_bytes or 0) > 10, cell.name
        assert cell.way.origin.cpu_s is not None
        assert cell.way.browser.memory_bytes > 1e7


@pytest.mark.parametrize("engine", ENGINES)
def test_who_is_dropped_comes_back_and_continues(dropped: Results, engine: str) -> None:
    cells = of(dropped, engine)
    assert {cell.transport for cell in cells} >= {"sse", "websocket"}
    for cell in cells:
        assert cell.verdict in ("confirmed", "refuted"), f"{cell.name}: {cell.why}"
        assert cell.answer == "all came back, nothing lost", f"{cell.name}: {cell.why}"
        assert [drop.how for drop in cell.drops] == ["end", "reset", "shut"]
        if cell.transport == "sse":
            named = [one for drop in cell.drops for one in drop.clients]
            assert all(one.last_event_id == str(one.had) for one in named), cell.name
            assert all(one.kinds.keys() == {"score", "commentary"} for one in named), "named events reach their listeners"


def case(found: Results, name: str) -> CellResult:
    [cell] = [one for one in found.cells if one.case == name]
    return cell


def test_retry_is_what_the_origin_said_and_a_refusal_is_for_good(tmp_path: Path) -> None:
    cases = ("--case", "retry 1000", "--case", "status 204", "--case", "no event stream")
    found = measured(tmp_path, "coming_back", "--engine", "chromium", "--protocol", "h1", *cases)
    assert case(found, "retry 1000").answer == "retry honoured"
    for name in ("status 204", "no event stream"):
        cell = case(found, name)
        assert cell.answer == "gone for good", cell.why
        assert all((one.asks, bool(one.failed)) == (1, True) for drop in cell.drops for one in drop.clients)


@pytest.mark.parametrize("engine", ENGINES)
def test_bytes_survive_or_do_not(carried: Results, engine: str) -> None:
    for cell in of(carried, engine):
        assert cell.verdict in ("confirmed", "refuted"), f"{cell.name}: {cell.why}"
        sizes = {one.name: one for one in cell.payloads if one.content_bytes is not None}
        for name, one in sizes.items():
            whole = one.survived_bytes == one.content_bytes
            assert whole == (name != "binary, raw"), f"{cell.name}, {name}: {one}"
            assert one.sent_bytes > (one.content_bytes or 0)
        if cell.transport == "sse":
            assert sizes["binary, base64"].sent_bytes > 4 / 3 * (sizes["binary, base64"].content_bytes or 0)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    "name", ["several lines", "CRLF cut at every byte", "the same cut at every byte", "a BOM within", "1048576 bytes"]
)
def test_what_the_format_promises_comes_whole(carried: Results, engine: str, name: str) -> None:
    for cell in of(carried, engine, transport="sse"):
        [one] = [each for each in cell.payloads if each.name == name]
        assert one.right, f"{cell.name}: {one.note}"
