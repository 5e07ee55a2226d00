"""The ways to open clients: what stands for "a tab" in an experiment. One row each.

A *client* is whoever asks for updates. Its number is its tab's, its frame's or its own.
"""

from __future__ import annotations

import msgspec


class Opening(msgspec.Struct, frozen=True):
    """`nouns` is how words speak of the clients; `doubling`: the finder opens as many again each time, instead
    of one; `up_to` is where it stops when nothing has waited."""

    name: str
    nouns: str
    doubling: bool
    up_to: int


OPENINGS = {
    row.name: row
    for row in (
        Opening("tabs", "tabs", doubling=False, up_to=24),
        Opening("cross-tabs", "tabs of another origin", doubling=False, up_to=24),
        Opening("frames", "frames of one page", doubling=True, up_to=64),
        Opening("page", "streams in one page", doubling=True, up_to=1200),
        Opening("hosts", "streams to a host each", doubling=True, up_to=1200),
    )
}
