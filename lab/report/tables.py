"""Tables of measured values, and the one function (`text`) that turns a value into text.

A table has raw values: numbers in the smallest unit, None for an unknown value, a kind of verdict, a limit. It does not know
pages or terminals. The page, the terminal and Markdown each draw it in their own way, with the same text in each cell.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from typing import TypeVar

import msgspec

from lab.judge.figures import Cost
from lab.model.axes import DIRECT
from lab.model.openings import OPENINGS
from lab.model.protocols import PROTOCOLS
from lab.model.verdict import KINDS, Kind, Limit
from lab.results.file import CellResult
from lab.results.names import engine_title, route_title, transport_of, within
from lab.results.repeats import Repeats
from lab.text import NONE

Key = TypeVar("Key")
Item = TypeVar("Item")


class Spread(msgspec.Struct, frozen=True):
    """The same count in each repeat. It is shown as one number if they agree, else as the lowest and the highest."""

    values: tuple[int, ...]


class Count(msgspec.Struct, frozen=True):
    """How many of `of`, in each repeat: `6 of 12`, `all 12`. `bare`: only the number, because `of` means nothing to a reader (a
    search for a limit opens as many as it takes)."""

    values: tuple[int, ...]
    of: int
    bare: bool = False


class Back(msgspec.Struct, frozen=True):
    """What came back after a drop: `back` of the `clients`, the median time in ms until they were live, and how many updates
    they lost."""

    after_ms: float | None
    back: int
    clients: int
    lost: int


Plain = str | int | float | Kind | Limit | Spread | Count | Back | Cost | None
"""The types of value that a table may have, apart from `Found`."""


class Found(msgspec.Struct, frozen=True):
    """A value of one cell, in a table where browsers or runs stand side by side: with the kind of its verdict, and the name of
    the cell. `differs`: beyond the spread, from the column that it is compared with."""

    value: Plain
    kind: Kind
    group: str
    differs: bool = False


Value = Plain | Found
"""The types of value that a table may have."""


class Column(msgspec.Struct, frozen=True):
    """One column. `key` names its values in a row, `label` is its heading.

    `number`: aligned to the right. `unit` is written in the heading; raw values are converted to it (`SCALES`). `digits` are
    the decimals of a number below 100; larger ones have none. `brief`: also shown in narrow tables. `group`: a heading above
    this one, which neighbours share."""

    key: str
    label: str
    number: bool = False
    unit: str = ""
    digits: int = 0
    brief: bool = True
    group: str = ""

    @property
    def own_heading(self) -> str:
        """The heading without that of its group."""
        return f"{self.label} ({self.unit})" if self.unit and self.label else self.label

    @property
    def heading(self) -> str:
        return ": ".join(filter(None, (self.group, self.own_heading)))


class Row(msgspec.Struct, frozen=True):
    """One row. `repeats` is the cell that it is about, if any. `what` is the row's label, after engine and protocol. `values`
    are raw, by the column's key; a missing one is unknown."""

    repeats: Repeats | None
    what: str
    values: Mapping[str, Value]


class Table(msgspec.Struct, frozen=True):
    """One table. `about` is the heading of the rows' labels."""

    title: str
    about: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]

    @property
    def about_cells(self) -> bool:
        """Whether its rows are about cells, and so begin with engine and protocol."""
        return any(row.repeats for row in self.rows)


SCALES = {"MB": 1e-6, "%": 100.0}
"""The factor from the raw value to the unit, if they differ: bytes to MB, a ratio to %."""

LARGE = 100
"""A number of at least this size is written without decimals."""

LIVE = Column("live", "live", number=True)
OPENED = Column("opened", "opened", number=True)
VERDICT = Column("verdict", "verdict")
ANSWER = Column("answer", "answer")
REPEATS = Column("repeats", "repeats", brief=False)
"""Columns that several questions have."""


def text(value: Value, column: Column) -> str:
    """The text of a value in a column, the same in every medium."""
    match value:
        case None:
            return NONE
        case Kind():
            return KINDS[value].label
        case Limit():
            return value.label
        case Cost():
            return cost(value, column)
        case Found():
            return " ".join([text(value.value, column), *marks(value)])
        case Count():
            return count(value, column)
        case Back():
            return back(value, column)
        case Spread(()):
            return NONE
        case Spread(values):
            low, high = number(min(values), column), number(max(values), column)
            return low if low == high else f"{low} to {high}"
        case str():
            return value
    return number(value, column)


DIFFERS = "≠"
"""The mark of a value that differs between runs beyond the spread."""


def marks(value: Found) -> list[str]:
    """The signs behind a value: its verdict's glyph where that is not confirmed, and whether it differs between runs."""
    return [*([] if value.kind is Kind.CONFIRMED else [KINDS[value.kind].glyph]), *([DIFFERS] if value.differs else [])]


