"""Chromium's NetLog as a witness: recorded logs of Chromium 156, whole, damaged and doctored.

Recorded at the moment of the verdict, cut down to the events that are read: h1 with 6 of 12 tabs waiting
for a connection, h2 with 4 of 8 waiting for a stream (the origin allowed 4). The third one is of a Chromium with its new pool
(--enable-features=HappyEyeballsV3), in which some of 9 streams of a page wait for a connection.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from lab.browser.logs.netlog import NEW_POOL_MISSING, NetLog
from lab.model.verdict import Limit

HERE = Path(__file__).parent / "recorded"
H1, H1_CELL = HERE / "chromium-156-h1.netlog.json", "seventh_tab.chromium.h1.sse.12.1"
H2, H2_CELL = HERE / "chromium-156-h2.netlog.json", "seventh_tab.chromium.h2.sse.8.1"
POOL, POOL_CELL = HERE / "chromium-156-pool.netlog.json", "pool.1"


def tabs(log: NetLog, cell: str) -> list[int]:
    account = log.account(cell)
    assert account.missing is None
    return sorted(one.tab for one in account.held if one.tab is not None)


def test_requests_that_wait_for_a_connection() -> None:
    account = NetLog(H1).account(H1_CELL)
    assert tabs(NetLog(H1), H1_CELL) == [7, 8, 9, 10, 11, 12]
    assert {one.waits_for for one in account.held} == {Limit.CONNECTIONS}
    assert {one.limit for one in account.held} == {None}


def test_requests_that_wait_for_a_stream() -> None:
    account = NetLog(H2).account(H2_CELL)
    assert tabs(NetLog(H2), H2_CELL) == [5, 6, 7, 8]
    assert {(one.waits_for, one.limit) for one in account.held} == {(Limit.STREAMS, 4)}


def test_stalls_that_have_ended_are_not_counted() -> None:
    """The first cell of this log stalled as often, and all its requests were served or given up later."""
    text = H1.read_text()
    assert text.count("seventh_tab.chromium.h1-clear.sse.12.1") > 12
    assert tabs(NetLog(H1), "seventh_tab.chromium.h1-clear.sse.12.1") == []


def test_stalls_of_others_are_not_counted(tmp_path: Path) -> None:
    copy = tmp_path / "log"
    copy.write_text(H1.read_text().replace(f"cell={H1_CELL}&transport=sse&tab=9", "of=another"))
    assert tabs(NetLog(copy), H1_CELL) == [7, 8, 10, 11, 12]


def test_a_missing_stall_is_missed(tmp_path: Path) -> None:
    """The witness can disagree: without its stall, a waiting request is not held."""
    lines = H1.read_text().splitlines(keepends=True)
    stalls = [number for number, line in enumerate(lines) if f'"type":{stall_type(lines[0])}' in line]
    del lines[stalls[-1]]
    (tmp_path / "log").write_text("".join(lines))
    assert len(tabs(NetLog(tmp_path / "log"), H1_CELL)) == 5


def total_type(constants: str) -> int:
    _, _, rest = constants.partition('"SOCKET_POOL_STALLED_MAX_SOCKETS":')
    return int(rest.split(",")[0].rstrip("}"))


def test_of_the_first_one_at_a_limit_in_total_only_its_entry_is_logged(tmp_path: Path) -> None:
    """Chromium 156 says nothing of it; beside others that wait for the same limit it is counted, and only there."""
    text = H1.read_text()
    per_host, total = (re.compile(rf'"type":{number}\b') for number in (stall_type(text), total_type(text)))
    lines = per_host.sub(f'"type":{total_type(text)}', text).splitlines(keepends=True)
    stalls = [at for at, line in enumerate(lines) if total.search(line)]
    del lines[stalls[-1]]
    (tmp_path / "log").write_text("".join(lines))
    log = NetLog(tmp_path / "log")
    assert tabs(log, H1_CELL) == [7, 8, 9, 10, 11, 12]
    assert {one.waits_for for one in log.account(H1_CELL).held} == {Limit.SOCKETS}


def stall_type(constants: str) -> int:
    _, _, rest = constants.partition('"SOCKET_POOL_STALLED_MAX_SOCKETS_PER_GROUP":')
    return int(rest.split(",")[0].rstrip("}"))


def test_a_log_of_the_new_pool_is_a_missing_witness() -> None:
    """It logs no stall: read as the old pool's, it says that none is held, whatever is."""
    account = NetLog(POOL).account(POOL_CELL)
    assert (account.held, account.missing) == ((), NEW_POOL_MISSING)
    assert "HTTP_STREAM_POOL_JOB_ALIVE" in POOL.read_text()
    assert "SOCKET_POOL_STALLED" not in POOL.read_text().partition("\n")[2]


