"""What a scenario is: a question, claims with their sources, and a few steps. And a cell: one way to ask it."""

from __future__ import annotations

import inspect
import itertools
import re
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import msgspec

from lab.errors import UsageError
from lab.model.cell import STREAMS, AnyCase, Cell
from lab.model.claims import Claim
from lab.model.openings import OPENINGS
from lab.model.protocols import PROTOCOLS

HOME = "h1"  # The protocol of the reference.
LEAST_MS, MOST_MS = 10, 60_000  # Of a poll's interval.
MOST_PER_SECOND = 1000


class Tabs(Protocol):
    """The tabs (or whatever stands for them) of one cell, and the verbs to move them. All share one browser profile, as a
    person's tabs do, but where a case asks for another."""

    async def open_one_by_one(self) -> None:
        """Open each tab once the one before it is live or known to be held back."""

    async def grow(self) -> None:
        """Open more and more, until one waits or fails, or the cell's bound is reached."""

    async def settle(self) -> None:
        """Return when every tab is live, or when nothing moves any more; then prove what the others wait for."""

    async def fill(self) -> None:
        """Fill the pool of the case's next side, up to its wall."""

    async def fill_halfway(self) -> None:
        """Hold half as many as the origin allows on a connection."""

    async def probe(self) -> None:
        """Try what else a page does, one thing after the other."""

    async def listen(self) -> None:
        """Let the feed run for a while, and measure what every update costs and how late it comes."""

    async def carry(self) -> None:
        """Have every payload of lab/payloads.py carried by the cell's transport, and compare what came."""

    async def drop(self, how: str) -> None:
        """Drop every stream while the feed runs (`end`, `reset` or `shut`), and see who comes back, when, and what was lost."""


Steps = Callable[[Tabs], Awaitable[None]]


class Choice(msgspec.Struct, frozen=True):
    """What a run narrows the cells to; empty, all. `breadth`: `quick`, `main` or `all`."""

    engines: tuple[str, ...]
    protocols: tuple[str, ...] = ()
    transports: tuple[str, ...] = ()
    opened: tuple[str, ...] = ()
    tabs: int | None = None
    repeat: int | None = None
    streams: int | None = None
    cases: tuple[str, ...] = ()
    breadth: str = "main"
    intervals: tuple[int, ...] = ()
    per_second: float | None = None


