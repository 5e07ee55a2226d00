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

from lab.errors import MachineError, UsageError
from lab.judge.evidence import Line, lines
from lab.judge.figures import Way, way
from lab.model import ledger
from lab.model.browsers import LaunchAttempt
from lab.model.claims import Claim
from lab.model.connections import Connection, connections_of
from lab.model.drops import DropSeen
from lab.model.observation import ClientSeen, Observation, Release, Screenshot
from lab.model.openings import OPENINGS
from lab.model.payloads import PayloadSeen
from lab.model.pools import SideSeen
from lab.model.protocols import PROTOCOLS
from lab.model.starvation import ProbeSeen
from lab.model.verdict import Kind, Limit, Statement, Verdict

SCHEMA = "seventh-tab/4"

EXACT = 2**53
"""Beyond it JSON's numbers do not stay what they are everywhere (RFC 8259, section 6), and nothing measured here comes near."""


class CellResult(msgspec.Struct, frozen=True, kw_only=True):
    """One cell: what it was, the verdict, and the rows behind it. Times are milliseconds since the cell began."""

    name: str
    """The cell's name, unique in the run."""
    cell: Cell
    """The value of each axis."""
    verdict: Verdict
    """What the observation means."""
    claim: Claim
    """What is claimed of this cell, and by whom."""
    engine_version: str | None
    """The browser's version; null where none started."""
    opened: int
    """How many clients were opened."""
    seconds: float
    """How long the cell took."""
    load: float | None
    """The machine's one-minute load average at its end, where the system has one."""
    settled_ms: float | None
    """The moment that the verdict speaks of."""
    quiet_ms: float | None
    """For how long nothing had moved then."""
    clients: tuple[ClientSeen, ...]
    """Each client, as its page reported it."""
    rows: tuple[Connection, ...]
    """Each connection at the origin, with what it carried."""
    releases: tuple[Release, ...]
    """The release proof."""
    sides: tuple[SideSeen, ...] = ()
    """The two sides, where pools were compared."""
    probes: tuple[ProbeSeen, ...] = ()
    """What else the page tried, where that was the question."""
    delivery: DeliveryFigures | None = None
    """How updates came and what they cost, where that was the question."""
    drops: tuple[DropSeen, ...] = ()
    """What came of each drop, where that was the question."""
    payloads: tuple[PayloadSeen, ...] = ()
    """What was carried, where that was the question."""
    screenshots: tuple[Screenshot, ...] = ()
    """What the tabs looked like."""
    lines: tuple[Line, ...] = ()
    """The raw lines that matter, in each witness's own words."""
    command: str
    """What runs just this cell again."""


class Machine(msgspec.Struct, frozen=True, kw_only=True):
    """The machine of a run."""

    system: str
    """Its operating system and architecture."""
    cpus: int
    """Its processors."""
    load: float | None
    """The one-minute load average when the run began, where the system has one."""


class Results(msgspec.Struct, kw_only=True):
    """A whole run: the one source of every report."""

    schema: str = SCHEMA
    """The version of this format."""
    run: str
    """The run's name: the time of its start."""
    started: str
    """When it began, as ISO 8601 in UTC."""
    finished: str | None = None
    """When it ended; null in a run that is still going or was cut off."""
    interrupted: bool = False
    """Whether its user ended it."""
    planned: int
    """How many cells it was to measure."""
    machine: Machine
    """The machine."""
    versions: dict[str, str]
    """Versions of the lab, of Python and of the packages that matter."""
    questions: dict[str, str]
    """What each scenario asks, in its own words."""
    browsers: list[LaunchAttempt] = []
    """The browsers that were tried."""
    network_logs: list[str] = []
    """The browsers' own logs, beside this file."""
    calibration: list[CellResult] = []
    """For each protocol a cell in which a plain client held a number of streams that it knows."""
    cells: list[CellResult] = []
    """The cells, in the order in which they ended."""


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
        if not known or cell.cause not in (None, *Limit):
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
