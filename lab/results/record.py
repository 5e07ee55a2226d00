"""Makes the result of one cell, as it stands in results.json, from its observation and its verdict.

Rules.
1. The result is a function of the two, and of nothing else.
2. Moments of the monotonic clock become milliseconds since the cell began (`MOMENTS`, `since`); durations stay as they are.

What it may not know: how the cell was measured or judged, and how it is reported.

How it works. `cell_result` copies the fields that the report needs, folds the ledger into connections, computes the delivery
figures, and keeps the most important raw lines (lab/judge/evidence.py).

What is still ugly: `since` finds moments by the names of fields, anywhere in the value. A new field for a moment must be added
to `MOMENTS` by hand.
"""

from __future__ import annotations

import shlex
from typing import Any

import msgspec

from lab.judge.evidence import lines
from lab.judge.figures import delivery_figures
from lab.model.axes import AXES, DIRECT
from lab.model.connections import connections_of
from lab.model.ledger import CellBegan
from lab.model.observation import Observation
from lab.model.verdict import Verdict
from lab.results.file import CellResult

RUN = "seventh-tab run"
"""What a command begins with where the run does not say how it was started."""

MOMENTS = {
    "begun_ms", "opened_ms", "closed_ms", "ended_ms", "arrived_ms", "since_ms", "at_ms", "dropped_ms", "asked_ms", "live_ms",
}  # fmt: skip
"""The fields that are moments of the monotonic clock; all others that end in `_ms` are durations."""


def cell_result(seen: Observation, verdict: Verdict, start: str = "") -> CellResult:
    """One cell as results.json has it. `start` is what a command that runs one cell again begins with."""
    cell, began = seen.cell, began_ms(seen)
    return CellResult(
        name=cell.name,
        cell=cell,
        verdict=verdict,
        claim=seen.claim,
        engine_version=seen.engine_version,
        opened=len(seen.clients) or seen.opened or cell.at_most,
        seconds=round(seen.seconds, 3),
        load=seen.load,
        settled_ms=since(began, seen.settled_ms),
        quiet_ms=seen.quiet_ms,
        clients=since(began, seen.clients),
        rows=since(began, connections_of(seen.ledger or (), cell.name)),
        releases=since(began, seen.releases),
        sides=seen.sides,
        probes=since(began, seen.probes),
        delivery=delivery_figures(seen),
        drops=since(began, seen.drops),
        payloads=seen.payloads,
        proxy=seen.proxy,
        hops=since(began, seen.hops),
        buffering=seen.buffering,
        silence=since(began, seen.silence),
        probe=seen.probe,
        screenshots=seen.screenshots,
        lines=lines(seen),
        command=command(seen, start),
    )


def began_ms(seen: Observation) -> float:
    """When the cell began (ms of the monotonic clock): by the ledger, or without one by the opening of its first client."""
    entered = (event.at_ms for event in seen.ledger or () if isinstance(event, CellBegan))
    opened = (client.begun_ms for client in seen.clients if client.begun_ms is not None)
    return next(entered, 0.0 if seen.ledger is not None else min(opened, default=0.0))


def command(seen: Observation, start: str) -> str:
    """What runs just this cell again, for a POSIX shell; empty for what every run does by itself."""
    if seen.probe is not None:
        return f"seventh-tab probe {shlex.quote(seen.probe.url)} --engine {seen.cell.engine} --tabs {seen.cell.at_most}"
    if not seen.source:
        return ""
    words = [shlex.quote(seen.source)]
    for axis in AXES:
        value = getattr(seen.cell, axis.field)
        if value not in (None, "", DIRECT):
            words += [axis.option, f"{value:g}" if isinstance(value, float) else shlex.quote(str(value))]
    return " ".join([start or RUN, *words, "--repeat 1"])


def since(began: float, value: Any, moment: bool = True) -> Any:
    """The same value, with every moment in it counted from `began`."""
    if isinstance(value, int | float):
        return round(value - began, 3) if moment else value
    if isinstance(value, tuple):
        return tuple(since(began, item, moment=False) for item in value)
    if isinstance(value, msgspec.Struct):
        changed = {name: since(began, getattr(value, name), moment=name in MOMENTS) for name in value.__struct_fields__}
        return type(value)(**changed)
    return value
