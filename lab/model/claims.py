"""Claims: published statements about the behaviour of a browser or a protocol, each with its source.

A claim applies to the cells that its other fields name; an empty field matches all cells. If several claims of a scenario fit a
cell, the first one is the cell's claim.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from lab.model.axes import AXES

if TYPE_CHECKING:
    from lab.model.cell import Cell

Names = tuple[str, ...]


class BaseClaim(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="says"):
    """The fields of every claim: its source, the kind of source, and the cells that it is about."""

    source: str
    """Who published the claim: a name and an address."""
    basis: str = "documented"
    """The kind of source: specified (a standard), documented (a manual, source code), observed (a thread, a measurement), or
    predicted (the arithmetic of a probe)."""
    engines: Names = ()
    """The engines that it is about; empty: all. The same holds for the fields below."""
    protocols: Names = ()
    """The protocols that it is about."""
    transports: Names = ()
    """The transports that it is about."""
    openings: Names = ()
    """The openings that it is about."""
    routes: Names = ()
    """The routes that it is about."""
    cases: Names = ()
    """The cases that it is about."""

    def fits(self, cell: Cell) -> bool:
        """Whether the claim is about this cell."""
        return all(
            not (names := getattr(self, axis.claimed_by)) or getattr(cell, axis.field) in names
            for axis in AXES
            if axis.claimed_by
        )


class AtMost(BaseClaim, frozen=True, tag="at_most"):
    """At most `limit` clients are live at once."""

    limit: int
    """The most clients that are live at once."""

    def __str__(self) -> str:
        return f"At most {self.limit} live at once."


class Unlimited(BaseClaim, frozen=True, tag="unlimited"):
    """Only the origin's own setting limits how many are live."""

    def __str__(self) -> str:
        return "No limit but the origin's own setting."


class Answer(BaseClaim, frozen=True, tag="answer"):
    """The answer to the question is `answer`, in the words that the judge uses."""

    answer: str
    """The expected answer."""

    def __str__(self) -> str:
        return f"{self.answer[:1].upper()}{self.answer[1:]}."


Claim = AtMost | Unlimited | Answer
