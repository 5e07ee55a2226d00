"""The contract of a page script, held by the lab's own page in a real browser and by the fake that other tests use."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from lab.browser import Tab
from lab.browser.discover import driver_of, find
from lab.browser.engines import ENGINES
from lab.errors import HarnessFaultError
from lab.measure.origin import origin
from lab.measure.page_script import LabScript, PageScript
from tests.measure.fakes import FakeScript

Publish = Callable[[], Awaitable[None]]


@asynccontextmanager
async def lab_page(leaf: Path, folder: Path) -> AsyncIterator[tuple[PageScript, str, Publish]]:
    """The lab's own page in Chromium, without a client; where clients ask, and what publishes an update."""
    engine = ENGINES["chromium"]
    async with origin(leaf, folder) as running, driver_of(engine).session() as session:
        await running.begin("c", 100)
        browser, attempts = await find(session, engine)
        assert browser is not None, attempts
        profile = await browser.new_profile()
        tab = await profile.new_tab()
        await tab.open(running.url("h1-clear", "/tab?cell=c&transport=sse"))
        yield LabScript(tab), running.url("h1-clear", ""), running.publish
        await profile.close()
        await browser.close()


@asynccontextmanager
async def fake_page(_: Path, __: Path) -> AsyncIterator[tuple[PageScript, str, Publish]]:
    async def publish() -> None: ...

    yield FakeScript(), "http://fake", publish


@pytest.mark.parametrize("page", [lab_page, fake_page], ids=["the lab's page", "the fake"])
def test_the_contract(leaf: Path, tmp_path: Path, page: Any) -> None:
    async def check() -> None:
        async with page(leaf, tmp_path) as (script, base, publish):
            assert await script.report() == []
            await script.decided()
            await script.add(first=1, count=2, base=base)
            await script.caught_up()
            assert [(one.tab, one.document, one.closed, one.failed) for one in await script.report()] == [
                (1, True, False, None),
                (2, True, False, None),
            ]
            assert all(one.first_at is not None and one.received >= 1 for one in await script.report())
            await script.rest()
            await script.rouse()
            await script.listen()
            nexts = asyncio.create_task(script.next())
            await script.caught_up()
            await publish()
            await nexts
            assert [tab for tab, _ in await script.heard()] == [1, 2]
            assert all(len(note) == 4 for _, notes in await script.heard() for note in notes)
            await script.reached(1)
            assert await script.probe("beacon", f"{base}/probe?cell=c&tab=900001&kind=beacon") == ""
            await script.tidy()
            assert await script.failures() == 0
            await script.close(1)
            assert [one.tab for one in await script.report() if not one.closed] == [2]
            assert 2 in await script.trim()
            assert await script.clock() >= 0

    asyncio.run(check())


@pytest.mark.parametrize("answer", [None, "six", '"six"', '[{"tab": "one"}]', '{"tab": 1}', '[{"tab": 1}]'])
def test_an_answer_of_another_shape_is_the_labs_own_fault(answer: str | None) -> None:
    """Nothing checked what the page said: a slip in it was a KeyError, for which the scenario was blamed."""

    async def ask(_: str) -> str | None:
        return answer

    script = LabScript(cast(Tab, SimpleNamespace(ask=ask)))
    with pytest.raises(HarnessFaultError, match=r"the lab's page failed: lab\.report answered in an unexpected shape"):
        asyncio.run(script.report())
