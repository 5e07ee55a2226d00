"""The ways to open clients: what stands for "a tab" in an experiment. One row each.

A *client* is whoever asks for updates. Its number is its tab's, its frame's or its own.
"""

from __future__ import annotations

import msgspec


class Opening(msgspec.Struct, frozen=True):
    """`title` names the way of opening, `nouns` is what its clients are called in a sentence.

    `doubling`: the search for a limit opens as many again each time, instead of one. `up_to` is where it stops when nothing has
    waited. `own_document`: each client has a document of its own, so that its navigation can wait too; else all clients share
    one page."""

    name: str
    title: str
    nouns: str
    doubling: bool
    up_to: int
    own_document: bool


OPENINGS = {
    row.name: row
    for row in (
        Opening("tabs", "a tab each", "tabs", doubling=False, up_to=24, own_document=True),
        Opening(
            "cross-tabs", "a tab of another origin each", "tabs of another origin",
            doubling=False, up_to=24, own_document=True,
        ),
        Opening("frames", "a frame each in one page", "frames of one page", doubling=True, up_to=64, own_document=True),
        Opening("page", "all in one page", "streams in one page", doubling=True, up_to=1200, own_document=False),
        Opening("hosts", "a host each, in one page", "streams to a host each", doubling=True, up_to=1200, own_document=False),
    )
}  # fmt: skip
