"""What a run leaves in results.json, the only source of the report: written whole, read with care.

Times in it are milliseconds since the cell began.
"""

from __future__ import annotations

import json
import os
import shlex
from pathlib import Path
from typing import Any

import msgspec

from lab import folds, ledger
from lab.cell import Claim
from lab.errors import MachineError, UsageError
from lab.evidence import Line, lines
from lab.figures import Way, way
from lab.folds import Connection
from lab.judge import Cause, Kind, Statement, Verdict
from lab.observation import Carried, DropSeen, Filled, Observation, Picture, Probe, Release, TabSeen, Tried
from lab.openings import OPENINGS
from lab.protocols import PROTOCOLS

SCHEMA = "seventh-tab/3"
READABLE = ("seventh-tab/2", SCHEMA)
"""What has a default in CellResult was not there in older files."""

EXACT = 2**53
"""Beyond it JSON's numbers do not stay what they are everywhere (RFC 8259, section 6), and nothing measured here comes near."""


class CellResult(msgspec.Struct, frozen=True, kw_only=True):
    """One cell: what it was, what was counted, the verdict, and the rows behind it. Counts are null where there are none."""

    name: str
    scenario: str
    engine: str
    engine_version: str | None
    protocol: str
    transport: str
    opened: str
    case: str
    group: str
    asked: int
    up_to: int
    repeat: int
    interval_ms: int | None = None
    per_second: float | None = None
    live: int | None
    documents: int | None
    connections: int | None
    max_streams: int | None
    claim: Claim
    verdict: str
    cause: str | None
    answer: str | None
    why: str
    seconds: float
    load: float | None
    streams_per_connection: int | None
    witnesses: tuple[Statement, ...]
    tabs: tuple[TabSeen, ...]
    rows: tuple[Connection, ...]
    releases: tuple[Release, ...]
    sides: tuple[Filled, ...]
    probes: tuple[Probe, ...]
    way: Way | None = None
    drops: tuple[DropSeen, ...] = ()
    payloads: tuple[Carried, ...] = ()
    pictures: tuple[Picture, ...] = ()
    lines: tuple[Line, ...] = ()
    settled_ms: float | None
    quiet_ms: float | None
    command: str


class Machine(msgspec.Struct, frozen=True, kw_only=True):
    """`load` is the one-minute load average when the run began, where the system has one."""

    system: str
    cpus: int
    load: float | None


class Results(msgspec.Struct, kw_only=True):
    """`finished` is null in a run that is still going or was cut off; `interrupted` was ended by its user. `calibration` has a
    cell for each protocol, in which a plain client held what it knows."""

    schema: str = SCHEMA
    run: str
    started: str
    finished: str | None = None
    interrupted: bool = False
    planned: int
    machine: Machine
    versions: dict[str, str]
    questions: dict[str, str]
    browsers: list[Tried] = []
    network_logs: list[str] = []
    calibration: list[CellResult] = []
    cells: list[CellResult] = []


def cell_result(seen: Observation, verdict: Verdict) -> CellResult:
    cell = seen.cell
    began = next((event.at_ms for event in seen.ledger if isinstance(event, ledger.CellBegan)), 0.0)
    rows = folds.connections(seen.ledger, seen.cell.name)
    return CellResult(
        name=cell.name,
        scenario=cell.scenario,
        engine=cell.engine,
        engine_version=seen.engine_version,
        protocol=cell.protocol,
        transport=cell.transport,
        opened=cell.opened,
        case=cell.case,
        group=cell.group,
        asked=len(seen.tabs) or seen.asked or cell.asked,
        up_to=cell.asked,
        repeat=cell.repeat,
        interval_ms=cell.interval_ms,
        per_second=cell.per_second,
        live=verdict.live,
        documents=verdict.documents,
        connections=verdict.connections,
        max_streams=verdict.max_streams,
        claim=seen.claim,
        verdict=verdict.kind.value,
        cause=verdict.cause.value if verdict.cause else None,
        answer=verdict.answer,
        why=verdict.why,
        seconds=round(seen.seconds, 3),
        load=seen.load,
        streams_per_connection=seen.streams_per_connection,
        witnesses=verdict.witnesses,
        tabs=since(began, seen.tabs),
        rows=tuple(since(began, row) for row in rows),
        releases=since(began, seen.releases),
        sides=seen.sides,
        probes=since(began, seen.probes),
        way=way(seen),
        drops=since(began, seen.drops),
        payloads=seen.payloads,
        pictures=seen.pictures,
        lines=lines(seen),
        settled_ms=since(began, seen.settled_ms),
        quiet_ms=seen.quiet_ms,
        command=command(seen),
    )


