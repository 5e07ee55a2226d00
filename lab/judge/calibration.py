"""Calibration: the control client holds a known number of streams, and the judge must find that number.

The number is the cell's `at_most`: the client opens exactly this many streams. Over a multiplexed protocol all share one
connection; else each has a connection of its own.
"""

from __future__ import annotations

import msgspec

from lab.model.cell import Cell
from lab.model.protocols import PROTOCOLS
from lab.model.verdict import Doubt, Kind, Verdict
from lab.text import counted


def checked(verdict: Verdict, cell: Cell) -> Verdict:
    """The verdict on a calibration: confirmed if the judge found the known number; else a fault of the lab, whatever the judge
    said, but for a machine that was too busy to tell."""
    if verdict.doubt is Doubt.BUSY_MACHINE:
        return verdict
    streams, connections = cell.at_most, 1 if PROTOCOLS[cell.protocol].multiplexed else cell.at_most
    held = f"{counted(streams, 'stream')} on {counted(connections, 'connection')}"
    if (verdict.kind, verdict.live, verdict.connections) == (Kind.CONFIRMED, streams, connections):
        return msgspec.structs.replace(verdict, why=f"The control client held {held}, and the lab found the same numbers.")
    said = "nothing" if verdict.live is None else f"{verdict.live} on {verdict.connections}"
    why = f"The control client held {held}, but the lab found {said}: don't trust this run. {verdict.why}"
    return msgspec.structs.replace(verdict, kind=Kind.HARNESS_FAULT, doubt=None, why=why)
