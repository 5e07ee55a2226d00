"""Compares two runs, cell by cell. A difference counts as a change only if it is larger than the spread of the repeats."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

import msgspec

from lab.model.axes import AXES
from lab.model.verdict import KINDS, Limit, Verdict
from lab.results.file import CellResult, Results
from lab.results.names import engine_name, label
from lab.results.repeats import UNSURE, Repeats, repeats
from lab.text import NONE, listed

LIVE = "live"
MEDIAN = "median latency, ms"
WORD_FIELDS: dict[str, Callable[[Verdict], str | None]] = {
    "verdict": lambda verdict: KINDS[verdict.kind].label,
    "what held the others back": lambda verdict: verdict.cause.label if verdict.cause else None,
    "answer": lambda verdict: verdict.answer,
}
"""The parts of a verdict that are words, by their heading."""

LAB = "seventh-tab"


class Difference(msgspec.Struct, frozen=True):
    """One difference between two runs."""

    what: str
    """The name of the value that differs."""
    before: str
    """Its value in the first run."""
    after: str
    """Its value in the second run."""


class Changed(msgspec.Struct, frozen=True, kw_only=True):
    """A cell that changed from the first run to the second."""

    engine: str
    """The engine's title."""
    cell: str
    """The cell's name, without its engine."""
    versions: tuple[str, str]
    """The engine's version in each run."""
    differences: tuple[Difference, ...]
    """The values that changed."""
    because: str
    """Why the limit moved, as far as that is known; empty if it did not move."""

    @property
    def sentence(self) -> str:
        """`With Chromium 157 instead of 156, tabs over HTTP/2 by polling: 9 live instead of 6. …`; empty if the limit did not
        move."""
        limit = next((one for one in self.differences if one.what == LIVE), None)
        if limit is None:
            return ""
        before, after = self.versions
        head = f"With {self.engine} {after} {'in both runs' if before == after else f'instead of {before}'}"
        return f"{head}, {self.cell}: {limit.after} live instead of {limit.before}. {self.because}."


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """Two runs compared."""

    runs: tuple[str, str]
    """The names of both."""
    differences: tuple[Difference, ...]
    """Differences between the runs themselves: browsers, packages, machine."""
    compared: int
    """How many cells have a sure verdict in both runs."""
    changed: tuple[Changed, ...]
    """The cells that changed."""
    doubtful: tuple[str, ...]
    """The cells without a sure verdict in both runs, with the reason."""
    single: tuple[str, ...]
    """The cells whose latency is not compared, because a run has only one repeat, and so no spread."""
    only_before: tuple[str, ...]
    """The cells that only the first run measured."""
    only_after: tuple[str, ...]
    """The cells that only the second run measured."""

    @property
    def moved(self) -> list[str]:
        """A sentence for each limit that moved."""
        return [one.sentence for one in self.changed if one.sentence]


class Pair(NamedTuple):
    """One cell's repeats in both runs."""

    before: Repeats
    after: Repeats

    @property
    def doubt(self) -> str:
        """Why the two can't be compared; empty if they can."""
        both = zip(self, ("first", "second"), strict=True)
        return listed([f"{KINDS[one.verdict].label} in the {which} run" for one, which in both if one.verdict in UNSURE])

    @property
    def single(self) -> bool:
        """Whether both runs measured latency, and one of them only once."""
        return min(len(medians(one)) for one in self) == 1


def compare(a: Results, b: Results) -> Comparison:
    """What changed from run `a` to run `b`. Two cells are the same if they have the same value on each axis."""
    before, after = ({one.first.cell.group: one for one in repeats(results)} for results in (a, b))
    every = {**after, **before}
    cells = cell_labels(every.values())
    names = {group: f"{engine_name(one.first.cell.engine)}, {cells[group]}" for group, one in every.items()}
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


def cell_labels(members: Iterable[Repeats]) -> dict[str, str]:
    """The name of each cell without its engine, by the cell's group. If two cells would have the same name, the scenario and
    the axes in which they differ are added."""
    alike: dict[tuple[str, str], list[CellResult]] = {}
    for one in members:
        alike.setdefault((one.first.cell.engine, label(one.first)), []).append(one.first)
    return {run.cell.group: f"{called}{apart_by(run, runs)}" for (_, called), runs in alike.items() for run in runs}


def apart_by(run: CellResult, runs: Sequence[CellResult]) -> str:
    """` (at most 24)`: the values by which a cell differs from others of the same name; empty if there are no others."""
    differ = [axis for axis in AXES if len({getattr(one.cell, axis.field) for one in runs}) > 1]
    parts = [run.cell.scenario] if len({one.cell.scenario for one in runs}) > 1 else []
    parts += [f"{axis.label} {value_of(run, axis.field)}" for axis in differ]
    return f" ({', '.join(parts)})" if parts else ""


def value_of(run: CellResult, field: str) -> str:
    """The cell's value on one axis, as text; a dash if it has none."""
    value = getattr(run.cell, field)
    return NONE if value in (None, "") else f"{value:g}" if isinstance(value, float) else str(value)


