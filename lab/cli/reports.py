"""The commands that read the files of a run (report, compare, show, judge), and what a run prints and writes at its end."""

from __future__ import annotations

import contextlib
import os
import webbrowser
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click

from lab import paths
from lab.cli.console import TABLE_WIDTH, complain, output, print_lines
from lab.errors import LabError, MachineError, NoBrowserError, UsageError
from lab.report.junit import junit as as_junit
from lab.report.last_screen import last_screen
from lab.report.markdown import markdown as as_markdown
from lab.report.render import write_report
from lab.report.runs import render_runs
from lab.report.terminal import comparison_lines, results_tables, surprises
from lab.results import file
from lab.results.compare import compare as compare_runs
from lab.results.file import Results
from lab.results.observations import RunRecord, read_records
from lab.run.folder import point_latest

SIDE_BY_SIDE = "side-by-side.html"
"""The file name of a page with several runs."""

SUMMARY = "GITHUB_STEP_SUMMARY"
"""GitHub's environment variable with the file whose Markdown a job's page shows."""

Command = TypeVar("Command", bound=Callable[..., Any])


def output_options(command: Command) -> Command:
    """The options for what is written beside the report."""
    junit = click.option("--junit", type=click.Path(path_type=Path), help="Write the verdicts to this file too, as JUnit XML.")
    markdown = click.option("--markdown", type=click.Path(path_type=Path), help="Write the tables to this file, as Markdown.")
    return junit(markdown(command))


def finish(found: Results, folder: Path, *, junit: Path | None, markdown: Path | None, strict: bool) -> bool:
    """Print the last screen, write the report and the other files that were requested, and print where the report is. It is
    also called after a failure. Returns False if a file could not be written: the error is printed, and the other files are
    written."""
    console = output()
    print_lines(console, last_screen(found, min(console.width, TABLE_WIDTH)))

    def report() -> None:
        page = write_report(found, folder / paths.REPORT)
        latest = point_latest(folder)
        run = "" if latest.parent == paths.REPORTS else f" {latest}"
        console.print(f"All tables: seventh-tab show --text{run}", markup=False, soft_wrap=True)
        console.print(f"report: {latest / page.name}", markup=False, soft_wrap=True)

    def beside() -> None:
        write_beside(found, junit=junit, markdown=markdown, strict=strict)

    def summary() -> None:
        if path := os.environ.get(SUMMARY):
            write_text(Path(path), as_markdown(found), f"correct or unset {SUMMARY}", mode="a")

    done = [succeeded(work) for work in (report, beside, summary)]  # All three, even if one fails.
    return all(done)


def succeeded(work: Callable[[], None]) -> bool:
    """Do some work. A LabError is printed, and False is returned."""
    try:
        work()
    except LabError as error:
        complain(error)
        return False
    return True


def write_beside(found: Results, *, junit: Path | None, markdown: Path | None, strict: bool = False) -> None:
    """Write the requested JUnit and Markdown files. If one can't be written, the other still is; then UsageError is raised."""
    wanted: list[tuple[Path | None, Callable[[], str], str]] = [
        (junit, lambda: as_junit(found, strict), "--junit"),
        (markdown, lambda: as_markdown(found), "--markdown"),
    ]
    failures = []
    for path, form, option in wanted:
        if path:
            try:
                write_text(path, form(), f"choose another place with {option}")
            except UsageError as error:
                failures.append(error)
    for failure in failures[1:]:
        complain(failure)
    if failures:
        raise failures[0]


def write_text(path: Path, text: str, todo: str, mode: str = "w") -> None:
    """Write a text file. Raises UsageError, with `todo`, if it can't be written."""
    try:
        with path.open(mode, encoding="utf-8") as out:
            out.write(text)
    except OSError as error:
        raise UsageError(f"{path} could not be written: {error.strerror}", todo) from error


def build(found: Results, path: Path) -> Path:
    """Write the report of an earlier run to `path`. Raises UsageError if it can't be written."""
    try:
        return write_report(found, path)
    except MachineError as error:
        raise UsageError(error.message, error.todo) from error


def located(run: str, name: str = paths.RESULTS) -> Path:
    """The results.json (or another file) of a run. `run` is that file, the run's folder or its id. Raises UsageError if there
    is none."""
    for path in (Path(run), paths.REPORTS / run):
        with contextlib.suppress(OSError):  # A name too long for any file is a run that is not there.
            if path.is_file():
                return path
            if path.is_dir():
                return run_file(path, name)
    raise UsageError(
        f"there is no run {run!r}: no folder, no {name} and no run in {paths.REPORTS}/ has this name",
        "name one of those, or make one with: seventh-tab run",
    )


