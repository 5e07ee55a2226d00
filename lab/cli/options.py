"""The options that choose cells: one for each axis of lab/model/axes.py, with the values that may be chosen."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

import click

from lab.browser.engines import ENGINES
from lab.errors import UsageError
from lab.measure.routes import ROUTES
from lab.model.axes import AXES, Axis
from lab.model.openings import OPENINGS
from lab.model.protocols import PROTOCOLS
from lab.scenario import catalogue
from lab.scenario.scenario import Scenario
from lab.scenario.selection import Choice
from lab.transports import transports

Command = TypeVar("Command", bound=Callable[..., Any])

VALUES: dict[str, Callable[[], Iterable[str]]] = {
    "engine": lambda: ENGINES,
    "protocol": lambda: PROTOCOLS,
    "transport": transports,
    "opening": lambda: OPENINGS,
    "route": lambda: ROUTES,
}
"""The values of each axis with fixed names. Cases depend on the chosen scenarios."""


def one_of(axis: Axis, known: Callable[[], Iterable[str]]) -> Callable[..., tuple[str, ...]]:
    """A click callback that checks names. For an unknown name it raises UsageError, with the most similar one."""

    def check(_: click.Context, __: click.Parameter, values: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(catalogue.known(value, known(), axis.label_of_values) for value in values))

    return check


def axis_option(axis: Axis) -> Callable[[Command], Command]:
    """The option of one axis; its former names are options too."""
    low, high = axis.bounds
    values = VALUES.get(axis.field)
    kinds: dict[str, click.ParamType[Any]] = {
        "name": click.STRING,
        "integer": click.IntRange(int(low), int(high)),
        "number": click.FloatRange(low, high, min_open=True),
    }
    known = f" One of: {', '.join(values())}." if values and axis.field != "route" else ""
    default = "all" if axis.field == "engine" else "what the scenario says"
    option: Callable[[Command], Command] = click.option(
        axis.option,
        *axis.aliases,
        axis.field,
        multiple=axis.many,
        type=kinds[axis.kind],
        callback=one_of(axis, values) if values else None,
        help=f"{axis.help}{known} Default: {default}.",
    )
    return option


def engine_option(command: Command) -> Command:
    """The option of the first axis alone."""
    return axis_option(AXES[0])(command)


def axis_options(command: Command) -> Command:
    """An option for each axis."""
    for axis in reversed(AXES):
        command = axis_option(axis)(command)
    return command


def choice_of(scenarios: Sequence[Scenario], asked: Mapping[str, Any], *, repeat: int | None, breadth: str | None) -> Choice:
    """The user's choice, from the options. Raises UsageError for a case that none of the scenarios has, and for a scenario with
    a route that there is not."""
    for one in scenarios:
        for route in one.routes:
            if route not in ROUTES:
                near = catalogue.suggestion(route, ROUTES)
                raise UsageError(f"{one.path}: {one.name} has the unknown route {route!r}", near)
    wanted: dict[str, tuple[Any, ...]] = {}
    for axis in AXES:
        value = asked[axis.field]
        wanted[axis.field] = tuple(value) if axis.many else (value,) if value is not None else ()
    former = {old: new for one in scenarios for old, new in one.former_cases.items()}
    wanted["case"] = tuple(
        catalogue.known(former.get(case, case), catalogue.case_names(scenarios), "case") for case in wanted["case"]
    )
    return Choice(engines=wanted["engine"] or tuple(ENGINES), axes=wanted, repeat=repeat, breadth=breadth or "main")
