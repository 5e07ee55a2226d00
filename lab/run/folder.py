"""The folder of a run: created at its start; at its end, reports/latest points to it."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from pathlib import Path

from lab.errors import UsageError
from lab.paths import LATEST

MOST_RUNS = 1000  # The most runs that begin in one second in one folder.


def now() -> str:
    """The present time, as ISO 8601 in UTC, to the second."""
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")


def make_folder(out: Path, clock: Callable[[], str] = now) -> Path:
    """A new folder for a run, named by the time; two runs that begin in the same second get two folders. Raises UsageError if
    `out` can't be written."""
    stamp = clock()[:19].replace("-", "").replace(":", "").replace("T", "-")
    try:
        out.mkdir(parents=True, exist_ok=True)
        for number in range(1, MOST_RUNS):
            folder = out / (stamp if number == 1 else f"{stamp}-{number}")
            try:
                folder.mkdir()
            except FileExistsError:
                continue
            return folder
    except OSError as error:
        raise UsageError(f"no report can be written in {out}: {error.strerror}", "choose another folder with --out") from error
    raise UsageError(f"{out} already has a thousand runs that began in this second", "choose another folder with --out")


def point_latest(folder: Path) -> Path:
    """Let reports/latest point to this run, and return that path; or the run's own folder, if no link can be made."""
    link, new = folder.parent / LATEST, folder.parent / f".latest-{folder.name}"
    try:
        new.symlink_to(folder.name, target_is_directory=True)
        new.replace(link)
    except OSError:  # No links on this file system, or a real folder of that name.
        new.unlink(missing_ok=True)
        return folder
    return link
