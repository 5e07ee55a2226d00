"""What a scenario is: a question, claims with their sources, and a few steps; and the decorator that makes one."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lab.errors import UsageError
from lab.model.axes import AXES, DIRECT, LEAST_INTERVAL_MS, MOST_INTERVAL_MS, MOST_PER_SECOND, case_name
from lab.model.cell import STREAMS, AnyCase, Cell
from lab.model.claims import AtMost, BaseClaim, Claim
from lab.model.openings import OPENINGS
from lab.model.protocols import PROTOCOLS
from lab.model.questions import DEFAULT_QUESTION, QUESTIONS
from lab.scenario.verbs import Steps


@dataclass(eq=False, kw_only=True)
class Scenario:
    """A scenario as its file declares it. The fields are the keywords of the decorator `scenario`.

    `words` is the question in a reader's words: the docstring of its function, or else of the file. `source` is the scenario's
    name on the command line: its own name, or the path of its file."""

    steps: Steps
    words: str
    path: Path
    question: str
    claims: tuple[Claim, ...]
    transports: tuple[str, ...]
    openings: tuple[str, ...]
    routes: tuple[str, ...]
    tabs: tuple[int, ...]
    streams: tuple[int, ...]
    intervals: Mapping[str, tuple[int, ...]]
    per_second: float | None
    cases: Mapping[str, AnyCase]
    aside: frozenset[str]
    repeat: int
    by_chance: Mapping[str, tuple[Any, ...]]
    differing: int
    first_look: bool
    keep_tabs: bool
    browsers: bool
    named_by: frozenset[str]
    usual_differing: int
    thorough: Mapping[str, tuple[Any, ...]]
    axes: Mapping[str, tuple[Any, ...]]
    aliases: tuple[str, ...]
    former_cases: Mapping[str, str]
    source: str

    @property
    def name(self) -> str:
        """The name of its function."""
        return self.steps.__name__

    def __repr__(self) -> str:
        return f"<Scenario {self.name}: {', '.join(self.protocols)} × {', '.join(self.transports)}>"

    @property
    def protocols(self) -> tuple[str, ...]:
        """The protocols that a claim is about."""
        everywhere = any(not claim.protocols for claim in self.claims)
        return tuple(name for name in PROTOCOLS if everywhere or any(name in claim.protocols for claim in self.claims))

    def repeats(self, cell: Cell) -> int:
        """How often a thorough run, or the full product, measures the cell."""
        decided = all(getattr(cell, field) in values for field, values in self.by_chance.items())
        return self.repeat if decided else 1

    def claim(self, cell: Cell) -> Claim | None:
        """The first claim that fits the cell; None if no claim does."""
        return next((claim for claim in self.claims if claim.fits(cell)), None)


def scenario(
    *,
    transports: Sequence[str],
    question: str = DEFAULT_QUESTION,
    tabs: int | Sequence[int] = (),
    claim: Mapping[str, int] | None = None,
    source: str = "",
    claims: Sequence[Claim] = (),
    openings: Sequence[str] = (),
    opened: Sequence[str] = (),
    routes: Sequence[str] = (DIRECT,),
    streams: Sequence[int] = (STREAMS,),
    cases: Mapping[str, AnyCase] | None = None,
    aside: Sequence[str] = (),
    repeat: int = 1,
    by_chance: Mapping[str, Sequence[Any]] | None = None,
    differing: int = 1,
    first_look: bool = False,
    keep_tabs: bool = False,
    browsers: bool = True,
    named_by: Sequence[str] = (),
    usual_differing: int = 1,
    thorough: Mapping[str, Sequence[Any]] | None = None,
    intervals: Mapping[str, Sequence[int]] | None = None,
    per_second: float | None = None,
    axes: Mapping[str, Sequence[Any]] | None = None,
    aliases: Sequence[str] = (),
    former_cases: Mapping[str, str] | None = None,
) -> Callable[[Steps], Scenario]:
    """Make a scenario of its steps. docs/scenarios.md has an example.

    `question` is the kind of question (lab/model/questions.py): it decides how the cells are judged and reported. `claim` maps
    a protocol to the largest number of tabs that stay live over it, according to `source`; or `claims` has claims of any kind.
    A cell is measured only if a claim fits it. `tabs` is the most clients to open, or several such numbers, of which only
    `--all` uses more than the first; without it, each opening has its own bound. `openings` are the ways to open clients
    (`opened` is the former name of this keyword), `routes` the routes to the origin. `streams` are values of the origin's
    setting MAX_CONCURRENT_STREAMS. `intervals` are the polling intervals of each transport that polls, in ms. `per_second` is
    how many updates the feed publishes each second while latency is measured. `cases` are the cases to try, by name. `aside`
    has protocols and openings that are measured only if the user asks for them: another scenario has them already. A default
    run measures cells that differ from the reference (lab/scenario/selection.py) in one value (or in up to `usual_differing`),
    a thorough one those that differ in at most `differing` values, `repeat` times each; with `by_chance`, only the cells that
    have these values of axes (by field), because chance is known to decide there. `thorough` has values of axes, by field, that
    only a thorough run measures, or a user who asks for them. `first_look`: whether `--quick` without names includes the
    scenario. `keep_tabs`: the cells leave their tabs to cells with as many, of any scenario that says so; not for scenarios
    that use a second profile. Without `browsers` each cell is measured once, by the plain client, because what it asks depends
    on no browser. A scenario with `named_by` is no part of a run without names: it is measured when one of these names is
    given, or its own. `axes` has the values of any further axis of lab/model/axes.py, by its field; the first is the reference.
    `aliases` are former names of the scenario; `former_cases` maps former names of cases to present ones.

    Raises UsageError for values that can't be measured.
    """
    if not all(isinstance(limit, int) and limit >= 0 for limit in (claim or {}).values()):
        raise UsageError("claim= needs a number of tabs for each protocol")
    every_claim = (*claims, *(AtMost(limit, source=source, protocols=(name,)) for name, limit in (claim or {}).items()))
    strange = [one for one in every_claim if not isinstance(one, BaseClaim)]
    if strange:
        raise UsageError(f"{strange[0]!r} is not a claim", "use AtMost(…), Unlimited(…) or Answer(…), each with source=…")
    unknown = sorted({name for one in every_claim for name in one.protocols} - set(PROTOCOLS))
    if unknown:
        raise UsageError(f"unknown protocol {unknown[0]!r} in a claim", f"known are {', '.join(PROTOCOLS)}")
    ways = tuple(openings or opened or ("tabs",))
    if odd := sorted(set(ways) - set(OPENINGS)):
        raise UsageError(f"unknown opening {odd[0]!r}", f"known are {', '.join(OPENINGS)}")
    if question not in QUESTIONS:
        raise UsageError(f"unknown question {question!r}", f"known are {', '.join(QUESTIONS)}")
    counts = (tabs,) if isinstance(tabs, int) else tuple(dict.fromkeys(tabs))
    if not every_claim or not transports or not routes or not streams or min(counts, default=1) < 1 or repeat < 1:
        raise UsageError("a scenario needs transports, a claim for each protocol, its source, and at least one tab")
    check_pace(transports, intervals or {}, per_second)
    if not all(one.source for one in every_claim) or min(streams) < 1:
        raise UsageError("each claim needs a source, and each value of streams must be at least 1")
    check_cases(cases or {})
    check_axes(axes or {})
    for name, by_field in (("thorough", thorough), ("by_chance", by_chance)):
        if odd := sorted(set(by_field or {}) - {axis.field for axis in AXES}):
            raise UsageError(f"{name} has {odd[0]!r}, which is no axis", f"known are {', '.join(axis.field for axis in AXES)}")

    def make(steps: Steps) -> Scenario:
        if not re.fullmatch(r"[a-z][a-z0-9_]*", steps.__name__):
            raise UsageError(f"a scenario's name must be in lower case, with underscores: {steps.__name__!r}")
        if not inspect.iscoroutinefunction(steps):
            raise UsageError(f"the steps of {steps.__name__} are not async", "write: async def")
        return Scenario(
            steps=steps,
            words=(inspect.getdoc(steps) or inspect.getmodule(steps).__doc__ or "").strip(),
            path=Path(inspect.getfile(steps)),
            question=question,
            claims=every_claim,
            transports=tuple(transports),
            openings=ways,
            routes=tuple(routes),
            tabs=counts,
            streams=tuple(streams),
            intervals={name: tuple(every) for name, every in (intervals or {}).items()},
            per_second=per_second,
            cases=dict(cases or {}),
            aside=frozenset(aside),
            repeat=repeat,
            by_chance={field: tuple(values) for field, values in (by_chance or {}).items()},
            differing=differing,
            first_look=first_look,
            keep_tabs=keep_tabs,
            browsers=browsers,
            named_by=frozenset(named_by),
            usual_differing=usual_differing,
            thorough={field: tuple(values) for field, values in (thorough or {}).items()},
            axes={field: tuple(values) for field, values in (axes or {}).items()},
            aliases=tuple(aliases),
            former_cases=dict(former_cases or {}),
            source=steps.__name__,
        )

    return make


def check_pace(transports: Sequence[str], intervals: Mapping[str, Sequence[int]], per_second: float | None) -> None:
    """Raises UsageError for an interval or a pace that is out of bounds."""
    if odd := sorted(set(intervals) - set(transports)):
        raise UsageError(f"intervals has {odd[0]!r}, which is not one of the scenario's transports")
    every = [interval for each in intervals.values() for interval in each]
    if not all(LEAST_INTERVAL_MS <= interval <= MOST_INTERVAL_MS for interval in every):
        bounds = f"{LEAST_INTERVAL_MS} to {MOST_INTERVAL_MS} ms"
        raise UsageError(f"a polling interval must be {bounds}", "a poll without a pause measures only itself")
    if per_second is not None and not 0 < per_second <= MOST_PER_SECOND:
        raise UsageError(f"per_second must be above 0 and at most {MOST_PER_SECOND:g} updates a second")


def check_axes(axes: Mapping[str, Sequence[Any]]) -> None:
    """Raises UsageError for an unknown axis, or one that has a keyword of its own."""
    own = {"engine", "protocol", "transport", "opening", "at_most", "streams", "interval_ms", "per_second", "route", "case"}
    further = [axis.field for axis in AXES if axis.field not in own]
    for field, values in axes.items():
        if field not in further or not values:
            raise UsageError(f"axes has {field!r}: {list(values)}", f"use one of these axes, with values: {further or 'none'}")


def check_cases(cases: Mapping[str, AnyCase]) -> None:
    """Raises UsageError if the cells of two cases would have the same name."""
    taken: dict[str, str] = {}
    for case in cases:
        slug = case_name(case)
        if slug in taken or (case and not slug):
            other = f" as {taken[slug]!r} has" if slug in taken else ""
            raise UsageError(f"the case {case!r} gives its cells the name {slug!r}{other}", "rename one of them")
        taken[slug] = case
