"""Damaged logs: each is explained or refused with one line. Nothing else is raised, and every form of it can be made."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.errors import UsageError
from lab.probe.explain import explain
from lab.probe.explain.as_json import as_json
from lab.probe.explain.page import render
from lab.probe.explain.words import sentences
from tests.fuzz import rounds
from tests.fuzz.damage import NOISE, changed, damaged
from tests.probe.explain.recording import FOLDER, LOGS


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("damaged") / "log"


def told_or_refused(path: Path, raw: bytes) -> None:
    path.write_bytes(raw)
    try:
        one = explain(path)
    except UsageError as error:
        assert len(str(error).splitlines()) == 1
        return
    assert sentences(one)
    json.loads(as_json(one))
    render(one)


@pytest.mark.parametrize("name", LOGS)
def test_a_damaged_log(path: Path, name: str) -> None:
    raw = (FOLDER / name).read_bytes()
    lines = [line.removesuffix(b",") for line in raw.splitlines()]
    events = [line for line in lines if line.startswith(b'{"params"') and len(line) < 2000]
    other = (
        st.sampled_from(events).flatmap(changed) if events else st.sampled_from(lines).map(lambda line: line[:60] + line[70:])
    )

    @rounds(25)
    @given(damaged(raw, other | NOISE))
    def each(raw: bytes) -> None:
        told_or_refused(path, raw)

    each()


@rounds(150)
@given(st.binary(max_size=200), st.sampled_from([b"", b'{"constants":', b"\x1f\x8b", b"PK\x03\x04", b"\xff\xfe", b'{"log": {']))
def test_what_is_no_log(path: Path, raw: bytes, start: bytes) -> None:
    path.write_bytes(start + raw)
    with pytest.raises(UsageError):
        explain(path)
