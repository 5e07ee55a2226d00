"""A cell: one measurement, with one value of each axis."""

from __future__ import annotations

import msgspec

from lab.model.axes import AXES, DIRECT
from lab.model.buffering import App
from lab.model.drops import Drop
from lab.model.pools import Case
from lab.model.questions import DEFAULT_QUESTION
from lab.model.silence import Silence

CONTROL_CLIENT = "control-client"
"""The engine's name in the cells of a run's calibration, where a plain client takes the browser's place."""

STREAMS = 100
"""Default SETTINGS_MAX_CONCURRENT_STREAMS; RFC 9113 section 6.5.2 recommends at least 100."""

PLAIN_CLIENT = "plain-client"
"""The engine's name in cells that need no browser: what they ask depends on none."""

AnyCase = Case | Drop | App | Silence


class Cell(msgspec.Struct, frozen=True, kw_only=True):
    """One cell: one value of each axis (lab/model/axes.py) of a scenario. A cell that is measured several times has a number,
    `repeat`."""

    scenario: str
    """The scenario's name."""
    question: str = DEFAULT_QUESTION
    """The kind of question: a name from lab/model/questions.py."""
    engine: str
    """The engine's name."""
    protocol: str
    """The protocol that clients use."""
    transport: str
    """How updates are sent."""
    opening: str = "tabs"
    """How clients are opened: a name from lab/model/openings.py."""
    at_most: int
    """The most clients to open."""
    streams: int = STREAMS
    """How many streams the origin allows on one HTTP/2 connection."""
    interval_ms: int | None = None
    """Time from one poll to the next, in ms; null for a transport that does not poll."""
    per_second: float | None = None
    """Updates that the feed publishes each second; null where the feed does not run."""
    route: str = DIRECT
    """How requests reach the origin."""
    case: str = ""
    """The case that is tried, by name; empty where the scenario has no cases."""
    repeat: int = 1
    """Which repeat of this cell it is, from 1."""

    @property
    def group(self) -> str:
        """The cell's name without the number of the repeat: all repeats share it. Safe in a URL's query."""
        parts = [axis.in_name(getattr(self, axis.field)) for axis in AXES]
        return ".".join([self.scenario, *filter(None, parts)])

    @property
    def name(self) -> str:
        """The cell's name, unique in a run."""
        return f"{self.group}.{self.repeat}"
