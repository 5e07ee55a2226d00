"""What a scenario is: a question, claims with their sources, and a few steps; and the decorator that makes one."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from lab.errors import UsageError
from lab.model.axes import AXES, DIRECT, LEAST_INTERVAL_MS, MOST_INTERVAL_MS, MOST_PER_SECOND, case_name
from lab.model.cell import STREAMS, AnyCase, Cell
from lab.model.claims import AtMost, BaseClaim, Claim
from lab.model.openings import OPENINGS
from lab.model.protocols import PROTOCOLS
from lab.model.questions import LIMITS, QUESTIONS
from lab.scenario.verbs import Steps


class Scenario:
    """A scenario as its file states it; the fields are the keywords of `scenario`.

    `words` is the docstring of the file: the question as a reader meets it. `source` is how the command line names the
    scenario: by its name, or by the path that it was loaded from."""

    def __init__(
        self,
        steps: Steps,
        *,
        question: str,
        claims: Sequence[Claim],
        transports: Sequence[str],
        openings: Sequence[str],
        routes: Sequence[str],
        tabs: Sequence[int],
        streams: Sequence[int],
        intervals: Mapping[str, Sequence[int]],
        per_second: float | None,
        cases: Mapping[str, AnyCase],
        aside: Sequence[str],
        repeat: int,
        differing: int,
        first_look: bool,
        axes: Mapping[str, Sequence[Any]],
        aliases: Sequence[str],
        former_cases: Mapping[str, str],
    ) -> None:
        self.name = steps.__name__
        self.words = (inspect.getmodule(steps).__doc__ or "").strip()
        self.steps = steps
        self.question = question
        self.claims = tuple(claims)
        self.transports = tuple(transports)
        self.openings = tuple(openings)
        self.routes = tuple(routes)
        self.tabs = tuple(tabs)
        self.streams = tuple(streams)
        self.intervals = {name: tuple(every) for name, every in intervals.items()}
        self.per_second = per_second
        self.cases = dict(cases)
        self.aside = frozenset(aside)
        self.repeat = repeat
        self.differing = differing
        self.first_look = first_look
        self.axes = {field: tuple(values) for field, values in axes.items()}
        self.aliases = tuple(aliases)
        self.former_cases = dict(former_cases)
        self.path = Path(inspect.getfile(steps))
        self.source = self.name

    def __repr__(self) -> str:
        return f"<Scenario {self.name}: {', '.join(self.protocols)} × {', '.join(self.transports)}>"

    @property
    def protocols(self) -> tuple[str, ...]:
        """Those of which something is claimed."""
        everywhere = any(not claim.protocols for claim in self.claims)
        return tuple(name for name in PROTOCOLS if everywhere or any(name in claim.protocols for claim in self.claims))

    def claim(self, cell: Cell) -> Claim | None:
        """The first claim that fits; None when nobody claims anything of such a cell."""
        return next((claim for claim in self.claims if claim.fits(cell)), None)


def scenario(
    *,
    transports: Sequence[str],
    question: str = LIMITS,
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
    differing: int = 1,
    first_look: bool = True,
    intervals: Mapping[str, Sequence[int]] | None = None,
    per_second: float | None = None,
    axes: Mapping[str, Sequence[Any]] | None = None,
    aliases: Sequence[str] = (),
    former_cases: Mapping[str, str] | None = None,
) -> Callable[[Steps], Scenario]:
    """Make a scenario of its steps. docs/scenarios.md has an example.

    `question` is the kind of question (lab/model/questions.py): it decides how the cells are judged and told.
    `claim` maps each protocol that it runs over to the most tabs said to stay live there, and `source` says who says so; or
    `claims` has claims of any kind. A cell is measured only if a claim fits it.
    `tabs` is how many to open at most, or several such numbers, of which only `--all` takes more than the first; without it,
    the bound of each opening. `openings` are the ways of opening (`opened` is its former name), `routes` ways to the origin.
    `streams` are values of the origin's setting MAX_CONCURRENT_STREAMS. `intervals` are those of the transports that poll, in
    ms; `per_second` is the feed's pace while updates are followed. `cases` are what is tried, by name.
    `aside` names protocols and openings that are measured only when they are asked for: another scenario has them already. A
    main cell may differ from the reference in `differing` things. A quick run of everything leaves out what is not for a
    `first_look`. `axes` has the values of any further axis of lab/model/axes.py, by its field; the first is the reference.
    `aliases` are former names of the scenario, `former_cases` maps former names of cases to present ones.

    Raises UsageError for a matrix that can't be run.
    """
    if not all(isinstance(limit, int) and limit >= 0 for limit in (claim or {}).values()):
        raise UsageError("a claim is a number of tabs for each protocol")
    every_claim = (*claims, *(AtMost(limit, source=source, protocols=(name,)) for name, limit in (claim or {}).items()))
    strange = [one for one in every_claim if not isinstance(one, BaseClaim)]
    if strange:
        raise UsageError(f"{strange[0]!r} is no claim", "use AtMost(…), Unlimited(…) or Answer(…), each with source=…")
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
        raise UsageError("a claim needs its source, and a setting of streams is at least 1")
    check_cases(cases or {})
    check_axes(axes or {})

    def make(steps: Steps) -> Scenario:
        if not re.fullmatch(r"[a-z][a-z0-9_]*", steps.__name__):
            raise UsageError(f"a scenario's name is in lower case, with underscores: {steps.__name__!r}")
        if not inspect.iscoroutinefunction(steps):
            raise UsageError(f"the steps of {steps.__name__} are not async", "write: async def")
        return Scenario(
            steps,
            question=question,
            claims=every_claim,
            transports=transports,
            openings=ways,
            routes=routes,
            tabs=counts,
            streams=streams,
            intervals=intervals or {},
            per_second=per_second,
            cases=cases or {},
            aside=aside,
            repeat=repeat,
            differing=differing,
            first_look=first_look,
            axes=axes or {},
            aliases=aliases,
            former_cases=former_cases or {},
        )

    return make


def check_pace(transports: Sequence[str], intervals: Mapping[str, Sequence[int]], per_second: float | None) -> None:
    """Raises UsageError for intervals and paces that can't be."""
    if odd := sorted(set(intervals) - set(transports)):
        raise UsageError(f"intervals for {odd[0]!r}, which is none of the scenario's transports")
    every = [interval for each in intervals.values() for interval in each]
    if not all(LEAST_INTERVAL_MS <= interval <= MOST_INTERVAL_MS for interval in every):
        bounds = f"{LEAST_INTERVAL_MS} to {MOST_INTERVAL_MS} ms"
        raise UsageError(f"an interval is {bounds}", "a poll without a pause measures only itself")
    if per_second is not None and not 0 < per_second <= MOST_PER_SECOND:
        raise UsageError(f"a feed has up to {MOST_PER_SECOND:g} updates a second, and more than none")


def check_axes(axes: Mapping[str, Sequence[Any]]) -> None:
    """Raises UsageError for an axis that there is not, or that has a keyword of its own."""
    own = {"engine", "protocol", "transport", "opening", "at_most", "streams", "interval_ms", "per_second", "route", "case"}
    further = [axis.field for axis in AXES if axis.field not in own]
    for field, values in axes.items():
        if field not in further or not values:
            raise UsageError(f"axes has {field!r}: {list(values)}", f"name a further axis with values: {further or 'none'}")


def check_cases(cases: Mapping[str, AnyCase]) -> None:
    """Raises UsageError when the cells of two cases would have one name."""
    taken: dict[str, str] = {}
    for case in cases:
        slug = case_name(case)
        if slug in taken or (case and not slug):
            other = f" as {taken[slug]!r} has" if slug in taken else ""
            raise UsageError(f"the case {case!r} gives its cells the name {slug!r}{other}", "rename one of them")
        taken[slug] = case
