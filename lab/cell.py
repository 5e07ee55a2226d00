"""One cell: one way to ask a scenario's question; what is claimed of it; and the sides of a case about pools."""

from __future__ import annotations

import re

import msgspec

CONTROL_CLIENT = "control-client"
"""What stands for the engine where a run calibrates itself."""

STREAMS = 100
"""What the origin allows on one connection where nothing else is asked: what RFC 9113 section 6.5.2 recommends at least."""

RETRY_MS = 500
"""So long do those wait who come back after a drop, where nothing else is asked."""


class Claim(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is said, and by whom: so many at most, `limit`, are live at once; or `answer`, in a word. None in `limit` says that
    only the origin's own setting is a limit. The other fields say of which cells; empty, of all."""

    limit: int | None
    source: str
    answer: str | None = None
    protocols: tuple[str, ...] = ()
    engines: tuple[str, ...] = ()
    transports: tuple[str, ...] = ()
    opened: tuple[str, ...] = ()
    cases: tuple[str, ...] = ()

    def fits(self, cell: Cell) -> bool:
        pairs = (
            (self.engines, cell.engine),
            (self.protocols, cell.protocol),
            (self.transports, cell.transport),
            (self.opened, cell.opened),
            (self.cases, cell.case),
        )
        return all(not names or name in names for names, name in pairs)


class Side(msgspec.Struct, frozen=True):
    """Who asks whom, in a case about pools: a page of host `page` (none: the asked one's own) asks host `to`, at the first or
    second `door` of the cell's protocol, or of another one; with `credentials` as fetch has them; in `profile` 1 or 2."""

    to: str = "a.localhost"
    page: str = ""
    door: int = 1
    protocol: str = ""
    credentials: str = "same-origin"
    profile: int = 1


class Case(msgspec.Struct, frozen=True):
    """Two sides: the first one's pool is filled, then the other is tried. `transport` and `protocol`, where only that one
    can ask so."""

    first: Side
    second: Side
    transport: str = ""
    protocol: str = ""


class Drop(msgspec.Struct, frozen=True):
    """What the streams of a case are told of coming back: `retry` of the stream, in ms (None: nothing, so that the browser's
    own choice shows); and what those who do come back are answered, where `status` is not 0."""

    retry: int | None = RETRY_MS
    status: int = 0
    content_type: str = "text/plain"
    transport: str = ""
    protocol: str = ""


AnyCase = Case | Drop


class Cell(msgspec.Struct, frozen=True):
    """One engine × protocol × transport × opening of a scenario, `asked` clients at most, the `repeat`-th time; the origin
    allows `streams` on an HTTP/2 connection; `case` names what is tried, where the scenario has cases. Who polls does so every
    `interval_ms`. While the cell listens, the feed has `per_second` updates."""

    scenario: str
    engine: str
    protocol: str
    transport: str
    asked: int
    repeat: int = 1
    opened: str = "tabs"
    streams: int = STREAMS
    case: str = ""
    interval_ms: int | None = None
    per_second: float | None = None

    @property
    def group(self) -> str:
        """The name of the cell without its turn: what its repeats have in common. Fit for a URL's query."""
        case = "." + re.sub(r"[^a-z0-9]+", "-", self.case.lower()) if self.case else ""
        ask = f"{self.opened}.{self.asked}.{self.streams}"
        pace = f".{self.interval_ms}ms" if self.interval_ms else ""
        pace += f".{self.per_second:g}ps" if self.per_second else ""
        return f"{self.scenario}.{self.engine}.{self.protocol}.{self.transport}.{ask}{pace}{case}"

    @property
    def name(self) -> str:
        """Unique in a run."""
        return f"{self.group}.{self.repeat}"
