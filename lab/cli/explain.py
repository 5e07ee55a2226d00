"""The command `explain`: what a log that a user recorded says."""

from __future__ import annotations

from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TimeRemainingColumn

from lab.cli.console import output
from lab.cli.reports import write_text
from lab.errors import UsageError
from lab.probe.explain import explain as explained
from lab.probe.explain.as_json import as_json
from lab.probe.explain.explanation import Explanation
from lab.probe.explain.page import render
from lab.probe.explain.tables import hosts_table, waits_table
from lab.probe.explain.words import sentences, told, waited_for
from lab.report.terminal import table_of
from lab.text import clean, sentence

MOST_WAITS, MOST_HOSTS = 12, 10
"""The most rows of a table in the terminal."""

MOST_TOLD = 3
"""How many queues are told in the terminal; the page has more."""


@click.command()
@click.argument("log", metavar="FILE", type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), help="The HTML page; default: FILE with .html added.")
@click.option("--json", "only_json", is_flag=True, help="Print JSON instead, and write a page only with --out.")
def explain(log: Path, out: Path | None, only_json: bool) -> None:
    """Explain a NetLog (chrome://net-export) or MOZ_LOG: which requests waited, for how long, for what limit, and what held the
    connections meanwhile. No browser needed."""
    if out and out.exists() and out.samefile(log):
        raise UsageError(f"--out {out} is the log itself", "choose another place with --out")
    console = Console(stderr=True, highlight=False)
    columns = BarColumn(), DownloadColumn(), TimeRemainingColumn()
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("")
        one = explained(log, lambda done, size: progress.update(task, completed=done, total=size))
    if only_json:
        click.echo(as_json(one), nl=False)
    else:
        tell(one)
    if out or not only_json:
        page = out or log.with_name(f"{log.name}.html")
        write_text(page, render(one), "choose another place with --out")
        if not only_json:
            output().print(f"page: {page}", markup=False, soft_wrap=True)


def tell(one: Explanation) -> None:
    """Print an explanation: its sentences, then each queue's with its waits, then the hosts."""
    console = output()

    def line(words: str) -> None:
        console.print(clean(words), markup=False)

    for words in sentences(one):
        line(words)
    for queue in one.queues[:MOST_TOLD]:
        line(f"\n{sentence(waited_for(queue))}")
        for words in told(queue, one):
            line(words)
        console.print(table_of(waits_table(queue, one, MOST_WAITS)))
    if len(one.queues) > MOST_TOLD:
        line(f"{len(one.queues) - MOST_TOLD} more queues are in the page.")
    console.print(table_of(hosts_table(one, MOST_HOSTS)))
