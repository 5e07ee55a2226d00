"""The same cells again and again, on a quiet machine and on a busy one: how often is the number another?"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
from collections import Counter
from contextlib import nullcontext
from pathlib import Path

import click

from lab.model.verdict import KINDS, Kind
from lab.results import file as results
from lab.results.file import CellResult
from tests.conftest import ROOT
from tests.tools.busy import busy_cores

PROTOCOLS = ("h1", "h2")
SURE = (Kind.CONFIRMED, Kind.REFUTED)
SHOWN = (Kind.CONFIRMED, Kind.REFUTED, Kind.DISPUTED, Kind.INCONCLUSIVE, Kind.HARNESS_FAULT)
HEAD = f"""\
| machine | protocol | cells | live | {" | ".join(KINDS[kind].label for kind in SHOWN)} | seconds a cell, median |
|--|--|--:|--|{"--:|" * len(SHOWN)}--|"""


def run(repeat: int) -> list[CellResult]:
    """So many cells of each protocol, in turns, by the command that people use."""
    with tempfile.TemporaryDirectory() as folder:
        options = [part for protocol in PROTOCOLS for part in ("--protocol", protocol)]
        command = [sys.executable, "-m", "lab", "run", "seventh_tab", "--engine", "chromium", *options]
        subprocess.run([*command, "--repeat", str(repeat), "--out", folder], cwd=ROOT, check=False, stdout=subprocess.DEVNULL)
        return results.read(Path(folder) / "latest" / "results.json").cells


def row(machine: str, protocol: str, cells: list[CellResult]) -> str:
    kinds = Counter(cell.verdict.kind for cell in cells)
    live = ", ".join(f"{number} of {opened}: {times}×" for (number, opened), times in counts(cells).most_common())
    seconds = [cell.seconds for cell in cells]
    columns = [
        *(machine, protocol, str(len(cells)), live),
        *(str(kinds[kind]) for kind in SHOWN),
        f"{statistics.median(seconds):.1f} ({min(seconds):.1f} to {max(seconds):.1f})",
    ]
    return f"| {' | '.join(columns)} |"


def counts(cells: list[CellResult]) -> Counter[tuple[int | None, int]]:
    return Counter((cell.verdict.live, cell.opened) for cell in cells)


def soaked(cells: int) -> bool:
    """Print the table; whether every cell of a protocol says the same number, and none is disputed, inconclusive or a fault."""
    click.echo(HEAD)
    found: dict[str, list[CellResult]] = {protocol: [] for protocol in PROTOCOLS}
    for machine, load in (("quiet", nullcontext()), ("both cores busy", busy_cores())):
        with load:
            ended = run(cells // 4)
        for protocol in PROTOCOLS:
            mine = [cell for cell in ended if cell.cell.protocol == protocol]
            found[protocol] += mine
            click.echo(row(machine, protocol, mine))
    wrong = 0
    for mine in found.values():
        usual = counts(mine).most_common(1)[0][0]
        wrong += sum((cell.verdict.live, cell.opened) != usual or cell.verdict.kind not in SURE for cell in mine)
    click.echo(f"\nOf {sum(map(len, found.values()))} cells, {wrong} said another number than the rest, or could not be told.")
    return not wrong


@click.command()
@click.option("--cells", type=click.IntRange(4), default=200, show_default=True)
def main(cells: int) -> None:
    """Run so many cells, half of them on a busy machine; exit 1 when one is wrong."""
    raise SystemExit(0 if soaked(cells) else 1)


if __name__ == "__main__":
    main()
