"""docs/proxies.md is made from the kept run, never typed."""

from __future__ import annotations

import msgspec
import pytest

from lab.model.verdict import Kind
from lab.proxies.known import PROXIES
from lab.results import file
from lab.results.file import Results
from tests.tools import behind_proxies


@pytest.fixture(scope="module")
def kept() -> Results:
    return file.read(behind_proxies.KEPT)


def test_the_page_is_made_of_the_kept_run(kept: Results) -> None:
    page = behind_proxies.PAGE.read_text(encoding="utf-8")
    assert page == behind_proxies.page(kept), "run: python -m tests.tools.behind_proxies"
    assert behind_proxies.KEPT.stat().st_size < behind_proxies.MOST_BYTES


def test_every_proxy_was_measured_three_times(kept: Results) -> None:
    assert {one.proxy.name for one in kept.cells if one.proxy} == {proxy.TITLE for proxy in PROXIES}
    often: dict[str, int] = {}
    for one in kept.cells:
        often[one.cell.group] = often.get(one.cell.group, 0) + 1
    assert set(often.values()) == {3}


def test_what_repeats_do_not_agree_on_is_said(kept: Results) -> None:
    odd = [one for one in kept.cells if one.cell.scenario == "buffering" and one.cell.route == "caddy" and one.cell.repeat == 2]
    doubted = [
        msgspec.structs.replace(one, verdict=msgspec.structs.replace(one.verdict, kind=Kind.DISPUTED, answer="in batches"))
        if one in odd
        else one
        for one in kept.cells
    ]
    page = behind_proxies.page(msgspec.structs.replace(kept, cells=doubted))
    assert f"{behind_proxies.DIFFERS}: at once / in batches" in page
