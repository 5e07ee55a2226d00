"""observations.jsonl: a line each on the disk at once, read again whole or cut off; and results.json the same to the byte."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import msgspec
import pytest

from lab.errors import MachineError, UsageError
from lab.model.browsers import BrowserLog, HeldRequest, LaunchAttempt
from lab.model.cell import CONTROL_CLIENT
from lab.model.claims import AtMost
from lab.model.ledger import CellBegan, ConnectionOpened, StreamClosed
from lab.model.observation import Observation, Screenshot
from lab.model.verdict import Kind, Limit
from lab.results import file
from lab.results.file import Machine, Results
from lab.results.observations import (
    FORMAT,
    BrowsersTried,
    Calibrated,
    LogKept,
    ObservationsFile,
    Observed,
    Record,
    RunBegan,
    RunEnded,
    RunRecord,
    read_records,
)
from tests.judge.made import of_cell, seen, with_ledger
from tests.judge.test_judge import MADE

NAME = "observations.jsonl"
BEGAN = RunBegan(
    run="20261123-120000",
    started="2026-11-23T12:00:00+00:00",
    planned=7,
    machine=Machine(system="Linux", cpus=2, load=0.5),
    versions={"seventh-tab": "0.1.0"},
    questions={"s": "Does it?"},
)
TRIED = LaunchAttempt("chromium", "Playwright's own", version="156.0.1")
FAILED = LaunchAttempt("firefox", "channel", reason="not found", fix="install it")


def rich() -> Observation:
    """With whatever may not come back from JSON as it was: bytes, numbers as keys, whole numbers where broken ones may stand,
    letters of every kind, and what the ledger and a log say."""
    held = HeldRequest("https://x/?tab=7&q=別", 7, Limit.CONNECTIONS, 1, 6, "a note\u2028", "line \x07")
    made = seen(
        12, 6, case="別の ポート 😀", browser_log=BrowserLog((held, *held_back(range(8, 13)))), load=0.1 + 0.2, seconds=12,
        screenshots=(Screenshot(1, bytes(range(256))), Screenshot(2, why="no\n")), quiet_ms=1e-7,
    )  # fmt: skip
    began = CellBegan(at_ms=-3, cell=made.cell.name, streams_per_connection=100)
    return msgspec.structs.replace(made, ledger=(began, *(made.ledger or ())))


def held_back(clients: range) -> list[HeldRequest]:
    return [HeldRequest(f"https://x/?tab={tab}", tab, Limit.CONNECTIONS, 1 / 3) for tab in clients]


def calibration() -> Observation:
    claim = AtMost(limit=4, source="the control client")
    return seen(4, 4, protocol="h2", claim=claim, engine=CONTROL_CLIENT, opening="page")


def turn(number: int, made: Observation) -> Observation:
    """The same, as another repeat of its cell: each cell of a run has a name of its own."""
    return of_cell(made, msgspec.structs.replace(made.cell, repeat=number))


RECORDS: tuple[Record, ...] = (
    BEGAN,
    Calibrated(observation=calibration()),
    BrowsersTried(attempts=(TRIED, FAILED)),
    LogKept(name="chromium.netlog.json"),
    *(Observed(observation=turn(number, one)) for number, one in enumerate(MADE.values(), start=10)),
    BrowsersTried(attempts=(TRIED,)),
    LogKept(name="chromium.netlog.json"),
    Observed(observation=rich()),
    Observed(observation=turn(2, msgspec.structs.replace(rich(), ledger=None, browser_log=None))),
    Observed(observation=seen(12, 6, faults=("it broke",))),
    RunEnded(finished="2026-11-23T12:01:00+00:00"),
)


def results_of(records: list[Record] | tuple[Record, ...]) -> Results:
    run = RunRecord()
    for one in records:
        run.add(one)
    return run.results


def written(path: Path, *records: Record) -> Path:
    with ObservationsFile(path / NAME) as out:
        for one in records:
            out.append(one)
    return path / NAME


def test_results_are_the_same_to_the_byte_when_made_again(tmp_path: Path) -> None:
    """The run makes them as it goes, from values that never were JSON."""
    live = results_of(RECORDS)
    again = results_of(read_records(written(tmp_path, *RECORDS)))
    file.write(live, tmp_path / "live.json")
    file.write(again, tmp_path / "again.json")
    assert (tmp_path / "live.json").read_bytes() == (tmp_path / "again.json").read_bytes()
    assert file.read(tmp_path / "live.json") == again


def test_what_is_read_is_what_was_written(tmp_path: Path) -> None:
    assert read_records(written(tmp_path, *RECORDS)) == list(RECORDS)
    assert len((tmp_path / NAME).read_bytes().splitlines()) == len(RECORDS)


def test_a_record_tells_what_came_of_it() -> None:
    run = RunRecord()
    told = [run.add(one) for one in RECORDS]
    kinds = [one.verdict.kind for one in told if one]
    assert kinds == [*[Kind.CONFIRMED] * (len(MADE) + 3), Kind.HARNESS_FAULT]
    assert [one for one in told if one] == [*run.results.calibration, *run.results.cells]


def test_a_cell_that_is_measured_again_takes_the_place_of_its_first_try() -> None:
    """As a run does when the machine was too busy to tell."""
    first, again = seen(12, 5), seen(12, 6)
    run = RunRecord()
    for one in (BEGAN, Observed(observation=first), Observed(observation=turn(2, first)), Observed(observation=again)):
        run.add(one)
    assert [(one.cell.repeat, one.verdict.live) for one in run.results.cells] == [(2, 5), (1, 6)]


def test_the_rest_of_a_run_is_in_its_results_too() -> None:
    results = results_of(RECORDS)
    assert (results.run, results.planned, results.machine, results.versions) == (
        BEGAN.run, BEGAN.planned, BEGAN.machine, BEGAN.versions,
    )  # fmt: skip
    assert results.browsers == [TRIED, FAILED]
    assert results.network_logs == ["chromium.netlog.json"]
    assert (results.finished, results.interrupted) == ("2026-11-23T12:01:00+00:00", False)


def test_a_run_that_was_ended_by_its_user_or_not_at_all() -> None:
    assert results_of([BEGAN, RunEnded(interrupted=True)]).interrupted
    assert results_of([BEGAN]).finished is None


def test_two_runs_share_nothing() -> None:
    one, two = results_of([BEGAN]), results_of([BEGAN])
    one.network_logs.append("x")
    assert two.network_logs == []


def test_a_run_begins_with_its_beginning() -> None:
    with pytest.raises(ValueError, match="RunBegan"):
        RunRecord().add(LogKept(name="x"))


def test_a_line_is_on_the_disk_before_the_run_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[bytes] = []
    monkeypatch.setattr(os, "fsync", lambda descriptor: synced.append((tmp_path / NAME).read_bytes()))
    with ObservationsFile(tmp_path / NAME) as out:
        out.append(BEGAN)
        out.append(LogKept(name="x"))
    assert [one.count(b"\n") for one in synced] == [1, 2]


def test_a_last_line_that_was_cut_is_left_out_wherever_it_was_cut(tmp_path: Path) -> None:
    path = written(tmp_path, BEGAN, LogKept(name="a"), Observed(observation=rich()))
    whole = path.read_bytes()
    start = whole.rindex(b"\n", 0, -1) + 1
    for end in range(start, len(whole) - 1, 211):
        path.write_bytes(whole[:end])
        assert read_records(path) == [BEGAN, LogKept(name="a")]
    path.write_bytes(whole[:-1])
    assert len(read_records(path)) == 3, "only its line feed is missing"


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"", "holds no observations"),
        (b"hello\n", "holds no observations"),
        (b"{}\n", "holds no observations"),
        (b'{"record":"RunBegan","format":"seventh-tab-observations/2"}\n', "has format 'seventh-tab-observations/2'"),
        (b'{"record":"RunBegan","format":"%s"}\n' % FORMAT.encode(), "line 1 is no record of a run"),
        (b'{"record":"LogKept","name":"x","format":"%s"}\n' % FORMAT.encode(), "does not begin with the beginning"),
        (b'{"record":"RunBegan","format":"%s","run":' % FORMAT.encode(), "holds no observations"),
        (msgspec.json.encode(BEGAN) + b"\nno record\n{}", "line 2 is no record"),
        (msgspec.json.encode(BEGAN) + b'\n{"record":"Dreamt"}\n', "line 2 is no record"),
        ((msgspec.json.encode(BEGAN) + b"\n") * 2, "the beginning of a second run"),
    ],
)
def test_a_file_that_holds_no_run(tmp_path: Path, content: bytes, complaint: str) -> None:
    path = tmp_path / NAME
    path.write_bytes(content)
    with pytest.raises(UsageError, match=complaint) as caught:
        read_records(path)
    assert str(path) in caught.value.message
    assert "\n" not in str(caught.value)


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="can't be read"):
        read_records(tmp_path / "none.jsonl")


@pytest.mark.parametrize(("field", "value"), [("protocol", "h9"), ("opening", "windows"), ("question", "why")])
def test_a_word_of_another_version(tmp_path: Path, field: str, value: str) -> None:
    made = seen(1, 1)
    strange = msgspec.structs.replace(made, cell=msgspec.structs.replace(made.cell, **{field: value}))
    with pytest.raises(UsageError, match=f"line 2 is no record of a run: this version does not know the {field} '{value}'"):
        read_records(written(tmp_path, BEGAN, Observed(observation=strange)))


def test_a_door_of_another_version(tmp_path: Path) -> None:
    strange = with_ledger(seen(1, 1), ConnectionOpened(at_ms=1, connection=9, door="h9", peer="x"))
    with pytest.raises(UsageError, match="does not know the door 'h9'"):
        read_records(written(tmp_path, BEGAN, Observed(observation=strange)))


class FullDisk:
    """Writes half of a line, and then there is no room."""

    def __init__(self, real: Any) -> None:
        self._real = real
        self.full = False

    def write(self, line: bytes) -> int:
        if self.full:
            self._real.write(line[: len(line) // 2])
            raise OSError(errno.ENOSPC, "No space left on device")
        return int(self._real.write(line))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)


def test_a_line_for_which_there_is_no_room_is_taken_back(tmp_path: Path) -> None:
    """What was measured before stays readable, and what comes after is a line of its own."""
    with ObservationsFile(tmp_path / NAME) as out:
        out.append(BEGAN)
        disk = FullDisk(out._file)
        out._file = disk  # type: ignore[assignment]
        disk.full = True
        with pytest.raises(MachineError, match="No space left on device"):
            out.append(Observed(observation=rich()))
        disk.full = False
        assert read_records(tmp_path / NAME) == [BEGAN]
        out.append(RunEnded(interrupted=True))
    assert read_records(tmp_path / NAME) == [BEGAN, RunEnded(interrupted=True)]


def test_a_file_that_cannot_be_made(tmp_path: Path) -> None:
    with pytest.raises(MachineError, match="could not be written"):
        ObservationsFile(tmp_path / "none" / NAME)
    (tmp_path / NAME).touch()
    with pytest.raises(MachineError, match="could not be written"):
        ObservationsFile(tmp_path / NAME)


def test_old_evidence_is_judged_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A judge that has learnt something says it of what was seen before it had."""
    from lab import judge as room
    from lab.model.verdict import Verdict

    path = written(tmp_path, BEGAN, Observed(observation=seen(12, 6)))
    monkeypatch.setitem(room.VERDICTS, "limits", lambda seen, witnesses: Verdict(kind=Kind.REFUTED, why="as we know now"))
    [one] = results_of(read_records(path)).cells
    assert (one.verdict.kind, one.verdict.why) == (Kind.REFUTED, "as we know now")


def test_a_stream_that_ended_keeps_its_numbers(tmp_path: Path) -> None:
    made = with_ledger(seen(1, 1), StreamClosed(at_ms=2000.123, stream=1, reason="client", sent=3))
    [_, one] = read_records(written(tmp_path, BEGAN, Observed(observation=made)))
    assert isinstance(one, Observed)
    assert one.observation == made
