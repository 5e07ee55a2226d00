"""Two runs side by side, by cell: what changed beyond the spread of its repeats. What may be chance is not called a change."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import msgspec

from lab.model.openings import OPENINGS
from lab.model.protocols import PROTOCOLS
from lab.model.verdict import Kind, Limit
from lab.report.findings import joined
from lab.report.tables import NONE, way_of
from lab.results.file import CellResult, Results
from lab.results.repeats import Group, groups

LIVE = "live"
MEDIAN = "median lateness, ms"
WORDS = (("verdict", "verdict"), ("what held the rest", "cause"), ("answer", "answer"))
LAB = "seventh-tab"


class Difference(msgspec.Struct, frozen=True):
    """`what` was `before` in the first run and is `after` in the second."""

    what: str
    before: str
    after: str


class Changed(msgspec.Struct, frozen=True, kw_only=True):
    """A cell of which the second run says otherwise. `versions` are the engine's in each run; `because` says what moved the
    wall, as far as that is known, where one has moved."""

    engine: str
    cell: str
    versions: tuple[str, str]
    differences: tuple[Difference, ...]
    because: str

    @property
    def sentence(self) -> str:
        """`With Chromium 157 instead of 156, tabs over HTTP/1.1 by sse: 9 live instead of 6. …`; nothing where none moved"""
        wall = next((one for one in self.differences if one.what == LIVE), None)
        if wall is None:
            return ""
        before, after = self.versions
        head = f"With {self.engine} {after} {'in both runs' if before == after else f'instead of {before}'}"
        return f"{head}, {self.cell}: {wall.after} live instead of {wall.before}. {self.because}."


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """`runs` are the names of both, and `differences` what they were made with. `compared` cells are sure in both; of these,
    `changed` changed. `doubtful` are the others, with the reason. Of how late updates came in `single` nothing is said: one
    repeat has no spread."""

    runs: tuple[str, str]
    differences: tuple[Difference, ...]
    compared: int
    changed: tuple[Changed, ...]
    doubtful: tuple[str, ...]
    single: tuple[str, ...]
    only_before: tuple[str, ...]
    only_after: tuple[str, ...]

    @property
    def moved(self) -> list[str]:
        """A sentence for each wall that moved."""
        return [one.sentence for one in self.changed if one.sentence]


class Pair(NamedTuple):
    """One cell's repeats in both runs."""

    before: Group
    after: Group

    @property
    def doubt(self) -> str:
        """Why the two can't be compared; nothing when they can."""
        unsure = [(one.verdict, which) for one, which in zip(self, ("first", "second"), strict=True)
                  if one.verdict in (Kind.DISPUTED, Kind.HARNESS_FAULT)]  # fmt: skip
        return joined([f"{verdict.replace('_', ' ')} in the {which} run" for verdict, which in unsure])

    @property
    def single(self) -> bool:
        """Whether both listened, and one only once."""
        return min(len(medians(one)) for one in self) == 1


def compare(a: Results, b: Results) -> Comparison:
    before, after = ({one.first.group: one for one in groups(results)} for results in (a, b))
    cells = labels({**after, **before}.values())
    names = {group: f"{engine_of(one.first)}, {cells[group]}" for group, one in {**after, **before}.items()}
    pairs = {group: Pair(one, after[group]) for group, one in before.items() if group in after}
    sure = {group: pair for group, pair in pairs.items() if not pair.doubt}
    beside = beside_the_browser(a, b)
    found = [changed(cells[group], pair, beside) for group, pair in sure.items()]
    return Comparison(
        runs=(a.run, b.run),
        differences=tuple(differences(a, b)),
        compared=len(sure),
        changed=tuple(one for one in found if one.differences),
        doubtful=tuple(f"{names[group]}: {pair.doubt}" for group, pair in pairs.items() if pair.doubt),
        single=tuple(names[group] for group, pair in sure.items() if pair.single),
        only_before=tuple(names[group] for group in before if group not in after),
        only_after=tuple(names[group] for group in after if group not in before),
    )


def engine_of(run: CellResult) -> str:
    return run.engine.capitalize()


def labels(members: Iterable[Group]) -> dict[str, str]:
    """What each cell is called beside its engine; with its full name where two would be called the same."""
    found = {one.first.group: (one.first.engine, label(one.first)) for one in members}
    often = Counter(found.values())
    return {group: called[1] if often[called] == 1 else f"{called[1]} ({group})" for group, called in found.items()}


def label(run: CellResult) -> str:
    """`tabs over HTTP/1.1 by sse`"""
    protocol = PROTOCOLS[run.protocol]
    over = protocol.family if protocol.tls else f"{protocol.family} without TLS"
    return f"{run.case or OPENINGS[run.opened].nouns} over {over} by {way_of(run)}"


