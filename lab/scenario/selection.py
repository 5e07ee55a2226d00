"""Selects the cells of a run: every combination of a scenario's axes, restricted to what the user chose.

The first transport, opening, route and case of a scenario, over HTTP/1.1 with TLS, are its *reference*. A quick run measures
the reference, and the same cell over a multiplexed protocol. A default run measures, once each, the cells that differ from the
reference in one value. A thorough run measures, with repeats, those that differ in up to `differing` values, and also the
values that the scenario keeps for it (`thorough`).
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from lab.model.cell import PLAIN_CLIENT, AnyCase, Cell
from lab.model.openings import OPENINGS
from lab.model.protocols import PROTOCOLS
from lab.scenario.scenario import Scenario

REFERENCE = "h1"  # The protocol of the reference.


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """What the user chose. `axes` has the chosen values by the axis's field (lab/model/axes.py); an axis that is missing or
    empty is not restricted. `breadth`: quick, main, thorough or all. `repeat`: how often each cell is measured; None: as the
    scenario says in a thorough run or the full product, else once."""

    engines: tuple[str, ...]
    axes: Mapping[str, tuple[Any, ...]] = {}
    repeat: int | None = None
    breadth: str = "main"

    def of(self, field: str) -> tuple[Any, ...]:
        """The chosen values of one axis."""
        return tuple(self.axes.get(field, ()))

    def one(self, field: str) -> Any | None:
        """The chosen value of an axis that takes only one; None if none was chosen."""
        return next(iter(self.of(field)), None)


def cells(scenario: Scenario, choice: Choice) -> Iterator[Cell]:
    """The cells of a scenario that a choice selects, each with its repeats."""
    repeated = choice.breadth in ("thorough", "all")
    for engine in choice.engines if scenario.browsers else (PLAIN_CLIENT,):
        for cell in product(scenario, engine, choice):
            times = choice.repeat or (scenario.repeats(cell) if repeated else 1)
            yield from (msgspec.structs.replace(cell, repeat=turn) for turn in range(1, times + 1))


def product(scenario: Scenario, engine: str, choice: Choice) -> Iterator[Cell]:
    """Every combination of the scenario's axes that was chosen, and that a claim is about."""
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
    """Every combination of streams allowed, the most clients to open, and polling interval (ms or None) for such a cell."""
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
        return False  # A chosen setting replaces the scenario's own.
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
    at_home = first_setting and (bool(choice.of("protocol")) or cell.protocol == reference_protocol(scenario, cell))
    if choice.breadth == "thorough":
        return [*usual, at_home].count(False) <= scenario.differing
    kept = [field for field, values in scenario.thorough.items() if getattr(cell, field) in values]
    if kept and not any(choice.of(field) for field in kept):
        return False
    if choice.breadth == "quick":
        return all(usual) and first_setting and (at_home or PROTOCOLS[cell.protocol].multiplexed)
    return [*usual, at_home].count(False) <= scenario.usual_differing


def reference_protocol(scenario: Scenario, cell: Cell) -> str:
    """The protocol of the reference for such cells: `REFERENCE` if a claim is about it, else the first one that a claim is
    about."""
    claimed = [name for name in PROTOCOLS if scenario.claim(msgspec.structs.replace(cell, protocol=name)) is not None]
    return REFERENCE if REFERENCE in claimed else claimed[0]
