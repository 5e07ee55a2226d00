"""Which cells a run selects: a scenario's product of axes, narrowed to what was asked for.

The first transport, opening, route and case over HTTP/1.1 with TLS are a scenario's *reference*. The main cells differ from it
in one of these at most, or in the protocol with its setting (in `differing` of them); the quick ones are the reference and its
like over a multiplexed protocol.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from lab.model.cell import AnyCase, Cell
from lab.model.openings import OPENINGS
from lab.model.protocols import PROTOCOLS
from lab.scenario.scenario import Scenario

REFERENCE = "h1"  # The protocol of the reference.


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """What a run narrows the cells to. `axes` has the values asked for, by the field of lab/model/axes.py; an axis that is not
    there, or empty, is not narrowed. `breadth`: quick, main or all. `repeat`: how often each cell is measured; None: as the
    scenario says."""

    engines: tuple[str, ...]
    axes: Mapping[str, tuple[Any, ...]] = {}
    repeat: int | None = None
    breadth: str = "main"

    def of(self, field: str) -> tuple[Any, ...]:
        """The values asked for on one axis."""
        return tuple(self.axes.get(field, ()))

    def one(self, field: str) -> Any | None:
        """The value asked for on an axis that takes one; None when none was."""
        return next(iter(self.of(field)), None)


def cells(scenario: Scenario, choice: Choice) -> Iterator[Cell]:
    """The cells of a scenario, narrowed to a choice, each with its repeats."""
    repeat = choice.repeat or (1 if choice.breadth == "quick" else scenario.repeat)
    for engine in choice.engines:
        for cell in product(scenario, engine, choice):
            yield from (msgspec.structs.replace(cell, repeat=turn) for turn in range(1, repeat + 1))


def product(scenario: Scenario, engine: str, choice: Choice) -> Iterator[Cell]:
    """Every combination of the scenario's axes that somebody claims something of, and that was chosen."""
    cases: dict[str, AnyCase | None] = {**scenario.cases} or {"": None}
    streams_asked, pace_asked = choice.one("streams"), choice.one("per_second")
    for case, parts in cases.items():
        transports = (parts.transport,) if parts and parts.transport else scenario.transports
        protocols = (parts.protocol,) if parts and parts.protocol else scenario.protocols
        for opening, transport, protocol, route in itertools.product(scenario.openings, transports, protocols, scenario.routes):
            for (streams, at_most, interval), further in itertools.product(
                settings(scenario, opening, transport, protocol, choice), itertools.product(*scenario.axes.values())
            ):
                cell = Cell(
                    scenario=scenario.name,
                    question=scenario.question,
                    engine=engine,
                    protocol=protocol,
                    transport=transport,
                    opening=opening,
                    at_most=at_most,
                    streams=streams,
                    interval_ms=interval,
                    per_second=scenario.per_second and (pace_asked or scenario.per_second),
                    route=route,
                    case=case,
                    **dict(zip(scenario.axes, further, strict=True)),
                )
                if scenario.claim(cell) is not None and chosen(scenario, cell, transports, choice):
                    yield msgspec.structs.replace(cell, streams=streams_asked or streams)


def settings(
    scenario: Scenario, opening: str, transport: str, protocol: str, choice: Choice
) -> Iterator[tuple[int, int, int | None]]:
    """Streams allowed, the most to open, and the polling interval: every combination that differs for such a cell."""
    streams = scenario.streams if PROTOCOLS[protocol].multiplexed else scenario.streams[:1]
    at_most = choice.of("at_most") or scenario.tabs or (OPENINGS[opening].up_to,)
    own = scenario.intervals.get(transport, ())
    intervals: tuple[int | None, ...] = (choice.of("interval_ms") if own else ()) or own or (None,)
    return itertools.product(streams, at_most, intervals)


def chosen(scenario: Scenario, cell: Cell, transports: tuple[str, ...], choice: Choice) -> bool:
    """Whether a run with this choice measures the cell."""
    for field in ("protocol", "transport", "opening", "route", "case", *scenario.axes):
        if (wanted := choice.of(field)) and getattr(cell, field) not in wanted:
            return False
    if choice.one("streams") and cell.streams != scenario.streams[0]:
        return False  # A setting that was asked for takes the place of the scenario's own.
    if choice.breadth == "all":
        return True
    if not choice.of("at_most") and scenario.tabs and cell.at_most != scenario.tabs[0]:
        return False
    if {cell.protocol, cell.opening} & scenario.aside - {*choice.of("protocol"), *choice.of("opening")}:
        return False
    usual = [
        bool(choice.of("transport")) or cell.transport == transports[0],
        bool(choice.of("opening")) or cell.opening == scenario.openings[0],
        bool(choice.of("route")) or cell.route == scenario.routes[0],
        bool(choice.of("case")) or cell.case == next(iter(scenario.cases), ""),
        *(bool(choice.of(field)) or getattr(cell, field) == values[0] for field, values in scenario.axes.items()),
    ]
    first_setting = cell.streams == scenario.streams[0]
    at_home = first_setting and (bool(choice.of("protocol")) or cell.protocol == home(scenario, cell))
    if choice.breadth == "quick":
        return all(usual) and first_setting and (at_home or PROTOCOLS[cell.protocol].multiplexed)
    return [*usual, at_home].count(False) <= scenario.differing


def home(scenario: Scenario, cell: Cell) -> str:
    """The protocol of the reference for such cells: `REFERENCE` where something is claimed of it, else the first one."""
    claimed = [name for name in PROTOCOLS if scenario.claim(msgspec.structs.replace(cell, protocol=name)) is not None]
    return REFERENCE if REFERENCE in claimed else claimed[0]