def changed(cell: str, pair: Pair, beside: Sequence[str]) -> Changed:
    """What changed in one cell; without differences if nothing did. `beside`: what else changed between the runs."""
    found = changes(pair)
    moved = any(one.what == LIVE for one in found)
    full = (versions(pair.before.runs), versions(pair.after.runs))
    before, after = (version.split(".")[0] for version in full)
    return Changed(
        engine=engine_name(pair.after.first.cell.engine),
        cell=cell,
        versions=full if before == after and full[0] != full[1] else (before, after),
        differences=tuple(found),
        because=because(pair, full, beside) if moved else "",
    )


def changes(pair: Pair) -> list[Difference]:
    """The values that changed: no repeat of one run has a value that a repeat of the other run has."""
    before, after = pair
    found = []
    if apart([(live, live) for live in before.lives], [(live, live) for live in after.lives]):
        found.append(Difference(LIVE, before.live, after.live))
    for what, words in WORD_FIELDS.items():
        old, new = (dict.fromkeys(said for run in one.runs if (said := words(run.verdict))) for one in pair)
        if old and new and not old.keys() & new.keys():
            found.append(Difference(what, " / ".join(old), " / ".join(new)))
    if min(len(medians(one)) for one in pair) > 1 and apart(medians(before), medians(after)):
        found.append(Difference(MEDIAN, range_of(medians(before)), range_of(medians(after))))
    return found


def apart(before: Sequence[tuple[float, float]], after: Sequence[tuple[float, float]]) -> bool:
    """Whether all ranges of one run lie above all ranges of the other; False if a run has none."""
    if not before or not after:
        return False
    return top(before) < bottom(after) or top(after) < bottom(before)


def bottom(ranges: Sequence[tuple[float, float]]) -> float:
    """The lowest value that any of these ranges reaches."""
    return min(low for low, _ in ranges)


def top(ranges: Sequence[tuple[float, float]]) -> float:
    """The highest value that any of these ranges reaches."""
    return max(high for _, high in ranges)


def medians(one: Repeats) -> list[tuple[float, float]]:
    """The median latency of each repeat (ms), as a range: the clocks agree only to some ms."""
    found = [run.delivery for run in one.runs if run.delivery and run.verdict.live is not None]
    middles = [(each.latency_percentiles_ms[50], each.clocks_ms) for each in found if each.latency_percentiles_ms]
    return [(middle - within, middle + within) for middle, within in middles]


def range_of(ranges: Sequence[tuple[float, float]]) -> str:
    """`4.1 to 5.0`: from the lowest value of some ranges to the highest."""
    return f"{bottom(ranges):.1f} to {top(ranges):.1f}"


def versions(runs: Iterable[CellResult], engine: str = "") -> str:
    """The browser's versions in some runs; with `engine`, only of that engine. Empty if none is known."""
    known = [run.engine_version for run in runs if run.engine_version and engine in ("", run.cell.engine)]
    return " / ".join(dict.fromkeys(known))


def differences(a: Results, b: Results) -> list[Difference]:
    """In what the two runs differ as a whole: browsers first, then the lab and its packages, then the machine."""
    engines = dict.fromkeys(run.cell.engine for run in (*a.cells, *b.cells))
    browsers = [(engine_name(engine), versions(a.cells, engine), versions(b.cells, engine)) for engine in engines]
    parts = dict.fromkeys((LAB, *a.versions, *b.versions))
    rows = [row for row in browsers if row[1] and row[2]]
    rows += [(part, a.versions.get(part, NONE), b.versions.get(part, NONE)) for part in parts]
    rows += [("machine", a.machine.system, b.machine.system), ("processors", str(a.machine.cpus), str(b.machine.cpus))]
    return [Difference(*row) for row in rows if row[1] != row[2]]


def beside_the_browser(a: Results, b: Results) -> list[str]:
    """What else may have moved a limit, apart from the browser."""
    machines = [(one.machine.system, one.machine.cpus) for one in (a, b)]
    return [*(["the machine"] if machines[0] != machines[1] else []),
            *(["the lab"] if a.versions.get(LAB) != b.versions.get(LAB) else [])]  # fmt: skip


def because(pair: Pair, browsers: tuple[str, str], beside: Sequence[str]) -> str:
    """Why the limit moved, as far as that is known."""
    if Limit.SOCKETS in [run.verdict.cause for one in pair for run in one.runs]:
        return "This limit is soft: it may have moved by chance alone"
    before, after = browsers
    if before == after:
        return "It moved, with the same browser" + (f", but {listed(beside)} changed" if beside else "")
    if beside:
        return f"It moved with another browser, but {listed(beside)} changed too: which of them moved it is not known"
    update = "update" if version_numbers(after) > version_numbers(before) else "downgrade"
    return f"The browser {update} moved this limit"


def version_numbers(version: str) -> list[int]:
    """The numbers in a version, for comparing two of them."""
    return [int(part) for part in re.findall(r"[0-9]{1,9}", version)]
