"""Firefox's MOZ_LOG as a witness: recorded logs of Firefox ESR 153, whole, damaged and doctored.

Recorded at the moment of the verdict, cut down to the lines that are read: h1 with 3 of 12 tabs waiting for a connection, h2
with 3 of 6 waiting for a stream (the origin allowed 3).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from lab.browser.logs.mozlog import MozLog
from lab.model.ledger import now_ms
from lab.model.verdict import Limit

HERE = Path(__file__).parent / "recorded"
H1, H1_CELL = HERE / "firefox-153-h1.moz_log", "seventh_tab.firefox.h1.sse.12.1"
H2, H2_CELL = HERE / "firefox-153-h2.moz_log", "seventh_tab.firefox.h2.sse.6.1"


def tabs(log: MozLog, cell: str) -> list[int]:
    account = log.account(cell)
    assert account.missing is None
    return sorted(one.tab for one in account.held if one.tab is not None)


def test_requests_that_wait_for_a_connection() -> None:
    account = MozLog(H1).account(H1_CELL)
    assert tabs(MozLog(H1), H1_CELL) == [10, 11, 12]
    assert {one.waits_for for one in account.held} == {Limit.CONNECTIONS}
    assert {one.note for one in account.held} == {"9 connections to this host were counted, against a limit of 6"}


def test_a_request_that_was_slowed_by_pacing_first_is_in_the_same_queue(tmp_path: Path) -> None:
    """Of many requests at once, some are only paced; no other line says that they wait for a connection then."""
    copy, queued = tmp_path / "log", "not dispatched (queued) trans="
    before, after = H1.read_text().rsplit(queued, 1)
    copy.write_text(before + "blocked due to rate pacing trans=" + after)
    assert tabs(MozLog(copy), H1_CELL) == [10, 11, 12]


def test_requests_that_wait_for_a_stream() -> None:
    assert tabs(MozLog(H2), H2_CELL) == [4, 5, 6]
    assert {one.waits_for for one in MozLog(H2).account(H2_CELL).held} == {Limit.STREAMS}


def test_requests_that_were_served_or_given_up_are_not_counted() -> None:
    """The first cell of this log had its waiting requests too."""
    assert "cell=seventh_tab.firefox.h1-clear.sse.12.1&transport=sse&tab=12" in H1.read_text()
    assert tabs(MozLog(H1), "seventh_tab.firefox.h1-clear.sse.12.1") == []


def test_requests_of_others_are_not_counted(tmp_path: Path) -> None:
    copy = tmp_path / "log"
    copy.write_text(H1.read_text().replace(f"cell={H1_CELL}&transport=sse&tab=11", "of=another"))
    assert tabs(MozLog(copy), H1_CELL) == [10, 12]


def test_a_missing_line_is_missed(tmp_path: Path) -> None:
    """The witness can disagree: a request that was never said to be queued is not held."""
    lines = H1.read_text().splitlines(keepends=True)
    del lines[max(number for number, line in enumerate(lines) if "not dispatched (queued)" in line)]
    (tmp_path / "log").write_text("".join(lines))
    assert len(tabs(MozLog(tmp_path / "log"), H1_CELL)) == 2


def test_it_is_read_as_it_grows(tmp_path: Path) -> None:
    raw = H1.read_bytes()
    copy = tmp_path / "log"
    copy.write_bytes(raw[: raw.index(b"\n") + 1])
    log = MozLog(copy)
    for start in range(raw.index(b"\n") + 1, len(raw), 1009):
        with copy.open("ab") as out:
            out.write(raw[start : start + 1009])
        assert log.account(H1_CELL).missing is None
    assert tabs(log, H1_CELL) == [10, 11, 12]


@pytest.mark.parametrize(
    ("damage", "complaint"),
    [
        (lambda raw: b"", "is empty"),
        (lambda raw: raw[:20], "has no whole line"),
        (lambda raw: b"[Parent 1: Main Thread]: D/nsHttp no stamp\n" + raw, "not of a MOZ_LOG with time stamps"),
        (lambda raw: b"\xff\xfe\x00\n" + raw, "not of a MOZ_LOG"),
        (lambda raw: b"not a date UTC - [Parent 1: Main Thread]: V/nsHttp x\n" + raw, "not of a MOZ_LOG"),
    ],
)
def test_a_log_that_is_no_witness_says_why(tmp_path: Path, damage: Callable[[bytes], bytes], complaint: str) -> None:
    (tmp_path / "log").write_bytes(damage(H1.read_bytes()))
    account = MozLog(tmp_path / "log").account(H1_CELL)
    assert account.held == ()
    assert complaint in (account.missing or "")


def test_no_log_at_all(tmp_path: Path) -> None:
    assert "can't be read: No such file" in (MozLog(tmp_path / "none").account(H1_CELL).missing or "")


def test_cut_off_in_the_middle_of_a_line(tmp_path: Path) -> None:
    (tmp_path / "log").write_bytes(H1.read_bytes() + b"2026-11-23 04:55:")
    assert tabs(MozLog(tmp_path / "log"), H1_CELL) == [10, 11, 12]


def written(thread: str, message: str) -> str:
    return f"2026-11-23 06:45:52.932645 UTC - [Parent 1: {thread}]: V/nsHttp {message}\n"


WEBSOCKET = (
    written("Main Thread", "nsHttpTransaction::Init [this=aa01 caps=1]"),
    written("Main Thread", "  GET /socket?cell=w&tab=101 HTTP/1.1"),
    written("Socket Thread", "nsHttpConnectionMgr::TryDispatchTransaction without conn [trans=aa01 ci=x]"),
    written("Socket Thread", "Http2StreamWebSocket ctor:bb01"),
    written("Socket Thread", "Http2Session::TryToActivate cc01 stream=bb01 no room for more concurrent streams"),
)


def test_a_websocket_that_waits_for_a_stream(tmp_path: Path) -> None:
    """Its stream does not name its transaction: it is made while that one is being dispatched."""
    log = tmp_path / "log"
    log.write_text("".join(WEBSOCKET))
    account = MozLog(log).account("w")
    assert [(one.tab, one.waits_for) for one in account.held] == [(101, Limit.STREAMS)]
    with log.open("a") as out:
        out.write(written("Socket Thread", "Http2Session::RegisterStreamID session=cc01 stream=bb01 id=0x2D concurrent=10"))
    assert MozLog(log).account("w").held == ()


@pytest.mark.parametrize(
    ("usual", "other"),
    [
        (r"\[Parent \d+: ", "[(null) 7912: "),
        (r"\[Parent \d+: ", "[Web Content 7912: "),
        (r"\[Parent \d+: ", "[7912:"),
        (r"\A", "2026-11-23 04:55:00.000001 UTC - [Parent 7912: Main Thread]: D/nsSocketTransport created [this=1]\n"),
    ],
)
def test_other_processes_and_modules_in_its_lines(tmp_path: Path, usual: str, other: str) -> None:
    """As Firefox writes them elsewhere, and when it is asked for more modules (about:logging has a preset `networking`)."""
    text = re.sub(usual, other, H1.read_text())
    assert text != H1.read_text()
    (tmp_path / "log").write_text(text)
    assert tabs(MozLog(tmp_path / "log"), H1_CELL) == [10, 11, 12]


def test_the_words_of_another_module_mean_nothing(tmp_path: Path) -> None:
    (tmp_path / "log").write_text("".join(WEBSOCKET).replace("V/nsHttp", "V/nsOther"))
    account = MozLog(tmp_path / "log").account("w")
    assert (account.held, account.missing) == ((), None)


def test_a_clock_that_was_set_back_changes_no_number(tmp_path: Path) -> None:
    """Its stamps are of the wall clock: here they are of the future, as when that was set back after them."""
    copy = tmp_path / "log"
    copy.write_text(re.sub(r"^20\d\d", "2090", H1.read_text(), flags=re.MULTILINE))
    account = MozLog(copy).account(H1_CELL)
    assert sorted(one.tab for one in account.held if one.tab is not None) == [10, 11, 12]
    assert all(one.since_ms <= now_ms() for one in account.held)
