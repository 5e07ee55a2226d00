"""The last screen of a run: it fits, whatever was measured, says what counts, and obeys nothing."""

from __future__ import annotations

import itertools
from collections import Counter

import msgspec
import pytest
from rich.cells import cell_len

from lab.model.observation import ClientSeen
from lab.model.verdict import KINDS, Kind
from lab.report.findings import differing
from lab.report.last_screen import FAILED, LIVE, MOST_LINES, WAITING, cut, last_screen, table
from lab.results import file
from lab.results.file import CellResult, Results
from lab.results.repeats import repeats
from tests.conftest import ROOT
from tests.report.test_render import HOSTILE
from tests.results.test_file import altered, cell, made

WIDTH = 80
EVIL = f"{HOSTILE} [/bold] \x1b]0;x\x07 日本語\u202e\r\n\t\u2028"


@pytest.fixture(scope="module")
def sample() -> Results:
    return file.read(ROOT / "reports" / "sample" / "results.json.gz")


def screen(results: Results, width: int = WIDTH) -> list[str]:
    lines = last_screen(results, width)
    assert len(lines) <= MOST_LINES
    assert [line for line in lines if cell_len(line) > width] == []
    assert all(line == line.rstrip() and line.splitlines() == [line] for line in lines if line)
    assert all(any(pair) for pair in itertools.pairwise(lines)), "no two empty lines follow each other"
    assert lines[0]
    assert lines[-1]
    return lines


def only(results: Results, *cells: CellResult) -> Results:
    return msgspec.structs.replace(results, cells=list(cells))


def test_the_sample_has_everything(sample: Results) -> None:
    lines = screen(sample)
    assert lines[0].startswith("In Chromium 156, 6 of 12 tabs stayed live over HTTP/1.1")
    at = lines.index(f"Tabs: {LIVE} live, {WAITING} waiting")
    assert lines[at + 1 : at + 5] == [
        "Chromium 156  HTTP/1.1  ● ● ● ● ● ● ○ ○ ○ ○ ○ ○   6 of 12 live, 6 connections",
        "              HTTP/2    ● ● ● ● ● ● ● ● ● ● ● ●  12 of 12 live, 1 connection",
        "Firefox 153   HTTP/1.1  ● ● ● ● ● ● ● ● ● ○ ○ ○   9 of 12 live, 9 connections",
        "              HTTP/2    ● ● ● ● ● ● ● ● ● ● ● ●  12 of 12 live, 1 connection",
    ]
    assert "WebSockets                     255 / 200   255           200" in lines
    differs = next(at for at, line in enumerate(lines) if line.startswith("Differs from the documentation"))
    assert lines[differs + 1 + len(differing(sample))] == ""
    assert lines[-1] == "140 cells in 8 min 55 s: 125 confirmed, 15 refuted."


def test_every_selection_of_the_sample_has_its_screen(sample: Results) -> None:
    """One scenario, one engine, one cell; and each number of cells, as after an interruption."""
    for field in ("scenario", "engine", "protocol", "transport", "opening"):
        for value in {getattr(one.cell, field) for one in sample.cells}:
            assert len(screen(only(sample, *(one for one in sample.cells if getattr(one.cell, field) == value)))) > 2
    for count in range(0, len(sample.cells), 7):
        cells = only(sample, *sample.cells[:count])
        cells.finished = None
        assert screen(cells)[0] == f"This run was cut off after {count} of 140 cells."
    for one in sample.cells[::9]:
        screen(only(sample, one))


def huge(sample: Results) -> Results:
    """Thousands of cells, of many engines and scenarios, with every verdict; and calibrations that failed."""
    cells = [
        altered(one, engine=f"engine{number}", scenario=f"{one.cell.scenario}_{number}", kind=kind, why=f"Because of {number}.")
        for number, kind in enumerate([*Kind] * 2)
        for one in sample.cells
    ]
    results = only(sample, *sample.cells, *cells)
    results.calibration = [altered(one, kind=Kind.HARNESS_FAULT, why="7 were held") for one in sample.cells[:3]]
    results.finished, results.interrupted = None, True
    return results


def test_a_huge_run_fits_and_says_what_is_left_out(sample: Results) -> None:
    lines = screen(huge(sample))
    assert lines[0] == f"This run was interrupted after {140 * 13} of 140 cells."
    assert sum(line.startswith("Calibration over ") for line in lines) == 3
    assert any(line.endswith("more in the report") for line in lines)
    assert any("rows; the report has the others" in line for line in lines)
    assert f"… of {len(differing(huge(sample)))} in all; the report has the others" in lines
    kinds = Counter(one.verdict for one in repeats(huge(sample)))
    doubts = f"{kinds[Kind.HARNESS_FAULT]} harness fault, {kinds[Kind.DISPUTED]} disputed, "
    assert any(line.startswith(f"Without a clear answer: {doubts}") for line in lines)
    assert len(lines) == MOST_LINES, "nothing is left out while there is room"


