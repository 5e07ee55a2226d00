"""The ledger: every event comes back, and whatever line the origin writes, the driver hears an event or a fault and goes on."""

from __future__ import annotations

import asyncio
import io
import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, cast, get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.errors import HarnessFaultError, MachineError
from lab.measure.origin import CellLedger, Origin, greeting
from lab.model import ledger
from lab.model.connections import connections_of, peak, peak_streams
from lab.model.ledger import AnyEvent, OriginFault
from lab.origin.ledger_writer import LedgerWriter
from tests.fuzz import rounds
from tests.fuzz.damage import NOISE, bruised, changed
from tests.fuzz.made_up import TEXTS, made_up
from tests.model.test_ledger import EVENTS

LIMIT = 2**10  # Of a line, here: the driver takes 2**20 bytes.
PATIENCE_S = 20.0
LONG = b'{"event":"OriginFault","at_ms":1,"where":"' + b"x" * 3 * LIMIT

MADE_UP: st.SearchStrategy[AnyEvent] = st.one_of([made_up(kind) for kind in get_args(AnyEvent)])
WRITTEN = [ledger.encode(event) for event in EVENTS]
BAD = st.one_of(
    st.sampled_from(WRITTEN).flatmap(bruised),
    st.sampled_from(WRITTEN).flatmap(changed),
    NOISE,
    st.sampled_from([b"\xff", b'{"event":"\xff"}', b'{"x":' + b"[" * 100_000, LONG, LONG + b'"}', b"", b"null"]),
)


class Spoken:
    """Stands for the origin's process, which has said all that it will."""

    def __init__(self, raw: bytes) -> None:
        self.pid, self.returncode, self.stdin = 1, 0, io.BytesIO()
        self.stdout = asyncio.StreamReader(limit=LIMIT)
        self.stdout.feed_data(raw)
        self.stdout.feed_eof()

    async def wait(self) -> int:
        return 0


def heard(raw: bytes) -> tuple[list[AnyEvent], bytes]:
    """What the driver makes of a ledger, and the copy that it keeps."""

    async def listen() -> list[AnyEvent]:
        origin = Origin(cast(Any, Spoken(raw)), cast(ledger.OriginStarted, EVENTS[0]), cast(Any, copy), Path())
        origin.ledger = CellLedger("c")  # Events are kept while a cell is measured.
        async with asyncio.timeout(PATIENCE_S):
            await origin.stop()
        assert not origin.alive
        return origin.ledger.events

    copy = io.BytesIO()
    return asyncio.run(listen()), copy.getvalue()


def read(line: bytes) -> AnyEvent | None:
    """None for a line that is refused."""
    try:
        return ledger.decode(line)
    except msgspec.DecodeError:
        return None


def unreadable(event: AnyEvent) -> bool:
    return isinstance(event, OriginFault) and event.where == "the ledger"


@rounds(150)
@given(MADE_UP)
def test_every_event_is_one_line_and_comes_back(event: AnyEvent) -> None:
    line = ledger.encode(event)
    assert b"\n" not in line
    assert ledger.decode(line) == event


def written(enter: Callable[[LedgerWriter], None]) -> list[AnyEvent]:
    """What the origin writes when this is entered, as the driver reads it."""
    out, into = os.pipe()
    with os.fdopen(out, "rb") as reader:
        with os.fdopen(into, "wb"):
            writer = LedgerWriter(into)
            enter(writer)
            writer.close()
        return [ledger.decode(line) for line in reader.read().splitlines()]


@rounds(60)
@given(st.lists(MADE_UP, max_size=12))
def test_the_origin_writes_what_is_entered_in_its_order(events: list[AnyEvent]) -> None:
    def enter(writer: LedgerWriter) -> None:
        for event in events:
            writer.enter(event)

    assert written(enter) == events


