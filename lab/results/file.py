"""The format of results.json, the only source of every report; and how it is written and read. A file may be gzipped.

Times are milliseconds since the cell began. Each field is described below its declaration; the committed JSON Schema
(results.schema.json) repeats these descriptions. lab/results/upgrade.py reads older schemas.
"""

from __future__ import annotations

import gzip
import os
import zlib
from pathlib import Path
from typing import Any

import msgspec

from lab.errors import MachineError, UsageError
from lab.judge.evidence import Line
from lab.judge.figures import PERCENTILES, DeliveryFigures
from lab.model.browsers import LaunchAttempt
from lab.model.buffering import BufferingSeen
from lab.model.cell import Cell
from lab.model.claims import Claim
from lab.model.connections import Connection
from lab.model.drops import DropSeen
from lab.model.hops import HopsSeen, ProxySeen
from lab.model.observation import ClientSeen, Release, Screenshot
from lab.model.openings import OPENINGS
from lab.model.payloads import PayloadSeen
from lab.model.pools import SideSeen
from lab.model.probe import ProbeReport
from lab.model.protocols import PROTOCOLS
from lab.model.questions import QUESTIONS
from lab.model.silence import SilenceSeen
from lab.model.starvation import ProbeSeen
from lab.model.verdict import Verdict
from lab.results.upgrade import READABLE, upgrade
from lab.results.upgrade import SCHEMA as SCHEMA

EXACT = 2**53
"""The largest integer that every JSON reader keeps exactly (RFC 8259, section 6). No measured value comes near it."""

GZIP = b"\x1f\x8b"
"""How every gzip file begins (RFC 1952, section 2.3.1)."""


class CellResult(msgspec.Struct, frozen=True, kw_only=True):
    """One cell: its values, the verdict, and the measured rows behind it. Times are milliseconds since the cell began."""

    name: str
    """The cell's name, unique in the run."""
    cell: Cell
    """The value of each axis."""
    verdict: Verdict
    """The verdict on the cell."""
    claim: Claim
    """The claim about this cell, with its source."""
    engine_version: str | None
    """The browser's version; null if none started."""
    opened: int
    """How many clients were opened."""
    seconds: float
    """How long the cell took, in seconds."""
    load: float | None
    """The machine's one-minute load average at the end of the cell; null if the system has none."""
    settled_ms: float | None
    """The moment of the verdict."""
    quiet_ms: float | None
    """The quiet time: how long nothing had moved at that moment."""
    clients: tuple[ClientSeen, ...]
    """Each client, as its page reported it."""
    rows: tuple[Connection, ...]
    """Each connection at the origin, with what it carried."""
    releases: tuple[Release, ...]
    """The release proof: each stream that was ended on purpose, and the clients that came."""
    sides: tuple[SideSeen, ...] = ()
    """The two sides, if the question is about pools."""
    probes: tuple[ProbeSeen, ...] = ()
    """The probes, if the question is about starvation."""
    delivery: DeliveryFigures | None = None
    """Latency and costs of updates, if the question is about delivery."""
    drops: tuple[DropSeen, ...] = ()
    """Each drop, if the question is about drops."""
    payloads: tuple[PayloadSeen, ...] = ()
    """Each payload, if the question is about payloads."""
    proxy: ProxySeen | None = None
    """The proxy that stood between browser and origin; null without one."""
    hops: HopsSeen | None = None
    """What was seen at both ends of the proxy, if the question is about hops."""
    buffering: BufferingSeen | None = None
    """When each event of a short stream arrived, if the question is about buffering."""
    silence: SilenceSeen | None = None
    """The streams that were watched, if the question is about silence."""
    probe: ProbeReport | None = None
    """What was seen of a user's own app, if the question is about one."""
    screenshots: tuple[Screenshot, ...] = ()
    """Screenshots of the tabs."""
    lines: tuple[Line, ...] = ()
    """The most important raw lines, as each witness wrote them."""
    command: str
    """The command that runs only this cell again; empty for a calibration."""


class Machine(msgspec.Struct, frozen=True, kw_only=True):
    """The machine on which a run was made."""

    system: str
    """Its operating system and architecture."""
    cpus: int
    """How many processors it has."""
    load: float | None
    """The one-minute load average when the run began; null if the system has none."""


class Results(msgspec.Struct, kw_only=True):
    """A whole run: the one source of every report."""

    schema: str = SCHEMA
    """The version of this format."""
    run: str
    """The run's name: the time of its start."""
    started: str
    """When it began, as ISO 8601 in UTC."""
    finished: str | None = None
    """When it ended; null for a run that has not ended or was cut off."""
    interrupted: bool = False
    """Whether the user interrupted it."""
    planned: int
    """How many cells were planned."""
    machine: Machine
    """The machine."""
    versions: dict[str, str]
    """Versions of the lab, of Python and of the most important packages."""
    questions: dict[str, str]
    """The question of each scenario, in words, by the scenario's name."""
    browsers: list[LaunchAttempt] = []
    """Each attempt to start a browser."""
    network_logs: list[str] = []
    """File names of the browsers' own logs, beside this file."""
    calibration: list[CellResult] = []
    """One cell for each protocol, in which the control client held a known number of streams."""
    cells: list[CellResult] = []
    """The cells, in the order in which they ended."""


def encode(results: Results) -> bytes:
    """The results as compact JSON, with a line for each field and for each element of a list, so that grep and diff are
    useful."""
    encoder, fields = msgspec.json.Encoder(), []
    for name in Results.__struct_fields__:
        value = getattr(results, name)
        parts = [encoder.encode(part) for part in value] if isinstance(value, list) else []
        text = b"[\n" + b",\n".join(parts) + b"\n]" if parts else encoder.encode(value)
        fields.append(b'"' + name.encode() + b'":' + text)
    return b"{" + b",\n".join(fields) + b"}\n"


def write(results: Results, path: Path) -> None:
    """Write the whole file, or leave the old one: if the process is killed, one of the two is there. Raises MachineError if it
    can't be written."""
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
    """The results in a file of this schema or an older one, gzipped or not. Raises UsageError, in one line, for a file that is
    incomplete, has an unknown schema, or names something that this version does not know."""
    name = "name the results.json of a run"
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise UsageError(f"{path} can't be read: {error.strerror}", name) from error
    if raw.startswith(GZIP):
        try:
            raw = gzip.decompress(raw)
        except (OSError, EOFError, zlib.error) as error:
            raise UsageError(f"{path} is gzipped, and damaged: {error}", name) from error
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
    """Raises ValueError if a number anywhere in the data is larger than `EXACT`."""
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
    """Raises ValueError for a cell that this version can't report."""
    if unknown := unknown_word(one.cell):
        raise ValueError(f"cell {one.name!r} has the {unknown}, which this version does not know")
    if one.delivery and len(one.delivery.latency_percentiles_ms) not in (0, PERCENTILES):
        count = len(one.delivery.latency_percentiles_ms)
        raise ValueError(f"cell {one.name!r} has {count} percentiles of latency, not {PERCENTILES}")


def unknown_word(cell: Cell) -> str:
    """`protocol 'h9'`, if a cell has a protocol, opening or question that this version does not know; else empty."""
    words = (
        ("protocol", cell.protocol, PROTOCOLS),
        ("opening", cell.opening, OPENINGS),
        ("question", cell.question, QUESTIONS),
    )
    return next((f"{what} {word!r}" for what, word, known in words if word not in known), "")