class Scenario:
    """A scenario as its file states it. `question` is the docstring of the file, printed as it stands.

    The first transport, opening and case over HTTP/1.1 with TLS are its *reference*. The main cells differ from it in one of
    them at most, or in the protocol with its setting (in `differing` of these four); the quick ones are the reference and its
    like over HTTP/2.
    """

    def __init__(self, steps: Steps, claims: Sequence[Claim], fields: Mapping[str, Any]) -> None:
        self.name = steps.__name__
        self.question = (inspect.getmodule(steps).__doc__ or "").strip()
        self.steps = steps
        self.claims = tuple(claims)
        self.transports: tuple[str, ...] = tuple(fields["transports"])
        self.opened: tuple[str, ...] = tuple(fields["opened"])
        self.tabs: tuple[int, ...] = tuple(fields["tabs"])
        self.intervals: dict[str, tuple[int, ...]] = {name: tuple(every) for name, every in fields["intervals"].items()}
        self.per_second: float | None = fields["per_second"]
        self.streams: tuple[int, ...] = tuple(fields["streams"])
        self.cases: dict[str, AnyCase] = dict(fields["cases"])
        self.aside: frozenset[str] = frozenset(fields["aside"])
        self.repeat: int = fields["repeat"]
        self.differing: int = fields["differing"]
        self.first_look: bool = fields["first_look"]
        self.path = Path(inspect.getfile(steps))
        self.source = self.name  # How the command line names it: the catalogue's name, or the path it was loaded by.

    def __repr__(self) -> str:
        return f"<Scenario {self.name}: {', '.join(self.protocols)} × {', '.join(self.transports)}>"

    @property
    def protocols(self) -> tuple[str, ...]:
        """Those of which something is claimed."""
        everywhere = any(not claim.protocols for claim in self.claims)
        return tuple(name for name in PROTOCOLS if everywhere or any(name in claim.protocols for claim in self.claims))

    def home(self, cell: Cell) -> str:
        """The protocol of the reference, for such cells: `HOME` where something is claimed of it, else the first one."""
        claimed = [name for name in PROTOCOLS if self.claim(msgspec.structs.replace(cell, protocol=name)) is not None]
        return HOME if HOME in claimed else claimed[0]

    def claim(self, cell: Cell) -> Claim | None:
        """The first that fits."""
        return next((claim for claim in self.claims if claim.fits(cell)), None)

    def cells(self, choice: Choice) -> Iterator[Cell]:
        """The cells of this scenario, narrowed to what was asked for."""
        repeat = choice.repeat or (1 if choice.breadth == "quick" else self.repeat)
        for engine in choice.engines:
            for cell in self._product(engine, choice):
                yield from (msgspec.structs.replace(cell, repeat=turn) for turn in range(1, repeat + 1))

    def _product(self, engine: str, choice: Choice) -> Iterator[Cell]:
        cases: dict[str, AnyCase | None] = {**self.cases} or {"": None}
        for case, parts in cases.items():
            if choice.cases and case not in choice.cases:
                continue
            transports = (parts.transport,) if parts and parts.transport else self.transports
            protocols = (parts.protocol,) if parts and parts.protocol else self.protocols
            for opened, transport, protocol in itertools.product(self.opened, transports, protocols):
                for streams, asked, interval in self._settings(opened, transport, protocol, choice):
                    cell = Cell(self.name, engine, protocol, transport, asked, 1, opened, streams, case, interval)
                    cell = msgspec.structs.replace(cell, per_second=self.per_second and (choice.per_second or self.per_second))
                    if self.claim(cell) is not None and self._chosen(cell, transports, choice):
                        yield msgspec.structs.replace(cell, streams=choice.streams or streams)

    def _settings(self, opened: str, transport: str, protocol: str, choice: Choice) -> Iterator[tuple[int, int, int | None]]:
        """Streams allowed, tabs asked for, and interval: every combination that differs for such a cell."""
        streams = self.streams if PROTOCOLS[protocol].multiplexed else self.streams[:1]
        tabs = (choice.tabs,) if choice.tabs else self.tabs or (OPENINGS[opened].up_to,)
        own = self.intervals.get(transport, ())
        intervals: tuple[int | None, ...] = (choice.intervals if own else ()) or own or (None,)
        return itertools.product(streams, tabs, intervals)

    def _chosen(self, cell: Cell, transports: Sequence[str], choice: Choice) -> bool:
        if (choice.protocols and cell.protocol not in choice.protocols) or (choice.opened and cell.opened not in choice.opened):
            return False
        if choice.transports and cell.transport not in choice.transports:
            return False
        if choice.streams and cell.streams != self.streams[0]:
            return False  # A setting that was asked for takes the place of the scenario's own.
        if choice.breadth == "all":
            return True
        if not choice.tabs and self.tabs and cell.asked != self.tabs[0]:
            return False
        if {cell.protocol, cell.opened} & self.aside - {*choice.protocols, *choice.opened}:
            return False
        usual = [
            bool(choice.transports) or cell.transport == transports[0],
            bool(choice.opened) or cell.opened == self.opened[0],
            bool(choice.cases) or cell.case == next(iter(self.cases), ""),
        ]
        first_setting = cell.streams == self.streams[0]
        at_home = first_setting and (bool(choice.protocols) or cell.protocol == self.home(cell))
        if choice.breadth == "quick":
            return all(usual) and first_setting and (at_home or PROTOCOLS[cell.protocol].multiplexed)
        return [*usual, at_home].count(False) <= self.differing


