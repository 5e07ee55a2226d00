"""results.json: written whole, and read with one clear error for whatever is not such a file."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from lab.errors import MachineError, UsageError
from lab.judge import judge
from lab.results import file
from lab.results.file import CellResult, Machine, Results
from lab.results.record import cell_result
from lab.results.upgrade import SCHEMA
from tests.judge.made import DELIVERY, seen


def made(*cells: CellResult) -> Results:
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


def cell(opened: int = 12, live: int = 6, **changes: Any) -> CellResult:
    """One cell of it; `changes` are of what was seen."""
    observation = seen(opened, live, engine_version="156.0.1", **changes)
    return cell_result(observation, judge(observation))


def altered(one: CellResult, **changes: Any) -> CellResult:
    """The same cell with other values in its axes, its verdict or itself."""
    for name in ("cell", "verdict"):
        part = getattr(one, name)
        own = {field: changes.pop(field) for field in list(changes) if field in part.__struct_fields__ and field != "cell"}
        one = msgspec.structs.replace(one, **{name: msgspec.structs.replace(part, **own)})
    return msgspec.structs.replace(one, **changes)


def test_what_is_written_can_be_read(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    file.write(made(cell()), path)
    assert file.read(path) == made(cell())
    assert [one.name for one in tmp_path.iterdir()] == ["results.json"]
    raw = json.loads(path.read_text())
    assert raw["schema"] == SCHEMA
    assert raw["cells"][0]["cell"]["protocol"] == "h1"
    assert raw["cells"][0]["verdict"]["cause"] == "connections"
    assert raw["cells"][0]["claim"] == {"says": "at_most", "source": "somebody", "limit": 6}


def test_a_cell_is_a_line_and_nothing_is_written_twice(tmp_path: Path) -> None:
    """It is small, and grep and diff show whole cells."""
    path = tmp_path / "results.json"
    one, two = cell(), cell(protocol="h2", live=12)
    file.write(made(one, two), path)
    lines = path.read_bytes().splitlines()
    assert msgspec.json.encode(one) + b"," in lines
    assert msgspec.json.encode(two) in lines
    assert path.stat().st_size < len(msgspec.json.encode(made(one, two))) + 100


def test_a_run_without_cells(tmp_path: Path) -> None:
    file.write(made(), tmp_path / "results.json")
    assert file.read(tmp_path / "results.json") == made()


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"", "is not JSON"),
        (b"<html>", "is not JSON"),
        (b"\xff\xfe", "is not JSON"),
        (b"[]", "not of Seventh Tab"),
        (b'{"schema": 3}', "not of Seventh Tab"),
        (b'{"schema": "seventh-tab/5"}', "has schema 'seventh-tab/5'"),
        (b'{"schema": "seventh-tab/4"}', "does not keep to schema"),
        (b'{"schema": "seventh-tab/3"}', "does not keep to schema"),
        (b'{"schema": "seventh-tab/2", "cells": [3]}', "does not keep to schema"),
        (b'\xef\xbb\xbf{"schema": "seventh-tab/3"}', "is not JSON"),
        (b'{"schema": "seventh-tab/4", "run": NaN}', "is cut short"),
        (b'{"schema": "seventh-tab/4", "planned": 9007199254740993}', "does not keep to schema"),
    ],
)
def test_a_file_that_is_no_results_file(tmp_path: Path, content: bytes, complaint: str) -> None:
    path = tmp_path / "results.json"
    path.write_bytes(content)
    with pytest.raises(UsageError, match=complaint):
        file.read(path)


@pytest.mark.parametrize(
    ("name", "value"),
    [("protocol", "h3"), ("opening", "windows"), ("question", "why"), ("cause", "the moon"), ("kind", "perhaps")],
)
def test_a_file_with_words_of_another_version(tmp_path: Path, name: str, value: str) -> None:
    path = tmp_path / "results.json"
    file.write(made(cell()), path)
    raw = json.loads(path.read_bytes())
    part = raw["cells"][0]["cell" if name in raw["cells"][0]["cell"] else "verdict"]
    part[name] = value
    path.write_text(json.dumps(raw))
    with pytest.raises(UsageError, match=f"'{value}'"):
        file.read(path)


def test_percentiles_are_a_hundred_and_one_or_none(tmp_path: Path) -> None:
    one = cell(question="delivery", delivery=DELIVERY)
    assert one.delivery is not None
    short = msgspec.structs.replace(one.delivery, latency_percentiles_ms=(1.0,))
    file.write(made(one, msgspec.structs.replace(one, delivery=short)), tmp_path / "results.json")
    with pytest.raises(UsageError, match="has 1 percentiles of latency, not 101"):
        file.read(tmp_path / "results.json")


def test_a_file_cut_short_anywhere(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    file.write(made(cell()), path)
    whole = path.read_bytes().rstrip()
    for end in range(40, len(whole), 97):
        path.write_bytes(whole[:end])
        with pytest.raises(UsageError, match="is cut short"):
            file.read(path)


def test_a_gzipped_file(tmp_path: Path) -> None:
    path = tmp_path / "results.json.gz"
    path.write_bytes(gzip.compress(file.encode(made(cell()))))
    assert file.read(path) == made(cell())
    whole = path.read_bytes()
    for damaged in (whole[:-9], whole[:30] + bytes(40) + whole[70:], whole[:2]):
        path.write_bytes(damaged)
        with pytest.raises(UsageError, match="is gzipped, and damaged"):
            file.read(path)


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="can't be read"):
        file.read(tmp_path / "none.json")


def test_writing_fails_without_touching_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    file.write(made(), path)
    (tmp_path / "results.json.new").mkdir()
    with pytest.raises(MachineError, match="could not be written"):
        file.write(made(cell()), path)
    assert file.read(path) == made()
