"""What a run does when the machine is too busy to tell, or its disk has no room: without a browser."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from lab.errors import MachineError
from lab.model.browsers import LaunchAttempt
from lab.model.observation import Observation
from lab.model.verdict import Doubt, Kind
from lab.results import file
from lab.results.observations import BrowsersTried, ObservationsFile, Observed
from lab.run import run as module
from lab.run.resources import Plan
from lab.scenario import catalogue
from lab.scenario.selection import Choice
from tests.judge.made import of_cell
from tests.judge.test_delivery import delivered, followed

SCENARIO = catalogue.load(catalogue.home())["delivery"]
CELLS = catalogue.selected(
    [SCENARIO],
    Choice(engines=("chromium",), axes={"protocol": ("h1",), "transport": ("websocket",), "at_most": (12,)}),
)
PLAN = Plan(scenarios=(SCENARIO,), cells=tuple(CELLS))


class Progress:
    def __init__(self) -> None:
        self.ended: list[tuple[str, Doubt | None]] = []

    def calibrated(self, result: Any) -> None: ...
    def cell_begins(self, cell: Any) -> None: ...
    def cell_ended(self, result: Any) -> None:
        self.ended.append((result.name, result.verdict.doubt))


def running(monkeypatch: pytest.MonkeyPatch, tries: list[bool]) -> None:
    """A run in which each measurement of the cell finds the machine busy or not."""

    class Means:
        leaf = Path()

        async def __aenter__(self) -> Means:
            return self

        async def __aexit__(self, *_: object) -> None: ...
        def of(self, engine: str) -> Means:
            return self

        async def origin(self) -> None: ...
        async def replace(self) -> None: ...

    async def calibrate(*_: Any) -> Observation:
        return observation(False)

    async def measure_cell(scenario: Any, cell: Any, means: Any, kept: Any, notes: list[Any], started: bool) -> Observation:
        notes.append(BrowsersTried(attempts=(LaunchAttempt("chromium", "fake", version="1"),)))
        return observation(tries.pop(0))

    monkeypatch.setattr(module, "lanes", lambda *_: Means())
    monkeypatch.setattr(module, "calibrate", calibrate)
    monkeypatch.setattr(module, "measure_cell", measure_cell)


def observation(busy: bool) -> Observation:
    made = followed(12, 12, delivered(range(1, 13), delay_ms=30.0 if busy else 0.5), claim=SCENARIO.claims[1])
    return of_cell(made, CELLS[0])


@pytest.mark.parametrize(
    ("tries", "measured", "kind"),
    [([False], 1, Kind.CONFIRMED), ([True, False], 2, Kind.CONFIRMED), ([True, True, True], 3, Kind.INCONCLUSIVE)],
)
def test_a_cell_is_measured_again_when_the_machine_was_too_busy(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, tries: list[bool], measured: int, kind: Kind
) -> None:
    """Twice at the most; then the report says that it could not be told."""
    assert len(CELLS) == 1
    running(monkeypatch, tries)
    progress = Progress()
    found = asyncio.run(module.run(PLAN, tmp_path, progress))
    assert len(progress.ended) == measured
    assert [cell.verdict.kind for cell in found.cells] == [kind]
    assert file.read(tmp_path / "results.json") == found


def test_what_the_disk_has_no_room_for_is_in_the_results_all_the_same(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A cell was lost from the terminal and from every report when its line could not be written."""
    running(monkeypatch, [False])
    append = ObservationsFile.append

    def no_room(self: ObservationsFile, record: Any) -> None:
        if isinstance(record, Observed):
            raise MachineError("observations.jsonl could not be written: No space left on device")
        append(self, record)

    monkeypatch.setattr(ObservationsFile, "append", no_room)
    begun: list[Any] = []
    with pytest.raises(MachineError, match="No space left"):
        asyncio.run(module.run(PLAN, tmp_path, Progress(), begun.append))
    assert [cell.verdict.kind for cell in begun[0].cells] == [Kind.CONFIRMED]
    assert len(file.read(tmp_path / "results.json").cells) == 1


def test_a_full_disk_does_not_hide_why_a_run_ended(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    running(monkeypatch, [])

    async def interrupted(*_: Any) -> None:
        raise asyncio.CancelledError

    def no_room(*_: Any) -> None:
        raise MachineError("results.json could not be written: No space left on device")

    monkeypatch.setattr(module, "measure", interrupted)
    monkeypatch.setattr(file, "write", no_room)
    begun: list[Any] = []
    with pytest.raises(asyncio.CancelledError):
        asyncio.run(module.run(PLAN, tmp_path, Progress(), begun.append))
    assert begun[0].interrupted