def scenario(
    *,
    transports: Sequence[str],
    tabs: int | Sequence[int] = (),
    claim: Mapping[str, int] | None = None,
    source: str = "",
    claims: Sequence[Claim] = (),
    opened: Sequence[str] = ("tabs",),
    streams: Sequence[int] = (STREAMS,),
    cases: Mapping[str, AnyCase] | None = None,
    aside: Sequence[str] = (),
    repeat: int = 1,
    differing: int = 1,
    first_look: bool = True,
    intervals: Mapping[str, Sequence[int]] | None = None,
    per_second: float | None = None,
) -> Callable[[Steps], Scenario]:
    """Make a scenario of its steps.

    `claim` maps each protocol it runs over to the most tabs that are said to stay live there, `source` says who says so; or
    `claims` says both of each kind of cell. `tabs` is how many to ask for, or several such numbers, of which only a run of all
    takes more than the first; without it, the finder's bound for each opening. `intervals` are those of the transports that
    poll, in ms; `per_second` is the feed's pace while the tabs listen.
    `aside` names protocols and openings that are run only when they are asked for: another scenario has them already. In so
    many things as `differing` says may a main cell be another than the reference. A quick run of everything leaves out what is
    not for a `first_look`.
    Raises UsageError for a matrix that can't be run.
    """
    if not all(isinstance(limit, int) and limit >= 0 for limit in (claim or {}).values()):
        raise UsageError("a claim is a number of tabs for each protocol")
    said = (*claims, *(Claim(limit, source, protocols=(name,)) for name, limit in (claim or {}).items()))
    unknown = sorted({name for one in said for name in one.protocols} - set(PROTOCOLS))
    if unknown:
        raise UsageError(f"unknown protocol {unknown[0]!r} in a claim", f"known are {', '.join(PROTOCOLS)}")
    strange = sorted(set(opened) - set(OPENINGS))
    if strange:
        raise UsageError(f"unknown opening {strange[0]!r}", f"known are {', '.join(OPENINGS)}")
    counts = (tabs,) if isinstance(tabs, int) else tuple(dict.fromkeys(tabs))
    if not said or not transports or not opened or not streams or min(counts, default=1) < 1 or repeat < 1:
        raise UsageError("a scenario needs transports, a claim for each protocol, its source, and at least one tab")
    strange = sorted(set(intervals or {}) - set(transports))
    if strange:
        raise UsageError(f"intervals for {strange[0]!r}, which is none of the scenario's transports")
    every = [interval for each in (intervals or {}).values() for interval in each]
    if not all(LEAST_MS <= interval <= MOST_MS for interval in every):
        raise UsageError(f"an interval is {LEAST_MS} to {MOST_MS} ms", "a poll without a pause measures only itself")
    if per_second is not None and not 0 < per_second <= MOST_PER_SECOND:
        raise UsageError(f"a feed has up to {MOST_PER_SECOND} updates a second, and more than none")
    if not all(one.source for one in said) or min(streams) < 1:
        raise UsageError("a claim needs its source, and a setting of streams is at least 1")

    def make(steps: Steps) -> Scenario:
        if not re.fullmatch(r"[a-z][a-z0-9_]*", steps.__name__):
            raise UsageError(f"a scenario's name is in lower case, with underscores: {steps.__name__!r}")
        if not inspect.iscoroutinefunction(steps):
            raise UsageError(f"the steps of {steps.__name__} are not async", "write: async def")
        fields: dict[str, Any] = {
            "transports": transports,
            "opened": opened,
            "tabs": counts,
            "streams": streams,
            "cases": cases or {},
            "aside": aside,
            "repeat": repeat,
            "differing": differing,
            "first_look": first_look,
            "intervals": intervals or {},
            "per_second": per_second,
        }
        return Scenario(steps, said, fields)

    return make