@pytest.mark.parametrize("width", [20, 40, 79])
def test_a_narrow_terminal(sample: Results, width: int) -> None:
    lines = last_screen(sample, width)
    assert [line for line in lines if cell_len(line) > width] == []


def test_nothing_was_measured() -> None:
    """Or not everything."""
    assert screen(made()) == ["Nothing was measured.", "", "0 cells in 1 min 0 s."]
    absent = cell(missing="Firefox did not start. /no/firefox: it is not there", engine="firefox")
    lines = screen(made(cell(), absent))
    assert "Firefox 156   HTTP/1.1                           not measured" in lines
    assert lines[-2:] == [
        "Without a clear answer: 1 unsupported (Firefox 156, tabs, HTTP/1.1: Firefox did…",
        "2 cells in 1 min 0 s: 1 confirmed, 1 unsupported.",
    ]


def test_a_question_without_sentences_is_told_cell_by_cell() -> None:
    mine = altered(cell(), question="mine", scenario="mine", why="2 of 2 said hello. One said it twice.")
    assert screen(made(mine))[:2] == ["Chromium 156, tabs over HTTP/1.1 by server-sent events: 2 of 2 said hello.", ""]
    assert screen(made(altered(mine, kind=Kind.DISPUTED)))[0] == "No cell has a clear answer."


@pytest.mark.parametrize("kind", [Kind.DISPUTED, Kind.INCONCLUSIVE, Kind.HARNESS_FAULT])
def test_an_unsure_number_is_not_shown_as_sure(kind: Kind) -> None:
    lines = screen(made(altered(cell(), kind=kind, why="They differ. And so on.")))
    assert any(line.endswith(f"6 of 12 live, 6 connections, {KINDS[kind].label}") for line in lines)
    assert any(line.startswith(f"Without a clear answer: 1 {KINDS[kind].label} (") for line in lines)


def test_the_marks_are_the_tabs_in_their_order() -> None:
    clients = tuple(ClientSeen(tab, document=True, live=tab == 2, failed="refused" if tab == 1 else None) for tab in (3, 1, 2))
    lines = screen(made(altered(cell(3, 1), clients=clients)))
    assert any(line.startswith(f"Chromium 156  HTTP/1.1  {FAILED} {LIVE} {WAITING}  1 of 3 live") for line in lines)
    assert f"Tabs: {LIVE} live, {WAITING} waiting, {FAILED} failed" in lines


def test_many_tabs_are_counted() -> None:
    assert any("95 × ●, 5 × ○  95 of 100 live" in line for line in screen(made(cell(100, 95))))


def test_repeats_show_their_range() -> None:
    lines = screen(made(cell(), altered(cell(live=7), repeat=2)))
    assert any("6 to 7 of 12 live, 6 to 7 connections" in line for line in lines)


def test_nothing_from_elsewhere_is_obeyed_or_breaks_a_line() -> None:
    one = altered(cell(live=9), scenario=EVIL, engine=EVIL, engine_version=EVIL, why=EVIL, case=EVIL, answer=EVIL)
    results = made(one, altered(one, kind=Kind.DISPUTED, repeat=2))
    results.calibration = [altered(cell(), kind=Kind.HARNESS_FAULT, why=EVIL)]
    said = "".join(screen(results))
    assert not {"\x1b", "\x07", "\r", "\t", "\u2028"} & set(said)


def test_no_payload_is_quoted(sample: Results) -> None:
    """A verdict's reason quotes what a page received; the screen has only the first sentence of it."""
    quoted = [each.note for one in sample.cells for each in one.payloads if each.note]
    assert quoted
    payloads = [one for one in sample.cells if one.payloads]
    doubtful = [altered(one, kind=Kind.DISPUTED) for one in payloads]
    for results in (only(sample, *payloads), only(sample, *doubtful)):
        said = " ".join(screen(results))
        assert "message" not in said
        assert "onetwo" not in said


def test_columns_give_way_and_values_are_cut() -> None:
    assert table([["a" * 30, "bb"], ["c", "日本"]], 12) == ["aaaaa…  bb", "c       日本"]
    assert cut("日本語", 4) == "日…"
