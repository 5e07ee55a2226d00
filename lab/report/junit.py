"""The verdicts as JUnit XML, which most CI systems can show: a suite for each scenario, a test case for each cell."""

from __future__ import annotations

import io

from junitparser import Error, Failure, JUnitXml, Skipped, TestCase, TestSuite
from junitparser.junitparser import FinalResult

from lab.model.verdict import KINDS
from lab.results.file import CellResult, Results
from lab.text import clean

FORMS: dict[str, type[FinalResult]] = {"failure": Failure, "error": Error, "skipped": Skipped}
"""The forms that lab/model/verdict.py names; `pass` has no element."""


def junit(results: Results, strict: bool) -> str:
    """The whole JUnit file, as text. The calibration is a suite too. `strict`: a refuted claim is a failure."""
    suites: dict[str, list[CellResult]] = {}
    for run in (*results.calibration, *results.cells):
        suites.setdefault(run.cell.scenario, []).append(run)
    whole = JUnitXml("testsuites")
    for name, runs in suites.items():
        whole.add_testsuite(suite(name, runs, results, strict))
    whole.update_statistics()  # type: ignore[no-untyped-call]  # junitparser's own
    out = io.BytesIO()
    whole.write(out)
    return out.getvalue().decode()


def suite(name: str, runs: list[CellResult], results: Results, strict: bool) -> TestSuite:
    """The test suite of one scenario, with the run's properties."""
    made = TestSuite(clean(name))
    made.timestamp = clean(results.started)
    for key, value in properties(results).items():
        made.add_property(clean(key), clean(value))
    made.add_testcases([case(run, strict) for run in runs])
    return made


def properties(results: Results) -> dict[str, str]:
    """Properties of the run, by name: machine, browsers, packages, and how many cells were measured."""
    machine = {"system": results.machine.system, "processors": str(results.machine.cpus)}
    machine |= {} if results.machine.load is None else {"load": str(results.machine.load)}
    browsers = {run.cell.engine: run.engine_version for run in results.cells if run.engine_version}
    counts = {"cells planned": str(results.planned), "cells measured": str(len(results.cells))}
    return {"run": results.run, **machine, **browsers, **results.versions, **counts}


def case(run: CellResult, strict: bool) -> TestCase:
    """The test case of one cell. Its output has the verdict, and the command that runs the cell again."""
    cell, verdict = run.cell, run.verdict
    made = TestCase(clean(run.name), clean(".".join((cell.scenario, cell.engine, cell.protocol, cell.transport))), run.seconds)
    if (outcome := outcome_of(run, strict)) is not None:
        made.result = outcome
    again = f"\nRun just this: {run.command}" if run.command else ""
    made.system_out = clean(f"{KINDS[verdict.kind].label}: {verdict.why}{again}")
    return made


def outcome_of(run: CellResult, strict: bool) -> FinalResult | None:
    """The result of a test case; None means passed. A refuted claim is a finding; it fails the test case only with
    `--strict`."""
    row = KINDS[run.verdict.kind]
    form = FORMS.get(row.strict_junit if strict else row.junit)
    return form(clean(run.verdict.why), run.verdict.kind.value) if form else None
