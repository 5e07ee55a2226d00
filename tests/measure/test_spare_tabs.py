"""Spare tabs: as many as are needed, and no browser tab more."""

from __future__ import annotations

import asyncio
from typing import cast

from lab.measure.settling import Settling
from lab.measure.spare_tabs import SpareTabs
from tests.measure.fakes import FakeProfile


class Recorder:
    """Takes the place of Settling."""

    def made_blank_in(self, blank_ms: float) -> None: ...


def test_the_one_that_is_ready_counts_when_more_are_made() -> None:
    """The one made ahead was forgotten when the rest were made: each held-back cell opened and closed one browser tab more,
    while others were timed."""

    async def check() -> None:
        profile = FakeProfile()
        spares = SpareTabs(profile, cast(Settling, Recorder()))
        spares.make(1)
        spares.make(5)
        for _ in range(5):
            await spares.next()
        await spares.close()
        assert profile.made == 5

    asyncio.run(check())


def test_without_a_spare_one_a_tab_is_made_at_once() -> None:
    async def check() -> None:
        profile = FakeProfile()
        spares = SpareTabs(profile, cast(Settling, Recorder()))
        await spares.next()
        await spares.next()
        await spares.close()
        assert profile.made == 2

    asyncio.run(check())
