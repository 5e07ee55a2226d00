"""The report while a run goes on: it grows, costs little, and leaves cells alone that measure time."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from lab.cli import live_page
from lab.cli.live_page import SHARE, SHORTEST_S, LivePage
from lab.errors import MachineError
from lab.results.file import Results
from tests.results.test_file import cell, made


class Pages:
    """A page whose writing takes `cost` seconds by the clock: how many cells each version had."""

    def __init__(self, path: Path, monkeypatch: pytest.MonkeyPatch, cost: float) -> None:
        self.now, self.cost = 1000.0, cost
        self.versions: list[int] = []
        monkeypatch.setattr(live_page, "write_report", self._write)
        self.page = LivePage(path, clock=lambda: self.now)

    def _write(self, results: Results, path: Path, running: bool) -> Path:
        assert running
        self.now += self.cost
        self.versions.append(len(results.cells))
        return path


def test_it_is_written_as_cells_end(tmp_path: Path) -> None:
    now, results = 1000.0, made()
    page = LivePage(tmp_path / "index.html", clock=lambda: now)
    page.begin(results)
    first = (tmp_path / "index.html").read_text()
    assert "while the run went on" in first
    results.cells.append(cell())
    now += 1000
    page.cell_ended([])
    assert "6 of 12 tabs stayed live" in (tmp_path / "index.html").read_text()
    assert [one.name for one in tmp_path.iterdir()] == ["index.html"]


@pytest.mark.parametrize("cost", [0.0, 0.01, 0.2, 2.0])
def test_it_takes_at_most_a_small_share_of_the_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cost: float) -> None:
    pages, results = Pages(tmp_path / "index.html", monkeypatch, cost), made()
    pages.page.begin(results)
    began = pages.now
    for _ in range(1000):
        pages.now += 1
        pages.page.cell_ended([])
    written = len(pages.versions) - 1
    assert written * cost <= (pages.now - began) / SHARE
    assert written >= 1000 / (max(SHORTEST_S, SHARE * cost) + cost + 1) - 1, "a cell ends every second"
    assert written <= 1000 / SHORTEST_S


def test_no_page_is_written_while_updates_are_followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pages = Pages(tmp_path / "index.html", monkeypatch, 0.0)
    pages.page.begin(made())
    pages.now += 1000
    timed, counted = msgspec.structs.replace(cell().cell, per_second=5.0), cell().cell
    pages.page.cell_ended([counted, timed])
    assert len(pages.versions) == 1
    pages.page.cell_ended([counted])
    assert len(pages.versions) == 2


def test_a_full_disk_is_told_once_and_does_not_end_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(*_: object, **__: object) -> Path:
        raise MachineError("index.html could not be written: No space left on device", "choose another place with --out")

    monkeypatch.setattr(live_page, "write_report", full)
    now = 1000.0
    page = LivePage(tmp_path / "index.html", clock=lambda: now)
    page.begin(made())
    now += 1000
    page.cell_ended([])
    assert capsys.readouterr().err.count("No space left on device") == 1
