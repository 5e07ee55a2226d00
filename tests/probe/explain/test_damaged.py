"""Damaged logs: each is explained or refused with one line. Nothing else is raised, and every form of it can be made."""

from __future__ import annotations

import gzip
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
from tests.probe.explain.made import two_of_three
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

    @rounds(12)
    @given(damaged(raw, other | NOISE))
    def each(raw: bytes) -> None:
        told_or_refused(path, raw)

    each()


@rounds(100)
@given(st.binary(max_size=200), st.sampled_from([b"", b'{"constants":', b"\x1f\x8b", b"PK\x03\x04", b"\xff\xfe", b'{"log": {']))
def test_what_is_no_log(path: Path, raw: bytes, start: bytes) -> None:
    path.write_bytes(start + raw)
    with pytest.raises(UsageError):
        explain(path)


@pytest.mark.parametrize(
    "constants",
    [
        {"logEventTypes": {"SOCKET_POOL": "text"}},
        {"logEventTypes": {}, "logEventPhase": []},
        {"logEventTypes": {}, "timeTickOffset": "abc"},
        {"logEventTypes": {}, "logFormatVersion": "2\n3"},
    ],
)
def test_damaged_constants_are_one_line(path: Path, constants: dict[str, object]) -> None:
    path.write_text(json.dumps({"constants": constants, "events": []}))
    with pytest.raises(UsageError) as raised:
        explain(path)
    assert len(str(raised.value).splitlines()) == 1


def test_constants_that_are_nested_for_ever_are_one_line(path: Path) -> None:
    path.write_text('{"constants":' + '{"a":' * 100_000)
    with pytest.raises(UsageError):
        explain(path)


@pytest.mark.parametrize("time", ["inf", "nan", "x"])
def test_a_last_event_without_a_time_takes_no_wait_away(path: Path, time: str) -> None:
    log = two_of_three()
    log.events[-1]["time"] = time
    path.write_text(log.text())
    one = explain(path)
    assert one.history.length_ms == 590, "up to the last event that is read"
    [queue] = one.queues
    assert queue.longest.ms == 500
    render(one)
    as_json(one)


def test_a_packed_log_with_something_behind_it_is_explained(path: Path) -> None:
    path.write_bytes(gzip.compress(two_of_three().text().encode()) + b"garbage")
    assert explain(path).queues