def test_the_new_pool_matters_only_to_measured_requests(tmp_path: Path) -> None:
    """A request of the browser's own (for an update, say) may go through it."""
    (tmp_path / "log").write_text(POOL.read_text().replace(f"cell={POOL_CELL}&", ""))
    account = NetLog(tmp_path / "log").account(POOL_CELL)
    assert (account.held, account.missing) == ((), None)


def test_the_new_pool_is_noticed_as_the_log_grows(tmp_path: Path) -> None:
    lines = POOL.read_text().splitlines(keepends=True)
    first = next(at for at, line in enumerate(lines) if f"cell={POOL_CELL}" in line and '"is_preconnect":false' in line)
    (tmp_path / "log").write_text("".join(lines[: first + 1]))
    log = NetLog(tmp_path / "log")
    assert log.account(POOL_CELL).missing is None
    with (tmp_path / "log").open("a") as out:
        out.write(lines[first + 1])
    assert log.account(POOL_CELL).missing == NEW_POOL_MISSING
    with (tmp_path / "log").open("a") as out:
        out.write("anything\n")
    assert log.account(POOL_CELL).missing == NEW_POOL_MISSING


@pytest.mark.parametrize("end", ["]}\n", "]\n}\n", '],\n"polledData": {"a": [1]}}\n'])
def test_a_log_that_was_closed(tmp_path: Path, end: str) -> None:
    """Its last event has no comma, and may have the end of the whole log on its line."""
    (tmp_path / "log").write_text(H1.read_text().rstrip(",\n") + end)
    assert tabs(NetLog(tmp_path / "log"), H1_CELL) == [7, 8, 9, 10, 11, 12]


def test_it_is_read_as_it_grows(tmp_path: Path) -> None:
    """Whatever the pieces it is written in, a line is read once, when it is whole."""
    raw = H1.read_bytes()
    copy = tmp_path / "log"
    copy.write_bytes(raw[: raw.index(b"\n") + 1])
    log = NetLog(copy)
    for start in range(raw.index(b"\n") + 1, len(raw), 1009):
        with copy.open("ab") as out:
            out.write(raw[start : start + 1009])
        assert log.account(H1_CELL).missing is None
    assert tabs(log, H1_CELL) == [7, 8, 9, 10, 11, 12]


@pytest.mark.parametrize(
    ("damage", "complaint"),
    [
        (lambda raw: b"", "is empty"),
        (lambda raw: raw[:50], "has no whole line"),
        (lambda raw: raw.replace(b"\n", b""), "of a form that has all in one line"),
        (lambda raw: b"\n" + raw, "not understood"),
        (lambda raw: raw.replace(b'"logFormatVersion":1', b'"logFormatVersion":2'), "it has format 2"),
        (lambda raw: raw.replace(b"logEventTypes", b"logEventKinds"), "not understood: KeyError"),
        (lambda raw: raw.replace(b'"source":{', b'"source":[{', 1), "not understood"),
    ],
)
def test_a_log_that_is_no_witness_says_why(tmp_path: Path, damage: Callable[[bytes], bytes], complaint: str) -> None:
    (tmp_path / "log").write_bytes(damage(H1.read_bytes()))
    account = NetLog(tmp_path / "log").account(H1_CELL)
    assert account.held == ()
    assert complaint in (account.missing or "")


def test_no_log_at_all(tmp_path: Path) -> None:
    assert "can't be read: No such file" in (NetLog(tmp_path / "none").account(H1_CELL).missing or "")


def test_cut_off_in_the_middle_of_a_line(tmp_path: Path) -> None:
    """A browser that was killed leaves half a line: what was whole before it still counts."""
    (tmp_path / "log").write_bytes(H1.read_bytes() + b'{"params":{"url":"htt')
    assert tabs(NetLog(tmp_path / "log"), H1_CELL) == [7, 8, 9, 10, 11, 12]
