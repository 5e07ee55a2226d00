"""The verdicts as JUnit XML, which every CI can show: a suite for each scenario, a test case for each cell."""

from __future__ import annotations

import io

from junitparser import Error, Failure, JUnitXml, Skipped, TestCase, TestSuite
from junitparser.junitparser import FinalResult

from lab.model.verdict import Kind
from lab.results.file import CellResult, Results
from lab.text import clean


def junit(results: Results, strict: bool) -> str:
    """What a run calibrated itself with is a suite too: its failure is one."""
    suites: dict[str, list[CellResult]] = {}
    for cell in (*results.calibration, *results.cells):
        suites.setdefault(cell.scenario, []).append(cell)
    whole = JUnitXml("testsuites")
    for name, cells in suites.items():
        whole.add_testsuite(suite(name, cells, results, strict))
    whole.update_statistics()  # type: ignore[no-untyped-call]  # junitparser's own
    out = io.BytesIO()
    whole.write(out)
    return out.getvalue().decode()


def suite(name: str, cells: list[CellResult], results: Results, strict: bool) -> TestSuite:
    made = TestSuite(clean(name))
    made.timestamp = clean(results.started)
    for key, value in properties(results).items():
        made.add_property(clean(key), clean(value))
    made.add_testcases([case(cell, strict) for cell in cells])
    return made


def properties(results: Results) -> dict[str, str]:
    machine = {"system": results.machine.system, "processors": str(results.machine.cpus)}
    machine |= {} if results.machine.load is None else {"load": str(results.machine.load)}
    browsers = {cell.engine: cell.engine_version for cell in results.cells if cell.engine_version}
    cells = {"cells planned": str(results.planned), "cells measured": str(len(results.cells))}
    return {"run": results.run, **machine, **browsers, **results.versions, **cells}


def case(cell: CellResult, strict: bool) -> TestCase:
    where = ".".join((cell.scenario, cell.engine, cell.protocol, cell.transport))
    made = TestCase(clean(cell.name), clean(where), cell.seconds)
    if (outcome := outcome_of(cell, strict)) is not None:
        made.result = outcome
    again = f"\nRun just this: {cell.command}" if cell.command else ""
    made.system_out = clean(f"{cell.verdict}: {cell.why}{again}")
    return made


def outcome_of(cell: CellResult, strict: bool) -> FinalResult | None:
    """None is a pass. What a browser does otherwise than is said is a finding; a failure only for who is strict."""
    why = clean(cell.why)
    if cell.verdict == Kind.UNSUPPORTED:
        return Skipped(why, cell.verdict)
    if cell.verdict == Kind.HARNESS_FAULT:
        return Error(why, cell.verdict)
    if cell.verdict == Kind.DISPUTED or (strict and cell.verdict == Kind.REFUTED):
        return Failure(why, cell.verdict)
    return None
