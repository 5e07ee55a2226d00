"""The lab says what a plain client holds; and when it would not, the run says so."""

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
from lab.run.calibration import calibrate, checked


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_known_number_is_said(leaf: Path, tmp_path: Path, protocol: str) -> None:
    async def measure() -> None:
        async with origin(leaf, tmp_path) as running:
            for streams in (1, 5):
                seen, verdict = await calibrate(running, leaf, protocol, streams)
                connections = 1 if PROTOCOLS[protocol].multiplexed else streams
                assert (verdict.kind, verdict.live, verdict.connections) == (Kind.CONFIRMED, streams, connections), verdict.why
                assert verdict.cause == Limit.NONE
                doubtful(seen, streams, connections)

    asyncio.run(measure())


def doubtful(seen: Observation, streams: int, connections: int) -> None:
    """One more or fewer, and a ledger that has lost a line, are found out."""
    for wrong in ((streams + 1, connections), (streams, connections + 1)):
        verdict = checked(judge(seen), *wrong)
        assert verdict.kind == Kind.HARNESS_FAULT
        assert "don't trust this run" in verdict.why
    last = max(at for at, event in enumerate(seen.ledger) if isinstance(event, StreamOpened))
    cut = msgspec.structs.replace(seen, ledger=(*seen.ledger[:last], *seen.ledger[last + 1 :]))
    assert checked(judge(cut), streams, connections).kind == Kind.HARNESS_FAULT