@rounds(60)
@given(TEXTS, TEXTS, TEXTS, TEXTS)
def test_names_that_a_client_sends_stay_in_their_line(cell: str, transport: str, known: str, error: str) -> None:
    """A stream that fails is closed as a fault, and what failed is one line, whatever it says."""

    def enter(writer: LedgerWriter) -> None:
        opened = writer.stream(connection=1, cell=cell, tab=1, transport=transport, http="2", last_event_id=known)
        with suppress(ValueError), opened as stream:
            stream.sent = 7
            raise ValueError(error)
        writer.fault(cell, ExceptionGroup("a nursery", [ValueError(error)]))

    opened, closed, fault = written(enter)
    assert isinstance(opened, ledger.StreamOpened)
    assert (opened.cell, opened.transport, opened.last_event_id) == (cell, transport, known)
    assert isinstance(closed, ledger.StreamClosed)
    assert (closed.stream, closed.reason, closed.sent) == (opened.stream, "fault", 7)
    assert isinstance(fault, OriginFault)
    assert (fault.where, fault.error) == (cell, f"ValueError: {error}")


@rounds(200)
@given(BAD)
def test_a_line_is_an_event_or_is_refused(line: bytes) -> None:
    event = read(line)
    assert event is None or ledger.decode(ledger.encode(event)) == event


@rounds(100)
@given(st.lists(MADE_UP, max_size=12), TEXTS)
def test_events_in_any_order_can_be_folded(events: list[AnyEvent], cell: str) -> None:
    cells = {cell, *(event.cell for event in events if isinstance(event, ledger.StreamOpened))}
    for one in cells:
        rows = connections_of(events, one)
        assert peak(rows, 1e9) <= len(rows)
        assert peak_streams(rows, 1e9) <= sum(len(row.streams) for row in rows)


@rounds(60)
@given(st.lists(st.sampled_from(WRITTEN) | BAD.map(lambda line: line.replace(b"\n", b" ")), max_size=8), st.booleans())
def test_the_driver_hears_every_good_line_and_of_every_bad_one(lines: list[bytes], cut: bool) -> None:
    """A line that is too long may come as two bad ones."""
    raw = b"".join(line + b"\n" for line in lines)
    events, copy = heard(raw.removesuffix(b"\n") if cut else raw)
    told = lines[:-1] if cut and lines and not lines[-1] else lines
    good = [event for line in told if len(line) <= LIMIT and (event := read(line))]
    assert [event for event in events if not unreadable(event)] == [event for event in good if not unreadable(event)]
    assert len(events) >= len(told)
    if all(len(line) <= LIMIT for line in lines):
        assert (len(events), copy) == (len(told), raw.removesuffix(b"\n") if cut else raw)


@rounds(100)
@given(st.binary(max_size=400))
def test_a_ledger_that_is_none(raw: bytes) -> None:
    events, _ = heard(raw)
    assert all(map(unreadable, events))
    assert len(events) == len(raw.split(b"\n")) - raw.endswith(b"\n") - (not raw)


@pytest.mark.parametrize(
    "first", [b"\xff\n", b"hello\n", WRITTEN[1] + b"\n", WRITTEN[0][:-9], LONG + b"\n", b'{"x":' + b"[" * 999]
)
def test_a_first_line_that_is_no_greeting(first: bytes) -> None:
    async def start() -> None:
        await greeting(cast(Any, Spoken(first)), cast(Any, io.BytesIO()), cast(Any, io.BytesIO()))

    with pytest.raises(HarnessFaultError, match="no greeting"):
        asyncio.run(start())


def test_a_full_disk_is_the_machines_fault() -> None:
    async def start(full: io.RawIOBase) -> None:
        await greeting(cast(Any, Spoken(WRITTEN[0] + b"\n")), full, cast(Any, io.BytesIO()))

    told = "the ledger could not be written: No space left on device: free disk space"
    with Path("/dev/full").open("wb", buffering=0) as full, pytest.raises(MachineError, match=told):
        asyncio.run(start(full))


def faults(events: Sequence[AnyEvent]) -> list[str]:
    return [event.error for event in events if isinstance(event, OriginFault)]


def test_after_a_line_that_is_too_long_it_goes_on() -> None:
    events, _ = heard(b"\n".join([WRITTEN[1], LONG + b'"}', WRITTEN[2], b""]))
    assert events[0] == EVENTS[1]
    assert events[-1] == EVENTS[2]
    assert "too long" in faults(events)[0]