def changed(cell: str, pair: Pair, beside: Sequence[str]) -> Changed:
    found = changes(pair)
    moved = any(one.what == LIVE for one in found)
    full = (versions(pair.before.runs), versions(pair.after.runs))
    before, after = (version.split(".")[0] for version in full)
    return Changed(
        engine=engine_of(pair.after.first),
        cell=cell,
        versions=full if before == after and full[0] != full[1] else (before, after),
        differences=tuple(found),
        because=because(pair, full, beside) if moved else "",
    )


def changes(pair: Pair) -> list[Difference]:
    """What no repeat of one run has in common with a repeat of the other."""
    before, after = pair
    found = []
    if apart([(live, live) for live in before.lives], [(live, live) for live in after.lives]):
        found.append(Difference(LIVE, before.live, after.live))
    for what, field in WORDS:
        old, new = (dict.fromkeys(str(said) for run in one.runs if (said := getattr(run, field))) for one in pair)
        if old and new and not old.keys() & new.keys():
            found.append(Difference(what, " / ".join(old), " / ".join(new)))
    if min(len(medians(one)) for one in pair) > 1 and apart(medians(before), medians(after)):
        found.append(Difference(MEDIAN, range_of(medians(before)), range_of(medians(after))))
    return found


def apart(before: Sequence[tuple[float, float]], after: Sequence[tuple[float, float]]) -> bool:
    """Whether all that one run has lies above all that the other has; never where one has nothing."""
    if not before or not after:
        return False
    return top(before) < bottom(after) or top(after) < bottom(before)


def bottom(ranges: Sequence[tuple[float, float]]) -> float:
    return min(low for low, _ in ranges)


def top(ranges: Sequence[tuple[float, float]]) -> float:
    return max(high for _, high in ranges)


def medians(one: Group) -> list[tuple[float, float]]:
    """How late half of the updates came in each repeat: at the least and at the most, as far as the clocks agreed."""
    heard = [run.way for run in one.runs if run.way and run.way.latency_ms and run.live is not None]
    middles = [(way.latency_ms[len(way.latency_ms) // 2], way.clocks_ms) for way in heard]
    return [(middle - within, middle + within) for middle, within in middles]


def range_of(ranges: Sequence[tuple[float, float]]) -> str:
    return f"{bottom(ranges):.1f} to {top(ranges):.1f}"


def versions(runs: Iterable[CellResult], engine: str = "") -> str:
    """Of one engine, where it is named; nothing where none is known."""
    return " / ".join(dict.fromkeys(run.engine_version for run in runs if run.engine_version and engine in ("", run.engine)))


def differences(a: Results, b: Results) -> list[Difference]:
    """What the two runs were made with: the browsers first, then the lab and its parts, then the machine."""
    engines = dict.fromkeys(run.engine for run in (*a.cells, *b.cells))
    browsers = [(engine.capitalize(), versions(a.cells, engine), versions(b.cells, engine)) for engine in engines]
    parts = dict.fromkeys((LAB, *a.versions, *b.versions))
    rows = [row for row in browsers if row[1] and row[2]]
    rows += [(part, a.versions.get(part, NONE), b.versions.get(part, NONE)) for part in parts]
    rows += [("machine", a.machine.system, b.machine.system), ("processors", str(a.machine.cpus), str(b.machine.cpus))]
    return [Difference(*row) for row in rows if row[1] != row[2]]


def beside_the_browser(a: Results, b: Results) -> list[str]:
    """What else may have moved a wall."""
    machines = [(one.machine.system, one.machine.cpus) for one in (a, b)]
    return [*(["the machine"] if machines[0] != machines[1] else []),
            *(["the lab"] if a.versions.get(LAB) != b.versions.get(LAB) else [])]  # fmt: skip


def because(pair: Pair, browsers: tuple[str, str], beside: Sequence[str]) -> str:
    """What moved the wall; only as much of it as is known."""
    if Limit.SOCKETS in [run.cause for one in pair for run in one.runs]:
        return "This limit is a soft one: chance alone may have moved it"
    before, after = browsers
    if before == after:
        return "It moved, with the same browser" + (f", but {joined(beside)} changed" if beside else "")
    if beside:
        return f"It moved with another browser, but {joined(beside)} changed too: which of them did it is not known"
    update = "update" if numbers(after) > numbers(before) else "downgrade"
    return f"The browser {update} moved this wall"


def numbers(version: str) -> list[int]:
    return [int(part) for part in re.findall(r"[0-9]{1,9}", version)]
