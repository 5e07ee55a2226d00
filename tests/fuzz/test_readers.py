"""The browsers' logs, damaged: a reader says what it can't read, or gives an account that can be kept. It never raises."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.browser.logs.follow import FollowedLog
from lab.browser.logs.mozlog import MozLog
from lab.browser.logs.netlog import NetLog
from lab.model.browsers import BrowserLog
from tests.browser.logs import test_mozlog, test_netlog
from tests.fuzz import rounds
from tests.fuzz.damage import NOISE, changed, damaged

Reader = type[NetLog] | type[MozLog]
RECORDED: list[tuple[Reader, Path, str]] = [
    (NetLog, test_netlog.H1, test_netlog.H1_CELL),
    (NetLog, test_netlog.H2, test_netlog.H2_CELL),
    (NetLog, test_netlog.POOL, test_netlog.POOL_CELL),
    (MozLog, test_mozlog.H1, test_mozlog.H1_CELL),
    (MozLog, test_mozlog.H2, test_mozlog.H2_CELL),
]
CELLS = {cell for _, _, cell in RECORDED} | {""}
DEEP = b'{"source":' + b"[" * 100_000
TELLING = [
    part.encode()
    for part in ("not dispatched (queued) trans=", "no room for more concurrent streams", "\r", "\0", "= HTTP/1.1")
]


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("fuzz") / "log"


def lines_of(recorded: Path) -> Sequence[bytes]:
    return recorded.read_bytes().splitlines()


def other_lines(reader: Reader, lines: Sequence[bytes]) -> st.SearchStrategy[bytes]:
    """What may stand in place of a line: another one of this log, changed where it hurts; or noise."""
    chosen = st.sampled_from([line.removesuffix(b",") for line in lines if reader is MozLog or line.startswith(b'{"params"')])
    if reader is NetLog:
        return chosen.flatmap(changed) | NOISE | st.just(DEEP)
    return st.tuples(chosen, st.sampled_from(TELLING) | NOISE, st.integers(0, 150)).map(
        lambda three: three[0][: three[2]] + three[1] + three[0][three[2] :]
    )


def account(log: FollowedLog) -> list[BrowserLog]:
    """What a log says of every cell: each a witness, or the reason why it is none; and fit for results.json."""
    told = [log.account(cell) for cell in sorted(CELLS)]
    for one in told:
        assert one.missing is None or (one.missing and not one.held)
        assert msgspec.json.decode(msgspec.json.encode(one), type=BrowserLog) == one
    return told


def held(told: Sequence[BrowserLog]) -> list[Any]:
    return [one.missing or [(each.url, each.tab, each.waits_for, each.limit) for each in one.held] for one in told]


def whole_and_in_pieces(reader: Reader, path: Path, raw: bytes, cuts: Sequence[int]) -> None:
    """Read in pieces, whatever the pieces, a log says what it says when it is read at once."""
    path.write_bytes(raw)
    at_once = account(reader(path))
    path.write_bytes(b"")
    growing = reader(path)
    for start, end in zip([0, *cuts], [*cuts, len(raw)], strict=True):
        with path.open("ab") as out:
            out.write(raw[start:end])
        told = account(growing)
    assert held(told) == held(at_once)


@pytest.mark.parametrize(("reader", "recorded", "cell"), RECORDED, ids=[recorded.stem for _, recorded, _ in RECORDED])
def test_a_damaged_log_is_read_or_refused(path: Path, reader: Reader, recorded: Path, cell: str) -> None:
    lines = lines_of(recorded)

    @rounds(40)
    @given(damaged(recorded.read_bytes(), other_lines(reader, lines)), st.data())
    def each(raw: bytes, data: st.DataObject) -> None:
        cuts = sorted(data.draw(st.lists(st.integers(0, len(raw)), max_size=2)))
        whole_and_in_pieces(reader, path, raw, cuts)

    each()


@pytest.mark.parametrize(("reader", "recorded", "cell"), RECORDED, ids=[recorded.stem for _, recorded, _ in RECORDED])
def test_a_log_whose_lines_are_in_any_order(path: Path, reader: Reader, recorded: Path, cell: str) -> None:
    first, *others = lines_of(recorded)

    @rounds(25)
    @given(st.lists(st.sampled_from(others) | other_lines(reader, others), max_size=30))
    def each(lines: list[bytes]) -> None:
        path.write_bytes(b"\n".join([first, *lines, b""]))
        account(reader(path))

    each()


@rounds(60)
@given(first=changed(test_netlog.H1.read_bytes().splitlines()[0].rstrip(b",") + b"}"), cell=st.sampled_from(RECORDED[:2]))
def test_a_netlog_with_other_constants(path: Path, first: bytes, cell: tuple[Reader, Path, str]) -> None:
    _, recorded, _ = cell
    path.write_bytes(b"\n".join([first.removesuffix(b"}") + b",", *lines_of(recorded)[1:], b""]))
    account(NetLog(path))


@pytest.mark.parametrize("reader", [NetLog, MozLog])
def test_what_is_no_log_at_all_is_no_witness(path: Path, reader: Reader) -> None:
    @rounds(60)
    @given(st.binary(max_size=200))
    def each(raw: bytes) -> None:
        path.write_bytes(raw)
        assert all(one.missing for one in account(reader(path)))

    each()