def command(seen: Observation) -> str:
    """What runs just this cell again; nothing for what every run does by itself."""
    cell = seen.cell
    if not seen.source:
        return ""
    words = f"python3 -m nox -s lab -- {seen.source} --engine {cell.engine} --protocol {cell.protocol}"
    words += f" --transport {cell.transport} --opened {cell.opened} --tabs {cell.asked}"
    words += f" --streams-per-connection {cell.streams} --repeat 1"
    words += f" --interval {cell.interval_ms}" if cell.interval_ms else ""
    words += f" --updates-per-second {cell.per_second:g}" if cell.per_second else ""
    return words + (f" --case {shlex.quote(cell.case)}" if cell.case else "")


MOMENTS = {"begun_ms", "opened_ms", "closed_ms", "ended_ms", "arrived_ms", "since_ms", "at_ms"}
MOMENTS |= {"dropped_ms", "asked_ms", "live_ms"}


def since(began: float, value: Any, moment: bool = True) -> Any:
    """The same value with every moment in it counted from `began`."""
    if isinstance(value, int | float):
        return round(value - began, 3) if moment else value
    if isinstance(value, tuple):
        return tuple(since(began, item, moment=False) for item in value)
    if isinstance(value, msgspec.Struct):
        changed = {name: since(began, getattr(value, name), moment=name in MOMENTS) for name in value.__struct_fields__}
        return type(value)(**changed)
    return value


def write(results: Results, path: Path) -> None:
    """Write the whole file or leave the old one: a kill at any moment leaves one of the two. Raises MachineError."""
    text = msgspec.json.format(msgspec.json.encode(results), indent=1)
    new = path.with_suffix(".json.new")
    try:
        with new.open("wb") as out:
            out.write(text + b"\n")
            out.flush()
            os.fsync(out.fileno())
        new.replace(path)
    except OSError as error:
        raise MachineError(f"{path} could not be written: {error.strerror}", "free disk space and run again") from error


def read(path: Path) -> Results:
    """Raises UsageError, in one line, for a file that is not one whole results file of a schema known here."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise UsageError(f"{path} can't be read: {error.strerror}", "name the results.json of a run") from error
    try:
        found = json.loads(raw)
    except (ValueError, RecursionError) as error:
        what = "is cut short" if raw.lstrip()[:1] == b"{" and b"seventh-tab/" in raw[:200] else "is not JSON"
        raise UsageError(f"{path} {what}: {error}", "name the results.json of a run") from error
    schema = found.get("schema") if isinstance(found, dict) else None
    if not isinstance(schema, str) or not schema.startswith("seventh-tab/"):
        raise UsageError(f"{path} is JSON, but not of Seventh Tab: no schema {SCHEMA!r} in it")
    if schema not in READABLE:
        raise UsageError(
            f"{path} has schema {schema!r}, and this is Seventh Tab for {SCHEMA!r}",
            "use the version that wrote it",
        )
    try:
        json.loads(raw, parse_int=exact, parse_float=exact)
        results = msgspec.json.decode(raw, type=Results)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{path} does not keep to schema {SCHEMA!r}: {error}") from error
    for cell in (*results.calibration, *results.cells):
        known = cell.protocol in PROTOCOLS and cell.opened in OPENINGS and cell.verdict in list(Kind)
        if not known or cell.cause not in (None, *Cause):
            raise UsageError(
                f"{path}: cell {cell.name!r} has a protocol, opening, verdict or cause that this version does not know"
            )
        if cell.way and len(cell.way.latency_ms) not in (0, 101):
            raise UsageError(f"{path}: cell {cell.name!r} has {len(cell.way.latency_ms)} percentiles of lateness, not 101")
    return results


def exact(text: str) -> float:
    """A number of a results file. Raises ValueError for one beyond `EXACT`."""
    number = float(text)
    if abs(number) > EXACT:
        raise ValueError(f"{text[:20]} is beyond {EXACT}")
    return number


def json_schema() -> str:
    """The JSON Schema of results.json, as committed in lab/report/results.schema.json."""
    schema: dict[str, Any] = msgspec.json.schema(Results)
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["title"] = f"Seventh Tab results ({SCHEMA})"
    return json.dumps(schema, indent=1, ensure_ascii=False) + "\n"
