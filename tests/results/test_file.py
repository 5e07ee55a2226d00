from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from lab.errors import MachineError, UsageError
from lab.judge import judge
from lab.results import file as results
from lab.results.file import Machine, Results
from tests.conftest import ROOT
from tests.judge.test_limits import seen


def made(*cells: results.CellResult) -> Results:
    """A small run, as a run would have written it."""
    return Results(
        run="20261123-120000",
        started="2026-11-23T12:00:00+00:00",
        finished="2026-11-23T12:01:00+00:00",
        planned=len(cells),
        machine=Machine(system="Linux", cpus=2, load=0.5),
        versions={"seventh-tab": "0.1.0"},
        questions={"s": "Does it?"},
        cells=list(cells),
    )


def cell(asked: int = 12, live: int = 6, **changes: Any) -> results.CellResult:
    observation = seen(asked, live, engine_version="156.0.1", **changes)
    return results.cell_result(observation, judge(observation))


def test_what_is_written_can_be_read(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    results.write(made(cell()), path)
    assert results.read(path) == made(cell())
    assert [one.name for one in tmp_path.iterdir()] == ["results.json"]
    raw = json.loads(path.read_text())
    assert raw["schema"] == "seventh-tab/3"
    wanted = "scenario engine engine_version protocol transport opened asked live documents connections max_streams claim"
    assert {*wanted.split(), "verdict", "cause", "why", "seconds", "witnesses"} <= raw["cells"][0].keys()


def test_times_count_from_the_beginning_of_the_cell() -> None:
    from lab.model.ledger import CellBegan

    observation = seen(12, 6)
    shifted = seen(12, 6, ledger=(CellBegan(at_ms=-1000, cell="c", streams_per_connection=100), *observation.ledger))
    one = results.cell_result(shifted, judge(shifted))
    assert one.settled_ms == 2000
    assert one.rows[0].opened_ms == 1001
    assert one.rows[0].streams[0].opened_ms == 1001
    [release] = one.releases
    assert (release.ended_ms, release.arrived[0].after_ms) == (2005, 12)


def test_the_committed_schema_has_not_drifted() -> None:
    committed = (ROOT / "lab" / "report" / "results.schema.json").read_text(encoding="utf-8")
    assert committed == results.json_schema(), "python -c \"from lab import results; print(results.json_schema(), end='')\""


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"", "is not JSON"),
        (b"<html>", "is not JSON"),
        (b"\xff\xfe", "is not JSON"),
        (b"[]", "not of Seventh Tab"),
        (b'{"schema": 3}', "not of Seventh Tab"),
        (b'{"schema": "seventh-tab/4"}', "has schema 'seventh-tab/4'"),
        (b'{"schema": "seventh-tab/3"}', "does not keep to schema"),
        (b'\xef\xbb\xbf{"schema": "seventh-tab/3"}', "is not JSON|does not keep to schema"),
        (b'{"schema": "seventh-tab/3", "run": NaN}', "does not keep to schema"),
    ],
)
def test_a_file_that_is_no_results_file(tmp_path: Path, content: bytes, complaint: str) -> None:
    path = tmp_path / "results.json"
    path.write_bytes(content)
    with pytest.raises(UsageError, match=complaint):
        results.read(path)


@pytest.mark.parametrize(
    ("name", "value"), [("protocol", "h3"), ("cause", "the moon"), ("opened", "windows"), ("verdict", "perhaps")]
)
def test_a_file_with_words_of_another_version(tmp_path: Path, name: str, value: str) -> None:
    results.write(made(msgspec.structs.replace(cell(), **{name: value})), tmp_path / "results.json")
    with pytest.raises(UsageError, match="does not know"):
        results.read(tmp_path / "results.json")


def test_a_file_cut_short_anywhere(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    results.write(made(cell()), path)
    whole = path.read_bytes().rstrip()
    for end in range(40, len(whole), 97):
        path.write_bytes(whole[:end])
        with pytest.raises(UsageError, match="is cut short"):
            results.read(path)


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="can't be read"):
        results.read(tmp_path / "none.json")


def test_writing_fails_without_touching_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    results.write(made(), path)
    (tmp_path / "results.json.new").mkdir()
    with pytest.raises(MachineError, match="could not be written"):
        results.write(made(cell()), path)
    assert results.read(path) == made()
