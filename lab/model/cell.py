"""One cell: one way to ask a scenario's question."""

from __future__ import annotations

import msgspec

from lab.model.axes import AXES, DIRECT
from lab.model.drops import Drop
from lab.model.pools import Case
from lab.model.questions import LIMITS

CONTROL_CLIENT = "control-client"
"""What stands for the engine where a run calibrates itself."""

STREAMS = 100
"""Default SETTINGS_MAX_CONCURRENT_STREAMS; RFC 9113 section 6.5.2 recommends at least 100."""

AnyCase = Case | Drop


class Cell(msgspec.Struct, frozen=True, kw_only=True):
    """One value of each axis (lab/model/axes.py) of a scenario, the `repeat`-th time."""

    scenario: str
    """The scenario's name."""
    question: str = LIMITS
    """The kind of question: a name of lab/model/questions.py."""
    engine: str
    """The engine's name."""
    protocol: str
    """The protocol that clients use."""
    transport: str
    """How updates are sent."""
    opening: str = "tabs"
    """What stands for a tab: a name of lab/model/openings.py."""
    at_most: int
    """The most clients to open."""
    streams: int = STREAMS
    """The streams that the origin allows on an HTTP/2 connection."""
    interval_ms: int | None = None
    """From one poll to the next, in ms; null for a transport that does not poll."""
    per_second: float | None = None
    """Updates a second while the feed runs; null where it does not."""
    route: str = DIRECT
    """How requests get to the origin."""
    case: str = ""
    """What is tried, where the scenario has cases."""
    repeat: int = 1
    """Its turn among the repeats of this cell, from 1."""

    @property
    def group(self) -> str:
        """The name of the cell without its turn: what its repeats have in common. Fit for a URL's query."""
        parts = [axis.in_name(getattr(self, axis.field)) for axis in AXES]
        return ".".join([self.scenario, *filter(None, parts)])

    @property
    def name(self) -> str:
        """Unique in a run."""
        return f"{self.group}.{self.repeat}"