def count(value: Count, column: Column) -> str:
    """`6 of 12`; `all 12`; `6`, or `6 to 9` for a bare one."""
    told = text(Spread(value.values), column)
    if value.bare or not value.values:
        return told
    return f"all {value.of}" if value.of > 1 and set(value.values) == {value.of} else f"{told} of {value.of}"


def back(value: Back, column: Column) -> str:
    """`3003`, with the number of clients where some stayed away, and what was lost; `none came back`."""
    if value.after_ms is None:
        return "none came back"
    some = f"{value.back} of {value.clients}: " if value.back < value.clients else ""
    return f"{some}{number(value.after_ms, column)}{f', {value.lost} lost' if value.lost else ''}"


def texts(row: Row, columns: Iterable[Column]) -> list[str]:
    """The text of each of these columns in one row."""
    return [text(row.values.get(column.key), column) for column in columns]


def number(value: float, column: Column) -> str:
    """A number in its column's unit, with the column's decimals below `LARGE`."""
    scaled = value * SCALES.get(column.unit, 1)
    digits = 0 if (isinstance(value, int) and column.unit not in SCALES) or abs(scaled) >= LARGE else column.digits
    return f"{scaled:.{digits}f}"


def cost(value: Cost, column: Column) -> str:
    """A cost as text: `2.0 ± 0.5`; or `below 7.7`, if it is not larger than its noise."""
    if value.cpu_s is None or value.bound_s is None:
        return NONE
    if value.known:
        return f"{value.cpu_s:.{column.digits}f} ± {rounded_up(value.cpu_within_s or 0.0, column.digits):.{column.digits}f}"
    return f"below {rounded_up(value.bound_s, column.digits):.{column.digits}f}"


def rounded_up(value: float, digits: int) -> float:
    """A value rounded up, at least one unit of the last digit: a bound or an error must not look smaller than it is."""
    steps = 10.0**digits
    return max(1, math.ceil(value * steps)) / steps


def live(one: Repeats) -> Spread:
    """How many clients were live, in each repeat that knows it."""
    return Spread(tuple(one.lives))


def opened(one: Repeats) -> Spread:
    """How many clients were opened, in each repeat."""
    return Spread(tuple(run.opened for run in one.runs))


def connections(one: Repeats) -> Spread:
    """How many connections were open and in use, in each repeat that knows it."""
    return Spread(tuple(run.verdict.connections for run in one.runs if run.verdict.connections is not None))


def live_of_opened(one: Repeats) -> str:
    """`6 of 12`; or `6 live` for a search for a limit, in which the number of opened clients means nothing."""
    if not one.lives:
        return "not measured"
    searched = any(run.opened != run.cell.at_most for run in one.runs if run.verdict.live is not None)
    return f"{one.live} live" if searched else f"{one.live} of {one.first.cell.at_most}"


def repeats_in_words(one: Repeats) -> Value:
    """How many repeats there were, and the likely reason if they differ."""
    return f"{len(one.runs)}: {one.reason}" if one.reason else len(one.runs)


def opening(run: CellResult) -> str:
    """What a cell's clients are called: `tabs`, `streams in one page`."""
    return OPENINGS[run.cell.opening].nouns


def over(run: CellResult) -> str:
    """The name of a cell's protocol in findings: `HTTP/1.1`. TLS is not mentioned, because it is the usual case."""
    return over_name(run.cell.protocol)


def over_name(name: str) -> str:
    """The same, by the protocol's name in `PROTOCOLS`."""
    protocol = PROTOCOLS[name]
    return protocol.family if protocol.tls else f"{protocol.family} without TLS"


def measured(groups: Iterable[Repeats]) -> list[Repeats]:
    """The cells that sentences may use: a number was measured, and the verdict is sure."""
    return [one for one in groups if one.lives and one.verdict in (Kind.CONFIRMED, Kind.REFUTED)]


def grouped(items: Iterable[Item], key: Callable[[Item], Key]) -> dict[Key, list[Item]]:
    """The items grouped by a key, in the order in which they come."""
    found: dict[Key, list[Item]] = {}
    for item in items:
        found.setdefault(key(item), []).append(item)
    return found


def by_engine(groups: Iterable[Repeats]) -> list[tuple[str, list[Repeats]]]:
    """The measured cells of each engine, in the order of the engines' names."""
    return sorted(grouped(measured(groups), lambda one: one.first.cell.engine).items())


def cell_title(run: CellResult) -> str:
    """The full name of one cell: `Chromium 156, HTTP/2, server-sent events, tabs, 100 streams allowed`."""
    cell, protocol = run.cell, PROTOCOLS[run.cell.protocol]
    parts = [engine_title(run), protocol.title, within(transport_of(run)), cell.case or opening(run)]
    if cell.route != DIRECT:
        return ", ".join([*parts, f"through {route_title(cell.route)}"])
    return ", ".join([*parts, *([f"{cell.streams} streams allowed"] if protocol.multiplexed else [])])
