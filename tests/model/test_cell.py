"""A cell's name: derived from the axes, fit for a URL, and never the same for two cells."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import msgspec
import pytest

from lab.model.axes import AXES, case_name
from lab.model.cell import Cell
from lab.model.claims import Answer, AtMost, Unlimited

CELL = Cell(scenario="limits", engine="chromium", protocol="h1", transport="sse", at_most=24)

OTHERS: dict[str, Any] = {
    "engine": "firefox", "protocol": "h2", "transport": "polling", "opening": "page", "at_most": 12, "streams": 10,
    "interval_ms": 100, "per_second": 2.5, "route": "nginx", "case": "another port",
}  # fmt: skip


def test_the_usual_values_of_an_axis_are_not_named() -> None:
    assert CELL.name == "limits.chromium.h1.sse.tabs.24.100.1"
    assert msgspec.structs.replace(CELL, repeat=2).name == "limits.chromium.h1.sse.tabs.24.100.2"
    assert msgspec.structs.replace(CELL, repeat=2).group == CELL.group


def test_every_other_value_of_every_axis_makes_another_name() -> None:
    assert OTHERS.keys() == {axis.field for axis in AXES}
    names = [msgspec.structs.replace(CELL, **{field: value}).name for field, value in OTHERS.items()]
    assert len({CELL.name, *names}) == len(AXES) + 1
    everything = msgspec.structs.replace(CELL, **OTHERS)
    assert everything.name == "limits.firefox.h2.polling.page.12.10.100ms.2.5ps.nginx.another-port.1"


@pytest.mark.parametrize("case", ["status 204", "別のポート", "it's; a/b?c&d=e", "é", "EventSource withCredentials"])
def test_a_name_is_fit_for_a_url(case: str) -> None:
    name = msgspec.structs.replace(CELL, case=case).name
    assert quote(name) == name


def test_cases_in_other_letters_have_names_of_their_own() -> None:
    """Both had a hyphen for a name: their events were mixed, and their repeats merged."""
    assert case_name("別のポート") != case_name("別のホスト")
    assert case_name("port 別") != case_name("port 他")


@pytest.mark.parametrize("axis", [axis for axis in AXES if axis.claimed_by], ids=lambda axis: axis.field)
def test_a_claim_is_restricted_by_an_axis(axis: Any) -> None:
    value = OTHERS[axis.field]
    only: dict[str, Any] = {axis.claimed_by: ("something", value)}
    claim = AtMost(limit=6, source="x", **only)
    assert not claim.fits(CELL)
    assert claim.fits(msgspec.structs.replace(CELL, **{axis.field: value}))
    assert AtMost(limit=6, source="x").fits(CELL)


def test_a_claim_in_words() -> None:
    claims = (AtMost(limit=6, source="x"), Unlimited(source="x"), Answer(answer="shared", source="x"))
    assert [str(one) for one in claims] == ["At most 6 live at once.", "No limit but the origin's own setting.", "Shared."]
