"""observations.jsonl: what a run saw, one record a line, before it is judged.

Rules.
1. A line is written when what it records has happened, and is on the disk before the run goes on: however a run ends, what was
   measured is kept.
2. Lines are never changed.
3. results.json is a function of these lines alone. A run and `seventh-tab judge` both use `RunRecord`, so both write the same
   bytes.

What it may not know: the origin, browsers, and how a cell is measured.

How it works. `ObservationsFile` appends a record; `RunRecord` takes the same record, judges it, and adds it to the results;
`read_records` reads a file again.

What is still ugly: `RunRecord.add` encodes and decodes each record, so that a run sees the same values as a reader of the file.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec

from lab.errors import MachineError, UsageError
from lab.judge import judge
from lab.model.browsers import LaunchAttempt
from lab.model.ledger import ConnectionOpened
from lab.model.observation import Observation
from lab.model.protocols import of_door
from lab.results.file import CellResult, Machine, Results, unknown_word
from lab.results.record import cell_result

FORMAT = "seventh-tab-observations/1"


class BaseRecord(msgspec.Struct, frozen=True, kw_only=True, tag_field="record", tag=True):
    """The base of all records: what one line says about a run."""


class RunBegan(BaseRecord, frozen=True, kw_only=True):
    """The first line: the run's name, when and on which machine it began, and what it will measure."""

    format: str = FORMAT
    """The version of this format."""
    run: str
    """The run's name: the time of its start."""
    started: str
    """When it began, as ISO 8601 in UTC."""
    planned: int
    """How many cells are planned."""
    machine: Machine
    """The machine."""
    versions: dict[str, str]
    """Versions of the lab, of Python and of the most important packages."""
    questions: dict[str, str]
    """What each scenario asks, in its own words."""
    start: str = ""
    """What a command that runs one cell again begins with."""
    order: tuple[str, ...] = ()
    """The names of the planned cells, in the order of results.json; cells that are not among them come last."""


class BrowsersTried(BaseRecord, frozen=True, kw_only=True):
    """Attempts to start a browser, and their results."""

    attempts: tuple[LaunchAttempt, ...]


class LogKept(BaseRecord, frozen=True, kw_only=True):
    """A browser's own log, or the end of it, is kept beside this file, gzipped, as the file `name`."""

    name: str


class Calibrated(BaseRecord, frozen=True, kw_only=True):
    """A calibration: what was seen while the control client held its streams."""

    observation: Observation


class Observed(BaseRecord, frozen=True, kw_only=True):
    """What was seen in a cell. A later one of the same cell takes the place of an earlier: the machine was too busy then."""

    observation: Observation


class RunEnded(BaseRecord, frozen=True, kw_only=True):
    """The last line: when the run ended, and whether the user interrupted it. A run that was killed has no such line."""

    finished: str | None = None
    interrupted: bool = False


Record = RunBegan | BrowsersTried | LogKept | Calibrated | Observed | RunEnded

_encoder = msgspec.json.Encoder()
_decoder: msgspec.json.Decoder[Record] = msgspec.json.Decoder(Record)


