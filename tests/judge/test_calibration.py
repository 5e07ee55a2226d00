"""Calibrations before the judge: the number that the control client held is the cell's bound, whenever that is judged."""

from __future__ import annotations

from typing import Any

import pytest

from lab.judge import judge
from lab.model.cell import CONTROL_CLIENT
from lab.model.claims import AtMost
from lab.model.observation import Observation
from lab.model.verdict import Doubt, Kind
from tests.judge.made import said, seen


def held(number: int, live: int, protocol: str = "h1", **changes: Any) -> Observation:
    """The control client holds that number, and the lab sees so many live."""
    claim = AtMost(limit=number, source="the control client")
    return seen(number, live, protocol=protocol, claim=claim, engine=CONTROL_CLIENT, opening="page", **changes)


@pytest.mark.parametrize(
    ("protocol", "why"),
    [("h1", "7 streams on 7 connections"), ("h2", "7 streams on 1 connection"), ("h1-clear", "7 streams on 7")],
)
def test_the_number_that_is_known(protocol: str, why: str) -> None:
    verdict = judge(held(7, 7, protocol))
    assert (verdict.kind, verdict.live) == (Kind.CONFIRMED, 7)
    assert verdict.why.startswith(f"The control client held {why}")
    assert said(verdict, "pages") == "7 of 7 received updates when asked."


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"live": 6}, "the lab found 6 on 6: don't trust this run. "),
        ({"live": 7, "protocol": "h2", "opened": 8}, "the lab found 7 on 1"),
        ({"live": 7, "faults": ("not answered",)}, "the lab found nothing: don't trust this run. not answered"),
        ({"live": 7, "unmet": "no"}, "the lab found nothing"),
        ({"live": 7, "missing": "no"}, "the lab found nothing"),
    ],
)
def test_any_other_number_is_a_fault(changes: dict[str, Any], why: str) -> None:
    number = changes.pop("opened", 7)
    verdict = judge(held(number, **changes))
    assert (verdict.kind, verdict.doubt) == (Kind.HARNESS_FAULT, None)
    assert why in verdict.why


def test_a_machine_too_busy_to_tell_is_no_fault() -> None:
    verdict = judge(held(7, 7, too_busy="the machine was too busy"))
    assert (verdict.kind, verdict.doubt, verdict.why) == (
        Kind.INCONCLUSIVE,
        Doubt.BUSY_MACHINE,
        "the machine was too busy",
    )


def test_a_doubt_does_not_outlive_the_check() -> None:
    assert judge(held(7, 7, unmet="no")).doubt is not Doubt.PRECONDITION
