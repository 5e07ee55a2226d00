"""Repeats of a cell: a number when they agree, the spread and the likely reason when they don't."""

from __future__ import annotations

from typing import Any

import pytest

from lab.model.verdict import Kind, Limit
from lab.results.file import CellResult
from lab.results.repeats import Repeats, repeats
from tests.results.test_file import altered, cell, made


def repeated(*lives: int, **changes: Any) -> Repeats:
    runs = [altered(cell(live=live), **{"repeat": turn, **changes}) for turn, live in enumerate(lives, start=1)]
    [found] = repeats(made(*runs))
    return found


def test_runs_that_agree() -> None:
    found = repeated(6, 6, 6)
    assert (found.live, found.verdict, found.reason, found.agree) == ("6", Kind.CONFIRMED, "", True)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"cause": Limit.SOCKETS}, "is soft"),
        ({"load": 30.0}, "the machine was busy: load 30.0 on 2 processors"),
        ({}, "no reason is known: the browser itself behaved differently"),
    ],
)
def test_runs_that_differ(changes: dict[str, Any], reason: str) -> None:
    found = repeated(6, 9, 7, **changes)
    assert (found.live, found.verdict, found.agree) == ("6 to 9", Kind.REFUTED, False)
    assert reason in found.reason


def test_a_disputed_run_is_the_one_to_look_at() -> None:
    runs: list[CellResult] = [cell(), altered(cell(), repeat=2, kind=Kind.DISPUTED), cell()]
    [found] = repeats(made(*runs))
    assert (found.verdict, found.shown) == (Kind.DISPUTED, runs[1])
    assert found.reason == "of 3 runs, 1 disputed and 2 confirmed: see each"


@pytest.mark.parametrize(
    ("kinds", "gravest", "reason"),
    [
        ((Kind.CONFIRMED, Kind.REFUTED), Kind.REFUTED, "no reason is known"),
        ((Kind.INCONCLUSIVE, Kind.REFUTED), Kind.INCONCLUSIVE, "of 2 runs, 1 inconclusive and 1 refuted: see each"),
        ((Kind.INCONCLUSIVE, Kind.DISPUTED), Kind.DISPUTED, "of 2 runs, 1 disputed and 1 inconclusive: see each"),
        ((Kind.HARNESS_FAULT, Kind.DISPUTED), Kind.HARNESS_FAULT, "of 2 runs, 1 harness fault and 1 disputed: see each"),
        ((Kind.UNSUPPORTED, Kind.REFUTED), Kind.UNSUPPORTED, "no reason is known"),
    ],
)
def test_the_gravest_kind_is_shown(kinds: tuple[Kind, ...], gravest: Kind, reason: str) -> None:
    [found] = repeats(made(*(altered(cell(), repeat=turn, kind=kind) for turn, kind in enumerate(kinds, start=1))))
    assert found.verdict == gravest
    assert found.reason.startswith(reason)


def test_repeats_are_of_one_cell() -> None:
    found = repeats(made(cell(), cell(protocol="h2", live=12), cell()))
    assert [len(one.runs) for one in found] == [2, 1]
    assert repeats(made(cell()), ["another"]) == []
    assert len(repeats(made(cell()), ["s"])) == 1


def test_nothing_measured_has_no_number() -> None:
    found = repeated(6, live=None, kind=Kind.UNSUPPORTED)
    assert (found.live, found.verdict) == ("–", Kind.UNSUPPORTED)