class ObservationsFile:
    """The file while a run writes it; a context manager that closes it. Raises MachineError if it can't be created."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._end = 0
        try:
            self._file = path.open("xb", buffering=0)
        except OSError as error:
            raise self._failed(error) from error

    def append(self, record: Record) -> None:
        """Write one line, and return when it is on the disk. If it can't be written completely, remove what was written of it
        and raise MachineError."""
        line = _encoder.encode(record) + b"\n"
        try:
            written = 0
            while written < len(line):
                written += self._file.write(line[written:]) or 0
            os.fsync(self._file.fileno())
        except OSError as error:
            with suppress(OSError):
                self._file.truncate(self._end)
                self._file.seek(self._end)
            raise self._failed(error) from error
        self._end += len(line)

    def _failed(self, error: OSError) -> MachineError:
        return MachineError(f"{self.path} could not be written: {error.strerror}", "free disk space and run again")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._file.close()


class RunRecord:
    """Builds a run's results, record by record."""

    def __init__(self) -> None:
        self._results: Results | None = None
        self._start = ""
        self._place: dict[str, int] = {}

    @property
    def results(self) -> Results:
        """The results so far. Raises ValueError before the first record."""
        if self._results is None:
            raise ValueError("a run's first record is RunBegan")
        return self._results

    def add(self, record: Record) -> CellResult | None:
        """Add one record, in the order of the file. If it has an observation, judge it and return the result; else return
        None."""
        record = _decoder.decode(_encoder.encode(record))  # The same value as a reader of the file gets.
        if isinstance(record, RunBegan):
            fields = {
                name: getattr(record, name) for name in RunBegan.__struct_fields__ if name not in ("format", "start", "order")
            }
            self._results, self._start = Results(**fields), record.start
            self._place = {name: place for place, name in enumerate(record.order)}
            return None
        results = self.results
        match record:
            case BrowsersTried():
                results.browsers += [one for one in dict.fromkeys(record.attempts) if one not in results.browsers]
            case LogKept():
                results.network_logs += [record.name] if record.name not in results.network_logs else []
            case Calibrated():
                results.calibration.append(judged(record.observation, self._start))
                return results.calibration[-1]
            case Observed():
                result = judged(record.observation, self._start)
                others = [one for one in results.cells if one.name != result.name]
                results.cells = sorted([*others, result], key=lambda one: self._place.get(one.name, len(self._place)))
                return result
            case RunEnded():
                results.finished, results.interrupted = record.finished, record.interrupted
        return None


def judged(seen: Observation, start: str = "") -> CellResult:
    """What results.json has of a cell: a function of what was seen, and of how the run was started."""
    return cell_result(seen, judge(seen), start)


def read_records(path: Path) -> list[Record]:
    """The records of a run. An incomplete last line is left out. Raises UsageError, in one line, for a file that does not
    exist, has another format, or has a line that this version does not understand."""
    name = "name the folder of a run that has observations.jsonl"
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise UsageError(f"{path} can't be read: {error.strerror}", name) from error
    check_format(raw.partition(b"\n")[0], path)
    *whole, rest = raw.split(b"\n")
    records: list[Record] = []
    for number, line in enumerate(whole, start=1):
        try:
            records.append(known(_decoder.decode(line)))
        except (ValueError, RecursionError) as error:
            raise UsageError(f"{path}, line {number} is no record of a run: {error}", name) from error
    with suppress(ValueError, RecursionError):
        records += [known(_decoder.decode(rest))] if rest else []
    if not records or not isinstance(records[0], RunBegan):
        raise UsageError(f"{path} does not begin with the beginning of a run", name)
    if any(isinstance(one, RunBegan) for one in records[1:]):
        raise UsageError(f"{path} has the beginning of a second run in it", name)
    return records


class Head(msgspec.Struct):
    """The part of a first line that every version of the format has."""

    format: str


def check_format(line: bytes, path: Path) -> None:
    """Raises UsageError if the first line does not name the format of this version."""
    try:
        found = msgspec.json.decode(line, type=Head).format
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{path} holds no observations of Seventh Tab: {error}", "name the folder of a run") from error
    if found != FORMAT:
        message = f"{path} has format {found!r}, and this is Seventh Tab for {FORMAT!r}"
        raise UsageError(message, "use the version that wrote it")


def known(record: Record) -> Record:
    """The same record. Raises ValueError for one that this version can't judge."""
    if isinstance(record, Calibrated | Observed):
        if unknown := unknown_word(record.observation.cell):
            raise ValueError(f"this version does not know the {unknown}")
        for event in record.observation.ledger or ():
            if isinstance(event, ConnectionOpened):
                try:
                    of_door(event.door)
                except KeyError:
                    raise ValueError(f"this version does not know the door {event.door!r}") from None
    return record
