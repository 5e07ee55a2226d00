"""The command prune, and what a run's end says of the space that runs take."""

from __future__ import annotations

import shlex
import sys
from contextlib import suppress
from pathlib import Path

import click

from lab import paths
from lab.cli.console import output
from lab.errors import UsageError
from lab.text import amount, clean, counted

MUCH = 1_000_000_000
"""When runs take more bytes than this, a run's end says so."""

OFFERED = 5
"""How many runs the command that it then offers would keep."""


@click.command()
@click.option("--keep", type=click.IntRange(0), required=True, help="How many of the newest runs stay.")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=paths.REPORTS,
    show_default=True,
    help="Where reports are.",
)
def prune(keep: int, out: Path) -> None:
    """Remove old runs: all but the newest, and those that are still going on. Nothing else in the folder is touched."""
    from lab.run import old_runs

    found = old_runs.prune(out, keep)
    console = output()
    for run in found.removed:
        console.print(clean(f"removed: {run.folder}, {amount(run.size)}"), markup=False, soft_wrap=True)
    for run in found.going_on:
        console.print(clean(f"left, still going on: {run.folder}"), markup=False, soft_wrap=True)
    left = old_runs.runs(out)
    freed = f"{counted(len(found.removed), 'run')} removed, {amount(sum(run.size for run in found.removed))}"
    stay = f"{counted(len(left), 'run')} left, {amount(sum(run.size for run in left))}"
    console.print(f"{freed}; {stay}", soft_wrap=True)


def held(out: Path) -> str:
    """A line on what the runs in a folder take, if that is much; else empty."""
    from lab.run import old_runs

    with suppress(UsageError):
        found = old_runs.runs(out)
        if (total := sum(run.size for run in found)) > MUCH:
            where = "" if out == paths.REPORTS else f" --out {shlex.quote(str(out))}"
            fix = f"{sys.executable} -m lab prune --keep {OFFERED}{where}"
            return clean(f"{out} holds {amount(total)} in {counted(len(found), 'run')}; to keep the newest {OFFERED}: {fix}")
    return ""
