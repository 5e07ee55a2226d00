"""The JUnit file, read back by the library that others read it with."""

from __future__ import annotations

from typing import Any

import pytest
from junitparser import Error, Failure, JUnitXml, Skipped, TestCase, TestSuite

from lab.model.verdict import KINDS, Kind
from lab.report.junit import junit
from lab.results.file import CellResult, Machine, Results
from tests.report.test_render import HOSTILE
from tests.results.test_file import altered, cell, made

EVIL = f"{HOSTILE} ]]> \x00\x01\x08\x0b\x1b[31m\x7f\x85\ufffe\uffff\ud800 é 😀"
CLEAN = HOSTILE + " ]]> " + "�" * 5 + "[31m" + "�" * 5 + " é 😀"


def suites(results: Results, strict: bool = False) -> list[TestSuite]:
    return list(JUnitXml.fromstring(junit(results, strict).encode()))


def case(one: CellResult, strict: bool = False) -> TestCase:
    [[found]] = suites(made(one), strict)
    return found


def properties(found: TestSuite) -> dict[str, str]:
    return {one.name: one.value for one in found.properties()}  # type: ignore[no-untyped-call]  # junitparser's own


def judged(kind: Kind, **changes: Any) -> CellResult:
    return altered(cell(), **{"kind": kind, "why": "it was so", **changes})


@pytest.mark.parametrize(
    ("kind", "strict", "outcome"),
    [
        (Kind.CONFIRMED, False, None),
        (Kind.CONFIRMED, True, None),
        (Kind.REFUTED, False, None),
        (Kind.REFUTED, True, Failure),
        (Kind.DISPUTED, False, Failure),
        (Kind.DISPUTED, True, Failure),
        (Kind.INCONCLUSIVE, False, Skipped),
        (Kind.INCONCLUSIVE, True, Skipped),
        (Kind.UNSUPPORTED, True, Skipped),
        (Kind.HARNESS_FAULT, False, Error),
    ],
)
def test_what_becomes_of_a_verdict(kind: Kind, strict: bool, outcome: type[Any] | None) -> None:
    found = case(judged(kind), strict)
    assert [type(one) for one in found.result] == ([outcome] if outcome else [])
    assert [(one.message, one.type) for one in found.result] == ([("it was so", kind.value)] if outcome else [])
    assert str(found.system_out).startswith(f"{KINDS[kind].label}: it was so")


def test_a_case_is_named_by_its_cell() -> None:
    one = judged(Kind.CONFIRMED, seconds=2.5, command="python3 -m nox -s lab")
    found = case(one)
    assert (found.classname, found.name, found.time) == ("s.chromium.h1.sse", one.name, 2.5)
    assert str(found.system_out).endswith("Run just this: python3 -m nox -s lab")


def test_a_suite_for_each_scenario_and_the_calibration() -> None:
    results = made(cell(), judged(Kind.DISPUTED, scenario="limits"), cell(protocol="h2", live=12))
    results.calibration = [judged(Kind.HARNESS_FAULT, scenario="calibration")]
    found = suites(results)
    assert [(one.name, one.tests, one.failures, one.errors) for one in found] == [
        ("calibration", 1, 0, 1),
        ("s", 2, 0, 0),
        ("limits", 1, 1, 0),
    ]
    whole = JUnitXml.fromstring(junit(results, strict=False).encode())
    assert (whole.tests, whole.failures, whole.errors, whole.skipped) == (4, 1, 1, 0)


def test_versions_and_machine_are_properties() -> None:
    [found] = suites(made(cell()))
    told = properties(found)
    assert told["seventh-tab"] == "0.1.0"
    assert told["chromium"] == "156.0.1"
    assert (told["system"], told["processors"], told["load"]) == ("Linux", "2", "0.5")
    assert (told["run"], told["cells planned"], told["cells measured"]) == ("20261123-120000", "1", "1")


@pytest.mark.parametrize("kind", Kind)
def test_what_xml_forbids_is_replaced_and_the_rest_is_kept(kind: Kind) -> None:
    names = ("name", "scenario", "engine", "engine_version", "why", "command")
    results = made(judged(kind, **dict.fromkeys(names, EVIL)))
    results.run, results.started, results.versions = EVIL, EVIL, {EVIL: EVIL}
    results.machine = Machine(system=EVIL, cpus=2, load=None)
    [found] = suites(results, strict=True)
    assert (found.name, found.timestamp) == (CLEAN, CLEAN)
    [one] = found
    assert one.name == CLEAN
    assert all(outcome.message == CLEAN for outcome in one.result)
    assert str(one.system_out).startswith(f"{KINDS[kind].label}: {CLEAN}")
    assert {CLEAN, "run"} <= properties(found).keys()


def test_nothing_measured() -> None:
    assert suites(made()) == []
    [found] = suites(made(cell(missing="none here"), cell(missing="none here", protocol="h2")))
    assert (found.tests, found.skipped, found.failures, found.errors) == (2, 2, 0, 0)
