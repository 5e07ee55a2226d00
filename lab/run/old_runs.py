"""The runs that a folder of reports holds: which there are, how much space they take, and the removal of old ones.

Rules. A run is recognized by its name, which is a time, and by its own files. Nothing else is ever removed, and no link is
followed. A run that is still going on has its folder locked (`going_on`): the lock ends with its process, however that ends.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import msgspec

from lab.errors import UsageError
from lab.paths import LATEST, OBSERVATIONS, REPORT, RESULTS
from lab.run.folder import point_latest

RUN = re.compile(r"(\d{8}-\d{6})(?:-(\d+))?")
"""The name of a run's folder, as `make_folder` gives it."""


OURS = {OBSERVATIONS: b'"seventh-tab-observations/', RESULTS: b'"seventh-tab/'}
"""What a run's files have in their first HEAD bytes; of older versions there is only the second."""

HEAD = 200


class OldRun(msgspec.Struct, frozen=True):
    """A run's folder, and how many bytes it takes on the disk."""

    folder: Path
    size: int


class Pruned(msgspec.Struct, frozen=True, kw_only=True):
    """What became of the older runs: removed, or left because they are still going on."""

    removed: tuple[OldRun, ...]
    going_on: tuple[OldRun, ...]


def runs(out: Path) -> list[OldRun]:
    """The runs in a folder of reports, the newest first. Raises UsageError if the folder can't be read."""
    try:
        found = [one for one in out.iterdir() if is_run(one)]
    except OSError as error:
        raise UsageError(f"{out} can't be read: {error.strerror}", "name a folder of reports with --out") from error
    return [OldRun(folder, size(folder)) for folder in sorted(found, key=age, reverse=True)]


def is_run(folder: Path) -> bool:
    """Whether this is the folder of a run of this lab."""
    named = RUN.fullmatch(folder.name) is not None and not folder.is_symlink() and folder.is_dir()
    return named and any(begins_with(folder / name, words) for name, words in OURS.items())


def begins_with(path: Path, words: bytes) -> bool:
    """Whether a file has these words near its beginning."""
    try:
        with path.open("rb") as file:
            return words in file.read(HEAD)
    except OSError:
        return False


def age(folder: Path) -> tuple[str, int]:
    """What sorts runs by the time of their start."""
    found = RUN.fullmatch(folder.name)
    return (found[1], int(found[2] or 1)) if found else ("", 0)


def size(folder: Path) -> int:
    """The bytes that a folder takes on the disk. What vanishes meanwhile, or can't be read, counts as nothing."""
    total = 0
    for path in folder.rglob("*"):
        with suppress(OSError):
            total += path.lstat().st_blocks * 512
    return total


@contextmanager
def going_on(folder: Path) -> Iterator[bool]:
    """Lock the folder of a run inside the block. False: somebody else has locked it, or it can't be locked here."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            locked = True
        except OSError:
            locked = False
        yield locked
    finally:
        os.close(descriptor)


def prune(out: Path, keep: int) -> Pruned:
    """Remove all runs but the newest `keep`, and those that are still going on; `latest` then points to the newest that has a
    report. Raises UsageError if a folder can't be read or removed."""
    removed, left = list[OldRun](), list[OldRun]()
    for run in runs(out)[keep:]:
        try:
            with going_on(run.folder) as locked:
                if locked:
                    shutil.rmtree(run.folder)
                (removed if locked else left).append(run)
        except FileNotFoundError:
            continue  # Somebody else removes them too.
        except OSError as error:
            raise UsageError(f"{run.folder} can't be removed: {error.strerror}", "remove it yourself") from error
    repair_latest(out)
    return Pruned(removed=tuple(removed), going_on=tuple(left))


def repair_latest(out: Path) -> None:
    """If `latest` points to a run that is gone, let it point to the newest that has a report; remove it if there is none."""
    link = out / LATEST
    if not link.is_symlink() or link.exists():
        return
    for run in runs(out):
        if (run.folder / REPORT).is_file():
            point_latest(run.folder)
            return
    link.unlink(missing_ok=True)
