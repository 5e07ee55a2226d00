"""Repeats of a cell: a number when they agree, the spread and the likely reason when they don't."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from lab.model.verdict import Kind, Limit
from lab.results.file import CellResult
from lab.results.repeats import Group, groups
from tests.results.test_file import cell, made


def repeated(*lives: int, **changes: Any) -> Group:
    runs = [msgspec.structs.replace(cell(live=live), **{"repeat": turn, **changes}) for turn, live in enumerate(lives, start=1)]
    [group] = groups(made(*runs))
    return group


def test_runs_that_agree() -> None:
    group = repeated(6, 6, 6)
    assert (group.live, group.verdict, group.reason, group.agree) == ("6", Kind.CONFIRMED, "", True)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"cause": Limit.SOCKETS.value}, "soft one"),
        ({"load": 30.0}, "the machine was busy: load 30.0 on 2 processors"),
        ({}, "no reason is known"),
    ],
)
def test_runs_that_differ(changes: dict[str, Any], reason: str) -> None:
    group = repeated(6, 9, 7, **changes)
    assert (group.live, group.verdict, group.agree) == ("6 to 9", Kind.REFUTED, False)
    assert reason in group.reason


def test_a_disputed_run_is_the_one_to_look_at() -> None:
    runs: list[CellResult] = [cell(), msgspec.structs.replace(cell(), repeat=2, verdict="disputed"), cell()]
    [group] = groups(made(*runs))
    assert (group.verdict, group.shown) == (Kind.DISPUTED, runs[1])
    assert group.reason == "of 3 runs, 1 disputed and 2 confirmed: see each"


def test_groups_are_of_one_cell() -> None:
    found = groups(made(cell(), cell(protocol="h2", live=12), cell()))
    assert [len(one.runs) for one in found] == [2, 1]
    assert groups(made(cell()), ["another"]) == []


def test_nothing_measured_has_no_number() -> None:
    group = repeated(6, live=None, verdict="unsupported")
    assert (group.live, group.verdict) == ("–", Kind.UNSUPPORTED)
