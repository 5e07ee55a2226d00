"""Tables of what was measured, and the one place where a value becomes text.

A table holds raw values: numbers in the smallest unit, None for what is not known, a verdict's kind, a limit. It knows nothing
of pages and terminals. The page, the terminal and Markdown each draw it their own way; the text of a cell is the same in all of
them, and `text` makes it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from typing import TypeVar

import msgspec

from lab.judge.figures import Cost
from lab.model.openings import OPENINGS
from lab.model.protocols import PROTOCOLS
from lab.model.verdict import KINDS, Kind, Limit
from lab.results.file import CellResult
from lab.results.names import engine_title, transport_of, within
from lab.results.repeats import Repeats
from lab.text import NONE

Key = TypeVar("Key")
Item = TypeVar("Item")


class Spread(msgspec.Struct, frozen=True):
    """The same count in each repeat: one number where they agree, the lowest and the highest where they don't."""

    values: tuple[int, ...]


Value = str | int | float | Kind | Limit | Spread | Cost | None
"""What may stand in a cell of a table."""


class Column(msgspec.Struct, frozen=True):
    """One column. `key` names its values in a row, `label` is its heading.

    `number`: aligned to the right. `unit` stands in the heading; values are raw and brought to it (`SCALES`). `digits` are the
    decimals of a number below 100; larger ones have none. `brief`: shown where there is little room."""

    key: str
    label: str
    number: bool = False
    unit: str = ""
    digits: int = 0
    brief: bool = True

    @property
    def heading(self) -> str:
        return f"{self.label} ({self.unit})" if self.unit else self.label


class Row(msgspec.Struct, frozen=True):
    """One row. `repeats` is the cell that it is about, None where it is about none. `what` leads the row, after engine and
    protocol. `values` are raw, by the column's key; a missing one is not known."""

    repeats: Repeats | None
    what: str
    values: Mapping[str, Value]


class Table(msgspec.Struct, frozen=True):
    """One table. `about` is the heading of what leads each row."""

    title: str
    about: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]

    @property
    def about_cells(self) -> bool:
        """Whether its rows are about cells, so that engine and protocol lead them."""
        return any(row.repeats for row in self.rows)


SCALES = {"MB": 1e-6, "%": 100.0}
"""What a raw value is multiplied by where the unit is not the raw one: bytes in MB, a ratio in %."""

LARGE = 100
"""From here on a number is written without decimals."""

LIVE = Column("live", "live", number=True)
OPENED = Column("opened", "opened", number=True)
VERDICT = Column("verdict", "verdict")
ANSWER = Column("answer", "answer")
REPEATS = Column("repeats", "repeats", brief=False)
"""Columns that several questions have."""


def text(value: Value, column: Column) -> str:
    """What stands in a cell of a table, the same in every medium."""
    match value:
        case None:
            return NONE
        case Kind():
            return KINDS[value].label
        case Limit():
            return value.label
        case Cost():
            return cost(value, column)
        case Spread(()):
            return NONE
        case Spread(values):
            low, high = number(min(values), column), number(max(values), column)
            return low if low == high else f"{low} to {high}"
        case str():
            return value
    return number(value, column)


def texts(row: Row, columns: Iterable[Column]) -> list[str]:
    """The text of each of these columns in one row."""
    return [text(row.values.get(column.key), column) for column in columns]


def number(value: float, column: Column) -> str:
    """A number in its column's unit, with the column's decimals below `LARGE`."""
    scaled = value * SCALES.get(column.unit, 1)
    digits = 0 if (isinstance(value, int) and column.unit not in SCALES) or abs(scaled) >= LARGE else column.digits
    return f"{scaled:.{digits}f}"


def cost(value: Cost, column: Column) -> str:
    """`2.0 ± 0.5`; a cost that does not stand above its own noise is only known to be below a bound: `below 7.7`."""
    if value.cpu_s is None or value.bound_s is None:
        return NONE
    if value.known:
        return f"{value.cpu_s:.{column.digits}f} ± {rounded_up(value.cpu_within_s or 0.0, column.digits):.{column.digits}f}"
    return f"below {rounded_up(value.bound_s, column.digits):.{column.digits}f}"


def rounded_up(value: float, digits: int) -> float:
    """Rounded up, and at least one unit of the last digit: neither a bound nor an error may be told smaller than it is."""
    steps = 10.0**digits
    return max(1, math.ceil(value * steps)) / steps


def live(one: Repeats) -> Spread:
    """How many clients were live, in each run that could tell."""
    return Spread(tuple(one.lives))


def opened(one: Repeats) -> Spread:
    """How many clients were opened, in each run."""
    return Spread(tuple(run.opened for run in one.runs))


def connections(one: Repeats) -> Spread:
    """How many connections were open and in use, in each run that could tell."""
    return Spread(tuple(run.verdict.connections for run in one.runs if run.verdict.connections is not None))


def live_of_opened(one: Repeats) -> str:
    """`6 of 12`; `6 live` where a limit was searched for, so that how many were opened is by the way."""
    if not one.lives:
        return "not measured"
    searched = any(run.opened != run.cell.at_most for run in one.runs if run.verdict.live is not None)
    return f"{one.live} live" if searched else f"{one.live} of {one.first.cell.at_most}"


def repeats_in_words(one: Repeats) -> Value:
    """How many runs there were, and where they differ, why."""
    return f"{len(one.runs)}: {one.reason}" if one.reason else len(one.runs)


def opening(run: CellResult) -> str:
    """What a cell's clients are called: `tabs`, `streams in one page`."""
    return OPENINGS[run.cell.opening].nouns


def over(run: CellResult) -> str:
    """`HTTP/1.1`, as findings speak of a protocol: what is usual goes without saying."""
    protocol = PROTOCOLS[run.cell.protocol]
    return protocol.family if protocol.tls else f"{protocol.family} without TLS"


def measured(groups: Iterable[Repeats]) -> list[Repeats]:
    """Those that a sentence may be made of: a number was measured, and the verdict is sure."""
    return [one for one in groups if one.lives and one.verdict in (Kind.CONFIRMED, Kind.REFUTED)]


def grouped(items: Iterable[Item], key: Callable[[Item], Key]) -> dict[Key, list[Item]]:
    """The items by a key, both in the order in which they come."""
    found: dict[Key, list[Item]] = {}
    for item in items:
        found.setdefault(key(item), []).append(item)
    return found


def by_engine(groups: Iterable[Repeats]) -> list[tuple[str, list[Repeats]]]:
    """The measured ones of each engine, in the order of its name."""
    return sorted(grouped(measured(groups), lambda one: one.first.cell.engine).items())


def cell_title(run: CellResult) -> str:
    """What one cell is called: `Chromium 156, HTTP/2, server-sent events, tabs, 100 streams allowed`."""
    cell, protocol = run.cell, PROTOCOLS[run.cell.protocol]
    parts = [engine_title(run), protocol.title, within(transport_of(run)), cell.case or opening(run)]
    return ", ".join([*parts, *([f"{cell.streams} streams allowed"] if protocol.multiplexed else [])])