def run_file(folder: Path, name: str) -> Path:
    """A file in a run's folder. Raises UsageError if the run was cut off before it wrote its results."""
    if name == paths.RESULTS and not (folder / name).exists() and (folder / paths.OBSERVATIONS).exists():
        raise UsageError(f"{folder} has no {name}: its run was cut off", f"run: seventh-tab judge {folder}")
    return folder / name


@click.command()
@click.argument("runs", nargs=-1, required=True)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help=f"The HTML file; default: index.html beside the results, or {paths.REPORTS}/{SIDE_BY_SIDE} for several runs.",
)
@output_options
def report(runs: tuple[str, ...], out: Path | None, junit: Path | None, markdown: Path | None) -> None:
    """Build the HTML report of a run again; no browser needed. Several RUNS stand side by side on one page: browsers, versions
    and machines in columns. Each is a results.json, a run's folder or its id."""
    paths_of_runs = [located(run) for run in runs]
    found = [file.read(path) for path in paths_of_runs]
    if len(found) > 1:
        if junit or markdown:
            raise UsageError("--junit and --markdown take one run", "leave them out, or name a single run")
        if out is None:
            paths.REPORTS.mkdir(exist_ok=True)
        write_side_by_side(found, out or paths.REPORTS / SIDE_BY_SIDE)
        return
    written = build(found[0], out or paths_of_runs[0].with_name(paths.REPORT))
    output().print(f"report: {written}", soft_wrap=True)
    write_beside(found[0], junit=junit, markdown=markdown)


def write_side_by_side(runs: Sequence[Results], out: Path) -> None:
    """Write the page of several runs, and print where it is."""
    write_text(out, render_runs(runs), "choose another place with --out")
    output().print(f"side by side: {out}", soft_wrap=True)


@click.command()
@click.argument("run", default=str(paths.REPORTS / "latest"))
@output_options
def judge(run: str, junit: Path | None, markdown: Path | None) -> None:
    """Judge a run's observations again, and write its results.json and report. RUN is its folder, its observations.jsonl or its
    id; default: the last run."""
    path = located(run, paths.OBSERVATIONS)
    if not path.is_file() or path.name == paths.RESULTS:
        raise UsageError(
            f"{path.parent} has no {paths.OBSERVATIONS}",
            "runs of older versions kept none: build their report from results.json with: seventh-tab report",
        )
    record = RunRecord()
    for one in read_records(path):
        record.add(one)
    found = record.results
    try:
        file.write(found, path.with_name(paths.RESULTS))
    except MachineError as error:
        raise UsageError(error.message, error.todo) from error
    console = output()
    console.print(f"results: {path.with_name(paths.RESULTS)}, {len(found.cells)} cells", soft_wrap=True)
    console.print(f"report: {build(found, path.with_name(paths.REPORT))}", soft_wrap=True)
    write_beside(found, junit=junit, markdown=markdown)


@click.command()
@click.argument("a")
@click.argument("b")
@click.option("--out", type=click.Path(path_type=Path), help="Write both runs side by side to this file too, as HTML.")
def compare(a: str, b: str, out: Path | None) -> None:
    """What changed from run A to run B, by cell, beyond the spread of its repeats. Each is a results.json, a run's folder or
    its id."""
    runs = [file.read(located(a)), file.read(located(b))]
    console = output()
    for line in comparison_lines(compare_runs(*runs)):
        console.print(line)
    if out:
        write_side_by_side(runs, out)


@click.command()
@click.argument("run", default=str(paths.REPORTS / "latest"))
@click.option("--text", is_flag=True, help="Print all tables here; open nothing.")
def show(run: str, text: bool) -> None:
    """Open the report of a run in your browser: the last one's, or that of a results.json, a folder or an id."""
    found = located(run)
    if text:
        show_tables(file.read(found))
        return
    page = found.with_name(paths.REPORT)
    if not page.is_file():
        build(file.read(found), page)
    output().print(f"report: {page}", soft_wrap=True)
    if not webbrowser.open(page.resolve().as_uri()):
        raise NoBrowserError("no browser could be started to show the report", f"open {page} yourself")


def show_tables(found: Results) -> None:
    """Print all tables of a run, and a line for each cell that needs an explanation."""
    console = output()
    for table in results_tables(found):
        console.print(table)
    for line in surprises(found):
        console.print(line, markup=False)
    if not found.cells:
        console.print("Nothing was measured.")
