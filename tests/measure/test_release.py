"""How many places are freed when nobody comes."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any, cast

import pytest

from lab.measure import release
from lab.measure.context import CellContext
from lab.measure.release import MORE_PLACES, Ending
from lab.model.browsers import BrowserLog, HeldRequest
from lab.model.cell import Cell
from lab.model.verdict import Limit

HELD = BrowserLog(held=(HeldRequest("/", 9, Limit.SOCKETS, 1.0),))
BRIEF = BrowserLog(missing="only a brief log")


def freed(monkeypatch: pytest.MonkeyPatch, opening: str, log: BrowserLog, comes_at: int) -> list[Ending]:
    """The places that are freed if somebody comes after so many."""
    ended: list[Ending] = []

    async def end_one(*_: Any, how: str, waiting: tuple[int, ...], **__: Any) -> Ending:
        ended.append(Ending(len(ended), how, 0.0, waiting))
        return ended[-1]

    async def nothing(*_: Any) -> None: ...

    async def until(condition: Any) -> bool:
        return bool(condition())

    async def account(_: str) -> BrowserLog:
        return log

    monkeypatch.setattr(release, "end_one", end_one)
    monkeypatch.setattr(release, "clients_holding", lambda _: [1, 2])
    monkeypatch.setattr(release, "still_waiting", lambda *_: (8, 9))
    monkeypatch.setattr(release, "documents_since", lambda *_: [])
    monkeypatch.setattr(release, "came", lambda *_: len(ended) >= comes_at)
    monkeypatch.setattr(release, "release_of", lambda _, one, __: one)
    cell = Cell(scenario="limits", engine="firefox", protocol="h1", transport="sse", opening=opening, at_most=20)
    settling = SimpleNamespace(quietly=nothing, until=until, control=SimpleNamespace(begin=nothing))
    route = SimpleNamespace(proxy=None)
    browser = SimpleNamespace(account=account)
    context = SimpleNamespace(cell=cell, settling=settling, move=lambda: None, browser=browser, route=route)
    opener = SimpleNamespace(ends=("page", "origin"), pages=[])
    told = asyncio.run(release.releases(cast(CellContext, context), [cast(Any, opener)], []))
    return cast(list[Ending], list(told))


def test_each_way_once_while_somebody_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    assert [one.how for one in freed(monkeypatch, "hosts", BRIEF, 1)] == ["page", "origin"]
    assert [one.how for one in freed(monkeypatch, "page", BRIEF, 1)] == ["page", "origin"]


def test_of_a_soft_limit_several_until_somebody_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Firefox held 903 sockets once where it lets in 899, and nobody came when it held 902."""
    assert len(freed(monkeypatch, "hosts", BRIEF, 5)) == 6, "and then the other way too"
    assert len(freed(monkeypatch, "hosts", BRIEF, 99)) == MORE_PLACES


def test_of_any_other_limit_only_one(monkeypatch: pytest.MonkeyPatch) -> None:
    assert len(freed(monkeypatch, "page", BRIEF, 99)) == 1


def test_where_the_log_knows_who_waits_nothing_is_left_to_show(monkeypatch: pytest.MonkeyPatch) -> None:
    assert [one.held for one in freed(monkeypatch, "hosts", HELD, 99)] == [HELD.held]
