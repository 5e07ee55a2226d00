"""`nox -s soak`: does it still say the same after hundreds of cells, half an hour, hundreds of tabs? By default the short
form, of some minutes; `--whole` is what docs/reliability.md was made with."""

from __future__ import annotations

import asyncio

import click

from tests.soak import apps, cells, probes, streams, tabs


@click.command()
@click.option("--whole", is_flag=True, help="200 cells, 30 minutes, 240 tabs, 200 probes: two hours.")
def main(whole: bool) -> None:
    """Exit 1 when a verdict was wrong, an update lost, a descriptor more held, a tab not live, or a probe different."""
    every, minutes, many, runs = (200, 30.0, 240, 50) if whole else (16, 1.0, 60, 2)
    well = [cells.soaked(every), asyncio.run(streams.soaked(minutes)), asyncio.run(tabs.soaked(many))]
    well += [probes.soaked(runs, probes.MACHINES), apps.soaked(3 if whole else 1, at_once=1)]
    raise SystemExit(0 if all(well) else 1)


if __name__ == "__main__":
    main()
