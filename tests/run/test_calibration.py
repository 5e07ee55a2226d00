"""The lab says the number that the control client holds; and when it would not, the run says so."""

from __future__ import annotations

import asyncio
from pathlib import Path

import msgspec
import pytest

from lab.judge import judge
from lab.measure.origin import origin
from lab.model.ledger import StreamOpened
from lab.model.observation import Observation
from lab.model.protocols import PROTOCOLS
from lab.model.verdict import Kind, Limit
from lab.run.calibration import calibrate

replace = msgspec.structs.replace


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_known_number_is_said(leaf: Path, tmp_path: Path, protocol: str) -> None:
    async def measure() -> None:
        async with origin(leaf, tmp_path) as running:
            for streams in (1, 5):
                seen = await calibrate(running, leaf, protocol, streams)
                verdict = judge(seen)
                connections = 1 if PROTOCOLS[protocol].multiplexed else streams
                assert (verdict.kind, verdict.live, verdict.connections) == (Kind.CONFIRMED, streams, connections), verdict.why
                assert verdict.cause == Limit.NONE
                doubtful(seen)

    asyncio.run(measure())


def doubtful(seen: Observation) -> None:
    """A number that is not what the client held, and a ledger that has lost a line, are found out."""
    for wrong in (seen.cell.at_most - 1, seen.cell.at_most + 1):
        distrusted(replace(seen, cell=replace(seen.cell, at_most=wrong)))
    ledger = seen.ledger or ()
    last = max(at for at, event in enumerate(ledger) if isinstance(event, StreamOpened))
    distrusted(replace(seen, ledger=(*ledger[:last], *ledger[last + 1 :])))


def distrusted(seen: Observation) -> None:
    verdict = judge(seen)
    assert verdict.kind is Kind.HARNESS_FAULT
    assert "don't trust this run" in verdict.why


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_number_that_nobody_knows_beforehand(leaf: Path, tmp_path: Path, protocol: str) -> None:
    async def measure() -> Observation:
        async with origin(leaf, tmp_path) as running:
            return await calibrate(running, leaf, protocol)

    seen = asyncio.run(measure())
    assert seen.opened == seen.cell.at_most == judge(seen).live
    assert seen.cell.at_most >= 2
