"""Visits to somebody else's pages (lab.browser.Visit), in each engine with a real browser, and in the fake."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack
from typing import Any

import pytest

from lab.browser import Browser, PageRequest, Visit, VisitedTab, VisitOptions, fake
from lab.browser.discover import driver_of, find
from lab.browser.engines import ENGINES, Engine
from lab.browser.fake import FakeBrowser, FakePage
from lab.errors import HarnessFaultError
from tests.browser.conftest import Run
from tests.probe.serving import Answer, Asked, Server, page, serving, stream, ticking

SCRIPT = "globalThis.before = 1; globalThis.seen = typeof later"
asked: list[Asked] = []


async def app(request: Asked) -> Answer:
    asked.append(request)
    match request.path:
        case "/events":
            return stream(ticking(), access_control_allow_origin="*")
        case "/never":
            return Answer(never=True)
        case "/other":
            return page("<!doctype html><title>other</title>")
        case "/error":
            return Answer(503, {"content-type": "text/html"}, b"<!doctype html>busy")
    other = f"http://127.0.0.1:{ports[1]}/events"
    return page(
        f"<!doctype html><title>app</title><script>var later = before + 1; document.cookie = 'a=b';"
        f"new EventSource('/events'); fetch('/never'); new EventSource('{other}')</script>"
        "<iframe src='/other'></iframe>"
    )


ports: list[int] = []


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with serving(app, ports=2) as running:
        ports[:] = running.ports
        yield running


@pytest.fixture(scope="module", params=ENGINES.values(), ids=lambda row: row.name)
def browser(run: Run, request: pytest.FixtureRequest) -> Iterator[Browser]:
    engine: Engine = request.param
    stack = AsyncExitStack()
    session = run(stack.enter_async_context(driver_of(engine).session()))
    found, attempts = run(find(session, engine))
    assert found is not None, attempts
    yield found
    run(stack.aclose())


async def until(tab: VisitedTab, done: Callable[[], bool]) -> None:
    while not done():
        await tab.next_move.wait()


def of(tab: VisitedTab, path: str) -> list[PageRequest]:
    return [one for one in tab.requests if one.url.partition("?")[0].endswith(path)]


def test_a_visit(run: Run, browser: Browser, server: Server) -> None:
    """One visit, all that the contract promises: each step needs the one before it."""
    asked.clear()
    own = server.url("").rstrip("/")
    run(visited(browser, server, own))
    keyed = {(one.port, one.path): one.headers.get("x-key") for one in asked}
    assert keyed[ports[0], "/"] == keyed[ports[0], "/events"] == "s3cret"
    assert keyed[ports[1], "/events"] is None


async def visited(browser: Browser, server: Server, own: str) -> None:
    visit: Visit = await browser.new_visit(VisitOptions(own=own, fields={"X-Key": "s3cret"}, script=SCRIPT))
    tab = await visit.new_tab()
    await tab.open(server.url("/?first"))
    await until(tab, lambda: len([one for one in of(tab, "/events") if one.answered_ms]) == 2 and bool(of(tab, "/never")))
    [document] = [one for one in tab.requests if one.main]
    assert (document.status, document.method) == (200, "GET")
    assert all(one.content_type == "text/event-stream" and one.ended_ms is None for one in of(tab, "/events"))
    assert [one.answered_ms for one in of(tab, "/never")] == [None]
    assert await tab.ask("later") == 2
    assert await tab.ask("seen") == "undefined"  # The script ran before the page's own.
    assert await tab.ask_frames("before") == [1, 1]
    assert await visit.cookies(server.url("/")) == {"a": "b"}

    async def acts(page: Any) -> None:
        assert await page.title() == "app"
        raise KeyError("mine")

    with pytest.raises(KeyError):
        await tab.act(acts)
    await tab.open(server.url("/other"))  # The requests of the page that it has left are no longer there.
    assert not of(tab, "/events")
    assert not of(tab, "/never")
    await tab.open(server.url("/error"))
    assert [one.status for one in tab.requests if one.main] == [503]
    with pytest.raises(HarnessFaultError):
        await tab.open("http://127.0.0.1:1/")
    await visit.close()


def test_the_fake_has_it_too() -> None:
    async def whole() -> None:
        browser = FakeBrowser(pages={"/": FakePage({"1 + 1": 2})}, engine=fake.ENGINE.name)
        visit = await browser.new_visit(VisitOptions())
        tab = await visit.new_tab()
        moved = tab.next_move
        await tab.open("http://127.0.0.1/")
        assert moved.is_set()
        assert [one.status for one in tab.requests] == [200]
        assert await tab.ask_frames("1 + 1") == [2]
        assert await visit.cookies("http://127.0.0.1/") == {}
        await visit.close()

    asyncio.run(whole())
