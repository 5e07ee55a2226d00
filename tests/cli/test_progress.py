"""What a run shows while it goes on."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import pytest
from rich.console import Console

from lab.cli import progress as shown
from lab.cli.progress import LINE, RunProgress, cell_in_words
from lab.model.cell import Cell
from lab.model.verdict import Kind
from lab.results.file import CellResult
from tests.results.test_file import altered, cell, made

Watch = Callable[[list[CellResult]], RunProgress]


@pytest.fixture
def watch(tmp_path: Path) -> Watch:
    return lambda results: RunProgress([one.cell for one in results], tmp_path / "index.html")


def measured(progress: RunProgress, *results: CellResult) -> None:
    for one in results:
        progress.cell_begins(one.cell)
        progress.cell_ended(one)


def test_without_a_terminal_it_is_a_short_line_a_cell(watch: Watch, capsys: pytest.CaptureFixture[str]) -> None:
    results = [cell(), altered(cell(protocol="h2", live=12), engine="firefox"), altered(cell(), answer="x" * 200, repeat=2)]
    with watch(results) as progress:
        measured(progress, *results)
    first, second, *lines = capsys.readouterr().err.splitlines()
    assert first.startswith("report: ")
    assert first.endswith("index.html (it fills while the run goes on)")
    assert second == "3 cells, perhaps 10 s left"
    assert lines[0] == ("[1/3] How many stay live? Chromium, tabs over HTTP/1.1 by server-sent events: 6 of 12 live")
    assert lines[1].startswith("[2/3, about 10 s left] How many stay live? Firefox, tabs over HTTP/2")
    assert len(lines) == 3
    assert max(map(len, lines)) <= LINE


def test_cells_of_two_engines_may_be_under_way_at_once(watch: Watch, capsys: pytest.CaptureFixture[str]) -> None:
    one, other = cell(), altered(cell(), engine="firefox", name="other")
    other = altered(other, name=other.cell.name)
    with watch([one, other]) as progress:
        progress.cell_begins(one.cell)
        progress.cell_begins(other.cell)
        progress.cell_ended(other)
        progress.cell_ended(one)
    lines = capsys.readouterr().err.splitlines()
    assert [line.partition("]")[0] for line in lines[-2:]] == ["[1/2", "[2/2"]


def test_a_cell_that_is_measured_again_is_counted(watch: Watch, capsys: pytest.CaptureFixture[str]) -> None:
    with watch([cell()]) as progress:
        measured(progress, altered(cell(), kind=Kind.INCONCLUSIVE), cell())
    lines = capsys.readouterr().err.splitlines()
    assert lines[-2].endswith(": inconclusive")
    assert lines[-1].startswith("[2/2")


def test_a_fault_that_repeats_names_itself_once(watch: Watch, capsys: pytest.CaptureFixture[str]) -> None:
    results = [altered(cell(), kind=Kind.HARNESS_FAULT, why="The origin has gone.", repeat=turn) for turn in (1, 2, 3)]
    with watch(results) as progress:
        measured(progress, *results)
    said = capsys.readouterr().err
    assert said.count("harness fault: The origin has gone.") == 1
    assert said.count(": harness fault") == 3


def test_only_a_calibration_that_failed_is_told(watch: Watch, capsys: pytest.CaptureFixture[str]) -> None:
    with watch([cell()]) as progress:
        progress.calibrated(cell())
        progress.calibrated(altered(cell(), kind=Kind.HARNESS_FAULT, why="7 were held"))
    said = capsys.readouterr().err
    assert said.count("Calibration") == 1
    assert "Calibration over HTTP/1.1 over TLS: harness fault: 7 were held" in said


def test_nothing_from_elsewhere_is_obeyed(watch: Watch, capsys: pytest.CaptureFixture[str]) -> None:
    one = altered(cell(), answer="[red]\x1b]0;x\x07", case="\x1b[2J")
    with watch([one]) as progress:
        measured(progress, one)
    said = capsys.readouterr().err
    assert "\x1b" not in said
    assert "[red]" in said


def test_the_page_grows_with_the_run(watch: Watch, tmp_path: Path) -> None:
    results = made()
    with watch([cell()]) as progress:
        progress.page.begin(results)
        assert (tmp_path / "index.html").is_file()


def test_in_a_terminal_it_is_a_bar(watch: Watch, monkeypatch: pytest.MonkeyPatch) -> None:
    screen = io.StringIO()
    made_console = Console

    def console(**_: object) -> Console:
        return made_console(file=screen, force_terminal=True, width=80, color_system=None, highlight=False)

    monkeypatch.setattr(shown, "Console", console)
    one, other = cell(), altered(cell(), engine="firefox")
    with watch([one, other]) as progress:
        progress.cell_begins(one.cell)
        progress.cell_begins(other.cell)
        progress.cell_ended(one)
    said = screen.getvalue()
    assert "How many stay live? Chromium, tabs over HTTP/1.1 by server-sent events" in said
    assert "How many stay live? Firefox" in said
    assert "1 of 2 cells, perhaps 10 s left" in said
    assert "[1/2" not in said


def test_a_question_of_ones_own_is_named_by_its_scenario() -> None:
    one = Cell(scenario="mine", question="new", engine="chromium", protocol="h2", transport="sse", at_most=3, case="half")
    assert cell_in_words(one) == "mine Chromium, half over HTTP/2 by server-sent events"
