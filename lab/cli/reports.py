"""The commands that read what a run has left: report, compare, show. And what a run says and writes at its end."""

from __future__ import annotations

import contextlib
import os
import webbrowser
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from lab.cli.console import complain, output, results_tables, say_comparison, surprises
from lab.errors import LabError, MachineError, NoBrowserError, UsageError
from lab.report.comparison import render_comparison
from lab.report.junit import junit as as_junit
from lab.report.markdown import markdown as as_markdown
from lab.report.render import write_report
from lab.results import file as results
from lab.results.compare import compare as compare_runs
from lab.results.file import Results
from lab.run.run import RESULTS, point_latest
from lab.text import clean

REPORTS = Path("reports")
SUMMARY = "GITHUB_STEP_SUMMARY"
"""GitHub names here the file of which a job's page shows the Markdown."""

Command = TypeVar("Command", bound=Callable[..., Any])


def beside(command: Command) -> Command:
    """The options of what is written beside the report."""
    junit = click.option("--junit", type=click.Path(path_type=Path), help="Write the verdicts to this file too, as JUnit XML.")
    markdown = click.option("--markdown", type=click.Path(path_type=Path), help="Write the tables to this file, as Markdown.")
    return junit(markdown(command))


def conclude(found: Results, folder: Path, junit: Path | None, markdown: Path | None, strict: bool) -> bool:
    """Say what there is, write the report of it and what was asked for beside it, and say where it is. It runs after a failure
    too, and hides none. False when something could not be written: that has been said, and the rest was."""
    console = output()
    if found.cells:
        for table in results_tables(found):
            console.print(table)
    for line in surprises(found):
        console.print(clean(line), markup=False)
    if found.interrupted:
        console.print(f"interrupted after {len(found.cells)} of {found.planned} cells")

    def report() -> None:
        page = write_report(found, folder / "index.html")
        console.print(f"report: {point_latest(folder) / page.name}", soft_wrap=True)

    def summary() -> None:
        if path := os.environ.get(SUMMARY):
            put(Path(path), as_markdown(found), f"mend or unset {SUMMARY}", mode="a")

    wanted = [report, lambda: put_junit(found, junit, strict), lambda: put_markdown(found, markdown), summary]
    done = [attempt(work) for work in wanted]  # Each, whatever became of the one before.
    return all(done)


def attempt(work: Callable[[], None]) -> bool:
    try:
        work()
    except LabError as error:
        complain(error)
        return False
    return True


def put_junit(found: Results, path: Path | None, strict: bool) -> None:
    if path:
        put(path, as_junit(found, strict), "choose another place with --junit")


def put_markdown(found: Results, path: Path | None) -> None:
    if path:
        put(path, as_markdown(found), "choose another place with --markdown")


def put(path: Path, text: str, todo: str, mode: str = "w") -> None:
    """Raises UsageError when it can't be written."""
    try:
        with path.open(mode, encoding="utf-8") as out:
            out.write(text)
    except OSError as error:
        raise UsageError(f"{path} could not be written: {error.strerror}", todo) from error


def build(found: Results, path: Path) -> Path:
    """The report of a run that is over. Raises UsageError when it can't be written: the place was chosen."""
    try:
        return write_report(found, path)
    except MachineError as error:
        raise UsageError(error.message, error.todo) from error


def located(run: str) -> Path:
    """The results.json of a run named by that file, by its folder or by its id. Raises UsageError where there is none."""
    for path in (Path(run), REPORTS / run):
        with contextlib.suppress(OSError):  # A name too long for any file is a run that is not there.
            if path.is_dir() or path.is_file():
                return path / RESULTS if path.is_dir() else path
    raise UsageError(
        f"there is no run {run!r}: no folder, no {RESULTS} and no run in {REPORTS}/ has this name",
        "name one of those, or make one with: seventh-tab run",
    )


@click.command()
@click.argument("results_json", type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), help="The HTML file; default: index.html beside the results.")
@beside
def report(results_json: Path, out: Path | None, junit: Path | None, markdown: Path | None) -> None:
    """Build the HTML report again from a results.json; no browser needed."""
    found = results.read(results_json)
    written = build(found, out or results_json.with_name("index.html"))
    output().print(f"report: {written}", soft_wrap=True)
    put_junit(found, junit, strict=False)
    put_markdown(found, markdown)


@click.command()
@click.argument("a")
@click.argument("b")
@click.option("--out", type=click.Path(path_type=Path), help="Write it to this file too, as HTML.")
def compare(a: str, b: str, out: Path | None) -> None:
    """What changed from run A to run B, by cell, beyond the spread of its repeats. Each is a results.json, a run's folder or
    its id."""
    found = compare_runs(results.read(located(a)), results.read(located(b)))
    console = output()
    say_comparison(found, console)
    if out:
        put(out, render_comparison(found), "choose another place with --out")
        console.print(f"comparison: {out}", soft_wrap=True)


@click.command()
@click.argument("run", default=str(REPORTS / "latest"))
def show(run: str) -> None:
    """Open the report of a run in your browser: the last one's, or that of a results.json, a folder or an id."""
    found = located(run)
    page = found.with_name("index.html")
    if not page.is_file():
        build(results.read(found), page)
    output().print(f"report: {page}", soft_wrap=True)
    if not webbrowser.open(page.resolve().as_uri()):
        raise NoBrowserError("no browser could be started to show the report", f"open {page} yourself")
