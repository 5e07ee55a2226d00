"""Buffering: for each proxy and each line of its configuration, whether events are held back, by how much, and which line mends
it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from lab.judge.buffering import PASSED
from lab.model.buffering import Reading
from lab.proxies.known import VARIANTS
from lab.report import tables as cells
from lab.report.answers import Answer, Entry
from lab.report.tables import ANSWER as ANSWER_COLUMN
from lab.report.tables import REPEATS, VERDICT, Column, Plain, Row, Table, by_engine, grouped, measured, over
from lab.results.file import CellResult
from lab.results.names import route_title
from lab.results.repeats import Repeats
from lab.text import listed

COLUMNS = (
    Column("line", "the line", brief=False),
    Column("app", "the app"),
    ANSWER_COLUMN,
    Column("head", "header after", number=True, unit="ms", brief=False),
    Column("first", "first event late", number=True, unit="ms"),
    Column("second", "second", number=True, unit="ms", brief=False),
    Column("last", "last", number=True, unit="ms", brief=False),
    Column("coding", "compressed"),
    VERDICT,
    REPEATS,
)
MENDED = (Column("over", "over"), Column("found", "without it"), Column("line", "the line that mends it"))


def tables(groups: Sequence[Repeats]) -> list[Table]:
    """Two tables: each variant with what it does, and for each that holds events back, what was measured to mend it."""
    rows = tuple(
        Row(one, route_title(one.first.cell.route), {**values(one), "repeats": cells.repeats_in_words(one)}) for one in groups
    )
    table = Table("Twenty small events through each variant: how much later than sent they came", "through", COLUMNS, rows)
    return [table, *([fixes_table(groups)] if held_cells(groups) else [])]


def line_of(route: str) -> str:
    """The line of a variant, as one text; empty for a proxy's defaults."""
    return " ".join(VARIANTS[route][1].line.split("\n")) if route in VARIANTS else ""


def values(one: Repeats) -> dict[str, Plain]:
    """What one cell measured; times are the median of its repeats."""
    readings = [each for each in (reading(run, "page") for run in one.runs) if each and each.late_ms]
    packed = reading(one.shown, "plain client (as a browser asks)")
    return {
        "line": line_of(one.first.cell.route) or None,
        "app": one.first.cell.case or None,
        "answer": one.answer or None,
        "head": middle([each.head_ms for each in readings if each.head_ms is not None]),
        "first": middle([each.late_ms[0] for each in readings]),
        "second": middle([each.late_ms[1] for each in readings if len(each.late_ms) > 1]),
        "last": middle([each.late_ms[-1] for each in readings]),
        "coding": (packed.coding or "no") if packed and packed.error is None else None,
        "verdict": one.verdict,
    }


def middle(numbers: Sequence[float]) -> float | None:
    """The median; never below 0, which only the clocks could make it. None for no numbers."""
    return max(0.0, sorted(numbers)[len(numbers) // 2]) if numbers else None


def reading(run: CellResult, reader: str) -> Reading | None:
    """What one reader received in a cell."""
    found = run.buffering.readings if run.buffering else ()
    return next((one for one in found if one.reader == reader), None)


def passes(one: Repeats) -> bool:
    """Whether each repeat passed every event on at once."""
    return bool(one.runs) and all(run.verdict.answer in PASSED for run in one.runs)


class Fix:
    """What was measured to mend a cell that holds events back: lines of the proxy, and what the app can do."""

    def __init__(self, held: Repeats, groups: Sequence[Repeats]) -> None:
        cell = held.first.cell
        self.held = held
        same = [one for one in groups if (one.first.cell.engine, one.first.cell.protocol) == (cell.engine, cell.protocol)]
        self.lines = sorted(
            (
                added
                for one in same
                if passes(one) and not one.first.cell.case and (added := added_lines(cell.route, one.first.cell.route))
            ),
            key=len,
        )
        self.app = [
            one.first.cell.case for one in same if one.first.cell.case and one.first.cell.route == cell.route and passes(one)
        ]

    @property
    def told(self) -> str:
        """The shortest line that was measured to mend it, and what the app can do instead."""
        line, app = self.lines[0] if self.lines else "", f"the app: {', or '.join(self.app)}" if self.app else ""
        return f"{line} (or {app})" if line and app else line or app or "none was measured"


def added_lines(held: str, mended: str) -> str:
    """The lines that a variant of the same proxy and version has besides those of another; empty if it lacks one of them, or
    has no more."""
    if held not in VARIANTS or mended not in VARIANTS:
        return ""
    (proxy, one), (other, two) = VARIANTS[held], VARIANTS[mended]
    if proxy is not other or one.versions != two.versions or one.behind != two.behind:
        return ""
    before, after = one.line.splitlines(), two.line.splitlines()
    return " ".join(line for line in after if line not in before) if set(before) <= set(after) else ""


def held_cells(groups: Sequence[Repeats]) -> list[Repeats]:
    """The cells without a remedy of the app's in which events are held back."""
    return [one for one in measured(groups) if not one.first.cell.case and not passes(one)]


def fixes_table(groups: Sequence[Repeats]) -> Table:
    """A row for each variant that holds events back: the shortest line that was measured to mend it."""
    rows = tuple(
        Row(
            one,
            route_title(one.first.cell.route),
            {"over": over(one.first), "found": one.answer, "line": Fix(one, measured(groups)).told},
        )
        for one in held_cells(groups)
    )
    title = "What mends a variant that holds events back, measured by the same cell with that line"
    return Table(title, "through", MENDED, rows)


def entries(one: Repeats) -> list[Entry]:
    """A row for each variant and case: what it does, and how late the first event was."""
    cell, seen = one.first.cell, values(one)
    labels = (route_title(cell.route), cell.case or "–", over(one.first))
    first = seen["first"]
    return [Entry(labels, {"answer": one.answer or None, "first": first if isinstance(first, float) else None})]


ANSWER = Answer(
    title="Are events held back, and how late is the first one?",
    about="through",
    entries=entries,
    details=(Column("app", "the app sends"), Column("over", "over")),
    measures=(Column("answer", ""), Column("first", "first event late", number=True, unit="ms")),
)


def lead(groups: Sequence[Repeats], titles: Mapping[str, str]) -> list[str]:
    """`Events are held back by: nginx over HTTP/1.1 (mended by proxy_buffering off;); ….`"""
    told = dict.fromkeys(
        f"{route_title(one.first.cell.route)} over {over(one.first)} ({Fix(one, measured(groups)).told})"
        for one in held_cells(groups)
    )
    if not measured(groups):
        return []
    return [f"Events are held back, and what mends it: {'; '.join(told)}." if told else "No variant holds events back."]


def sentences(groups: Sequence[Repeats], titles: Mapping[str, str]) -> list[str]:
    """`In Chromium 156, at once: caddy over HTTP/1.1 and HTTP/2; held to the end: nginx over HTTP/1.1.`"""
    found = []
    for engine, members in by_engine(groups):
        plain = [one for one in members if not one.first.cell.case]
        parts = []
        for answer, those in grouped(plain, lambda one: one.answer).items():
            routes = grouped(those, lambda one: route_title(one.first.cell.route))
            names = [f"{name} ({', '.join(over(one.first) for one in same)})" for name, same in routes.items()]
            parts.append(f"{answer}: {listed(names)}")
        if parts:
            found.append(f"In {titles[engine]}: {'; '.join(parts)}.")
    return found
