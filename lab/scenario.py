"""What a scenario is: a question, a claim with its source, and a few steps. And a cell: one way to ask it."""

from __future__ import annotations

import inspect
import re
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Protocol

import msgspec

from lab.errors import UsageError
from lab.protocols import PROTOCOLS


class Tabs(Protocol):
    """The tabs of one cell, and the verbs to move them. All share one browser profile, as a person's tabs do."""

    async def open_one_by_one(self) -> None:
        """Open each tab once the one before it is live or known to be held back."""

    async def settle(self) -> None:
        """Return when every tab is live, or when nothing moves any more; then prove what the others wait for."""


Steps = Callable[[Tabs], Awaitable[None]]


class Claim(msgspec.Struct, frozen=True):
    """What is said of a protocol: so many tabs at most, `limit`, stay live at once, according to `source`."""

    limit: int
    source: str


class Cell(msgspec.Struct, frozen=True):
    """One engine × protocol × transport of a scenario, `asked` tabs, the `repeat`-th time."""

    scenario: str
    engine: str
    protocol: str
    transport: str
    asked: int
    repeat: int = 1

    @property
    def name(self) -> str:
        """Unique in a run, and fit for a URL's query."""
        return f"{self.scenario}.{self.engine}.{self.protocol}.{self.transport}.{self.asked}.{self.repeat}"


class Scenario:
    """A scenario as its file states it. `question` is the docstring of the file, printed as it stands."""

    def __init__(self, steps: Steps, transports: Sequence[str], tabs: int, claims: Mapping[str, Claim]) -> None:
        self.name = steps.__name__
        self.question = (inspect.getmodule(steps).__doc__ or "").strip()
        self.steps = steps
        self.transports = tuple(transports)
        self.tabs = tabs
        self.claims = dict(claims)
        self.path = Path(inspect.getfile(steps))
        self.source = self.name  # How the command line names it: the catalogue's name, or the path it was loaded by.

    def __repr__(self) -> str:
        return f"<Scenario {self.name}: {', '.join(self.claims)} × {', '.join(self.transports)}, {self.tabs} tabs>"

    def cells(
        self,
        engines: Sequence[str],
        protocols: Sequence[str] = (),
        transports: Sequence[str] = (),
        tabs: int | None = None,
        repeat: int = 1,
    ) -> Iterator[Cell]:
        """The cells of this scenario, narrowed to what was asked for."""
        for engine in engines:
            for protocol in self.claims:
                for transport in self.transports:
                    if (protocols and protocol not in protocols) or (transports and transport not in transports):
                        continue
                    for turn in range(1, repeat + 1):
                        yield Cell(self.name, engine, protocol, transport, tabs or self.tabs, turn)


def scenario(*, transports: Sequence[str], tabs: int, claim: Mapping[str, int], source: str) -> Callable[[Steps], Scenario]:
    """Make a scenario of its steps.

    `claim` maps each protocol it runs over to the most tabs that are said to stay live there; `source` says who says so.
    Raises UsageError for a matrix that can't be run.
    """
    unknown = sorted(set(claim) - set(PROTOCOLS))
    if unknown:
        raise UsageError(f"unknown protocol {unknown[0]!r} in a claim", f"known are {', '.join(PROTOCOLS)}")
    if not claim or not transports or tabs < 1 or not source:
        raise UsageError("a scenario needs transports, a claim for each protocol, its source, and at least one tab")
    if not all(isinstance(limit, int) and limit >= 0 for limit in claim.values()):
        raise UsageError("a claim is a number of tabs for each protocol")

    def make(steps: Steps) -> Scenario:
        if not re.fullmatch(r"[a-z][a-z0-9_]*", steps.__name__):
            raise UsageError(f"a scenario's name is in lower case, with underscores: {steps.__name__!r}")
        if not inspect.iscoroutinefunction(steps):
            raise UsageError(f"the steps of {steps.__name__} are not async", "write: async def")
        return Scenario(steps, transports, tabs, {name: Claim(limit, source) for name, limit in claim.items()})

    return make
