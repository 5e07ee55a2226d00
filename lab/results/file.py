"""What a run leaves in results.json, the only source of every report: its format, written whole and read with care.

Times in it are milliseconds since the cell began. Each field is described where it is declared; the committed JSON Schema
(results.schema.json) repeats these descriptions. lab/results/upgrade.py reads older schemas.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import msgspec

from lab.errors import MachineError, UsageError
from lab.judge.evidence import Line
from lab.judge.figures import PERCENTILES, DeliveryFigures
from lab.model.browsers import LaunchAttempt
from lab.model.cell import Cell
from lab.model.claims import Claim
from lab.model.connections import Connection
from lab.model.drops import DropSeen
from lab.model.observation import ClientSeen, Release, Screenshot
from lab.model.openings import OPENINGS
from lab.model.payloads import PayloadSeen
from lab.model.pools import SideSeen
from lab.model.protocols import PROTOCOLS
from lab.model.questions import QUESTIONS
from lab.model.starvation import ProbeSeen
from lab.model.verdict import Verdict
from lab.results.upgrade import READABLE, upgrade
from lab.results.upgrade import SCHEMA as SCHEMA

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


def encode(results: Results) -> bytes:
    """JSON with a line for each field, and for each part of a list: as small as it gets, and fit for grep and diff."""
    encoder, fields = msgspec.json.Encoder(), []
    for name in Results.__struct_fields__:
        value = getattr(results, name)
        parts = [encoder.encode(part) for part in value] if isinstance(value, list) else []
        text = b"[\n" + b",\n".join(parts) + b"\n]" if parts else encoder.encode(value)
        fields.append(b'"' + name.encode() + b'":' + text)
    return b"{" + b",\n".join(fields) + b"}\n"


def write(results: Results, path: Path) -> None:
    """Write the whole file or leave the old one: a kill at any moment leaves one of the two. Raises MachineError."""
    new = path.with_suffix(".json.new")
    try:
        with new.open("wb") as out:
            out.write(encode(results))
            out.flush()
            os.fsync(out.fileno())
        new.replace(path)
    except OSError as error:
        raise MachineError(f"{path} could not be written: {error.strerror}", "free disk space and run again") from error


def read(path: Path) -> Results:
    """The results in a file of this schema or an older one. Raises UsageError, in one line, for a file that is not whole, of no
    schema known here, or with a word that this version does not know."""
    name = "name the results.json of a run"
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise UsageError(f"{path} can't be read: {error.strerror}", name) from error
    try:
        found = msgspec.json.decode(raw)
    except (ValueError, RecursionError) as error:
        what = "is cut short" if raw.lstrip()[:1] == b"{" and b"seventh-tab/" in raw[:200] else "is not JSON"
        raise UsageError(f"{path} {what}: {error}", name) from error
    schema = found.get("schema") if isinstance(found, dict) else None
    if not isinstance(schema, str) or not schema.startswith("seventh-tab/"):
        raise UsageError(f"{path} is JSON, but not of Seventh Tab: no schema {SCHEMA!r} in it")
    if schema not in READABLE:
        raise UsageError(
            f"{path} has schema {schema!r}, and this is Seventh Tab for {SCHEMA!r}", "use the version that wrote it"
        )
    try:
        check_numbers(found)
        results = msgspec.convert(found if schema == SCHEMA else upgrade(found), Results, str_keys=True)
        for cell in (*results.calibration, *results.cells):
            check(cell)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{path} does not keep to schema {schema!r}: {error}") from error
    return results


def check_numbers(tree: Any) -> None:
    """Raises ValueError for a number beyond `EXACT`, wherever it stands."""
    todo = [tree]
    while todo:
        part = todo.pop()
        if isinstance(part, dict):
            todo.extend(part.values())
        elif isinstance(part, list):
            todo.extend(part)
        elif isinstance(part, int | float) and abs(part) > EXACT:
            raise ValueError(f"{str(part)[:20]} is beyond {EXACT}")


def check(one: CellResult) -> None:
    """Raises ValueError for a cell that this version can't tell of."""
    if unknown := unknown_word(one.cell):
        raise ValueError(f"cell {one.name!r} has the {unknown}, which this version does not know")
    if one.delivery and len(one.delivery.latency_percentiles_ms) not in (0, PERCENTILES):
        count = len(one.delivery.latency_percentiles_ms)
        raise ValueError(f"cell {one.name!r} has {count} percentiles of latency, not {PERCENTILES}")


def unknown_word(cell: Cell) -> str:
    """`protocol 'h9'`, where a cell has a protocol, opening or question that this version does not know; else empty."""
    words = (
        ("protocol", cell.protocol, PROTOCOLS),
        ("opening", cell.opening, OPENINGS),
        ("question", cell.question, QUESTIONS),
    )
    return next((f"{what} {word!r}" for what, word, known in words if word not in known), "")
