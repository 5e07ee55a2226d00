"""results.json and observations.jsonl, damaged, changed and made up: they are read, and say the same when written again; or one
line says why not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.errors import UsageError
from lab.model.observation import Observation
from lab.model.openings import OPENINGS
from lab.model.protocols import PROTOCOLS
from lab.model.questions import QUESTIONS
from lab.results import file
from lab.results.file import Results
from lab.results.observations import Observed, Record, RunRecord, read_records
from tests.conftest import ROOT
from tests.fuzz import rounds
from tests.fuzz.damage import changed, damaged
from tests.fuzz.made_up import BEYOND, JSON, made_up
from tests.results.test_file import cell, made
from tests.results.test_observations import RECORDS

WRITTEN = msgspec.json.format(msgspec.json.encode(made(cell(3, 2), cell(2, 2, protocol="h2"))))
OLDER = [(ROOT / "tests" / "report" / "older" / f"schema-{number}.json").read_bytes() for number in (2, 3)]
LINES = b"".join(msgspec.json.encode(one) + b"\n" for one in RECORDS)


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("fuzz") / "results.json"


def read(path: Path, raw: bytes) -> Results | None:
    """What is read; None where it was refused, in one line that names the file."""
    path.write_bytes(raw)
    try:
        found = file.read(path)
    except UsageError as error:
        assert str(path) in error.message
        assert "\n" not in str(error)
        return None
    file.write(found, path)
    assert file.read(path) == found
    return found


@rounds(150)
@given(raw=st.binary(max_size=60) | JSON.map(msgspec.json.encode) | damaged(WRITTEN))
def test_a_damaged_file_is_read_or_refused(path: Path, raw: bytes) -> None:
    read(path, raw)


@rounds(100)
@given(raw=changed(WRITTEN))
def test_a_file_with_something_else_in_it_is_read_or_refused(path: Path, raw: bytes) -> None:
    read(path, raw)


@rounds(15)
@given(raw=st.sampled_from(OLDER).flatmap(changed))
def test_so_is_an_older_one(path: Path, raw: bytes) -> None:
    read(path, raw)


@rounds(30)
@given(run=made_up(Results, {"Results.schema": st.just(file.SCHEMA)}))
def test_whatever_keeps_to_the_schema_is_read_or_refused(path: Path, run: Results) -> None:
    found = read(path, msgspec.json.encode(run))
    assert found is None or found == run


KNOWN: dict[str, st.SearchStrategy[Any]] = {
    "Cell.protocol": st.sampled_from(list(PROTOCOLS)),
    "Cell.opening": st.sampled_from(list(OPENINGS)),
    "Cell.question": st.sampled_from(list(QUESTIONS)),
    "Observation.missing": st.none(),
    "Observation.faults": st.just(()),
    "Observation.unmet": st.none(),
    "Observation.too_busy": st.none(),
    "ConnectionOpened.door": st.sampled_from(["h1", "h2-2", "control"]),
    "ProbeSeen.outcome": st.sampled_from(["passed", "waited", "failed"]),
    "DropSeen.how": st.sampled_from(["end", "reset", "shut", "melted"]),
}
"""Words that are checked when observations are read, and no obstacle before the question."""


@rounds(100)
@given(seen=made_up(Observation, KNOWN))
def test_whatever_was_seen_can_be_judged(seen: Observation) -> None:
    run = RunRecord()
    run.add(RECORDS[0])
    assert run.add(Observed(observation=seen)) == run.results.cells[0]


def records(path: Path, raw: bytes) -> list[Record] | None:
    """What is read; None where it was refused, in one line that names the file."""
    path.write_bytes(raw)
    try:
        return read_records(path)
    except UsageError as error:
        assert str(path) in error.message
        assert "\n" not in str(error)
        return None


@rounds(100)
@given(raw=st.binary(max_size=60) | JSON.map(msgspec.json.encode) | damaged(LINES))
def test_damaged_observations_are_read_or_refused(path: Path, raw: bytes) -> None:
    """And what is read can be judged."""
    run = RunRecord()
    for one in records(path, raw) or ():
        run.add(one)


@rounds(60)
@given(which=st.integers(0, len(RECORDS) - 1), data=st.data())
def test_an_observation_with_something_else_in_it_is_judged_or_refused(path: Path, which: int, data: st.DataObject) -> None:
    lines = LINES.splitlines(keepends=True)
    lines[which] = data.draw(changed(lines[which])) + b"\n"
    run = RunRecord()
    for one in records(path, b"".join(lines)) or ():
        run.add(one)


@rounds(40)
@given(raw=changed(WRITTEN, BEYOND))
def test_a_number_beyond_all_measure_is_refused(path: Path, raw: bytes) -> None:
    """Wherever it stands: what is read can be drawn."""
    found = read(path, raw)
    assert found is None or not any(len(each) > 16 for each in numbers(msgspec.to_builtins(found, str_keys=True)))


def numbers(tree: Any) -> list[str]:
    match tree:
        case dict():
            return [one for value in tree.values() for one in numbers(value)]
        case list() | tuple():
            return [one for value in tree for one in numbers(value)]
        case int():
            return [str(abs(tree))]
    return []


@pytest.mark.parametrize("raw", [b"[" * 100_000, b'{"schema":"seventh-tab/4","x":' + b"[" * 100_000, b'{"schema":"\\ud800"}'])
def test_a_file_that_is_too_deep(path: Path, raw: bytes) -> None:
    assert read(path, raw) is None
