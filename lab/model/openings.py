"""The openings: the ways to open clients (as tabs, as frames, in one page…). One row each.

A *client* requests updates. It is a tab, a frame, or one stream of a page, and has a number.
"""

from __future__ import annotations

import msgspec


class Opening(msgspec.Struct, frozen=True):
    """One opening. `title` is its name for a reader, `nouns` the name of its clients in a sentence.

    `doubling`: the search for a limit doubles the number of clients in each step; else it opens one more. `up_to`: the search
    stops at this number if no client has waited. `own_document`: each client has a document of its own, so its navigation can
    wait too; else all clients share one page."""

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
