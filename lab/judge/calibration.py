"""Calibration: the control client holds a number of streams that only it knows, and the judge must say that number.

The number is the cell's bound: it opens exactly as many. Over a multiplexed protocol they share one connection, else each has
its own.
"""

from __future__ import annotations

import msgspec

from lab.model.cell import Cell
from lab.model.protocols import PROTOCOLS
from lab.model.verdict import Kind, Verdict
from lab.text import counted


def checked(verdict: Verdict, cell: Cell) -> Verdict:
    """The verdict on a calibration. An instrument that misses a known number is at fault, whatever the judge calls it."""
    streams, connections = cell.at_most, 1 if PROTOCOLS[cell.protocol].multiplexed else cell.at_most
    held = f"{counted(streams, 'stream')} on {counted(connections, 'connection')}"
    if (verdict.kind, verdict.live, verdict.connections) == (Kind.CONFIRMED, streams, connections):
        return msgspec.structs.replace(verdict, why=f"The control client held {held}, and the lab says so.")
    said = "nothing" if verdict.live is None else f"{verdict.live} on {verdict.connections}"
    why = f"The control client held {held}, and the lab says {said}: don't trust this run. {verdict.why}"
    return msgspec.structs.replace(verdict, kind=Kind.HARNESS_FAULT, doubt=None, why=why)
