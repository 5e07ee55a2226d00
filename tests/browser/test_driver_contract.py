"""The contract of lab/browser/__init__.py, held by every driver: the fake one, and each engine's own with a real browser."""

from __future__ import annotations

import asyncio
import functools
import os
import threading
from collections.abc import Iterator
from contextlib import AsyncExitStack
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import psutil
import pytest

from lab.browser import Browser, Candidate, LaunchError, LaunchOptions, PageScriptError, Profile, Session, Tab, fake
from lab.browser.discover import driver_of, find
from lab.browser.engines import ENGINES, Engine
from lab.browser.fake import FakePage, FakeSession
from lab.errors import HarnessFaultError
from tests.browser.conftest import PATIENCE_S, Run

ROWS = (fake.ENGINE, *ENGINES.values())
VALUE = {"texts": ["é", "\u2028", ""], "numbers": [1, 2.5, -3], "others": [True, None], "deep": {"a": {"b": []}}}

SCRIPT = """<!doctype html><title>contract</title><script>
const loaded = true;
const value = {texts: ["é", "\\u2028", ""], numbers: [1, 2.5, -3], others: [true, null], deep: {a: {b: []}}};
const later = () => new Promise(resolve => setTimeout(() => resolve("later"), 20));
const never = new Promise(() => {});
const rejects = () => Promise.reject(new RangeError("too far"));
</script>"""


class Page(BaseHTTPRequestHandler):
    """Serves the page to each request but /hang, which it answers when its gate is opened."""

    gate = threading.Event()

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:  # http.server's own name
        if self.path.startswith("/hang"):
            self.gate.wait(PATIENCE_S)
        body = SCRIPT.encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Page) as serving:
        thread = threading.Thread(target=serving.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{serving.server_port}"
        Page.gate.set()
        serving.shutdown()
        thread.join()


@pytest.fixture(scope="module", params=ROWS, ids=lambda row: row.name)
def engine(request: pytest.FixtureRequest) -> Engine:
    row = request.param
    assert isinstance(row, Engine)
    return row


@pytest.fixture(scope="module")
def started(engine: Engine) -> list[int]:
    return []


@pytest.fixture(scope="module")
def session(run: Run, engine: Engine, started: list[int]) -> Iterator[Session]:
    stack = AsyncExitStack()
    session = run(stack.enter_async_context(driver_of(engine).session({**os.environ}, started.append)))
    if isinstance(session, FakeSession):
        answers = {
            "loaded": True,
            "value": VALUE,
            "1 + 1": 2,
            "undefined": None,
            "never": asyncio.Event().wait,
            "later()": functools.partial(asyncio.sleep, 0.02, "later"),
            "rejects()": RangeError("too far"),
            "value.no.more": TypeError("value.no is undefined"),
            "value.no()": TypeError("value.no is not a function"),
            "no (expression": SyntaxError("missing )"),
        }
        session.pages |= {"/": FakePage(answers), "/hang": FakePage(answers, asyncio.Event())}
    yield session
    run(stack.aclose())
    assert not [pid for pid in started if psutil.pid_exists(pid)]


class RangeError(Exception):
    """JavaScript's."""


async def start(session: Session, engine: Engine) -> Browser:
    browser, attempts = await find(session, engine)
    assert browser is not None, attempts
    assert attempts[-1].version == browser.version
    assert all(one.reason and one.fix for one in attempts[:-1])
    return browser


@pytest.fixture(scope="module")
def browser(run: Run, session: Session, engine: Engine) -> Iterator[Browser]:
    browser = run(start(session, engine))
    yield browser
    run(browser.close())


@pytest.fixture(scope="module")
def profile(run: Run, browser: Browser) -> Iterator[Profile]:
    profile = run(browser.new_profile())
    yield profile
    run(profile.close())


@pytest.fixture(scope="module")
def tab(run: Run, profile: Profile, server: str) -> Iterator[Tab]:
    """One that has the page, for all who only ask."""
    tab = run(profile.new_tab())
    run(tab.open(f"{server}/"))
    yield tab
    run(tab.close())


def test_what_a_browser_says_of_itself(browser: Browser, engine: Engine, started: list[int]) -> None:
    assert (browser.engine, browser.alive) == (engine.name, True)
    assert browser.version
    assert browser.what
    assert browser.network_log is None
    assert not browser.brief
    assert browser.roots is None or all(psutil.pid_exists(pid) for pid in browser.roots)
    assert all(psutil.pid_exists(pid) for pid in started)


def test_when_a_tab_is_open_its_scripts_have_run(run: Run, tab: Tab) -> None:
    assert run(tab.ask("loaded")) is True


def test_what_json_can_say_comes_back(run: Run, tab: Tab) -> None:
    assert run(tab.ask("value")) == VALUE
    assert run(tab.ask("1 + 1")) == 2
    assert run(tab.ask("undefined")) is None


def test_a_promise_is_awaited(run: Run, tab: Tab) -> None:
    assert run(tab.ask("later()")) == "later"


@pytest.mark.parametrize(
    ("expression", "complaint"),
    [
        ("no_such_thing", "ReferenceError: "),
        ("value.no.more", "TypeError: "),
        ("value.no()", "TypeError: .*value.no is not a function"),
        ("rejects()", "RangeError: too far"),
        ("no (expression", "SyntaxError: "),
    ],
)
def test_an_error_of_the_page_is_not_blamed_on_the_browser(run: Run, tab: Tab, expression: str, complaint: str) -> None:
    with pytest.raises(PageScriptError, match=f"^the lab's page failed: {complaint}") as error:
        run(tab.ask(expression))
    assert "\n" not in str(error.value)
    assert "browser failed" not in str(error.value)
    assert run(tab.ask("loaded")) is True


def test_what_waits_does_not_hold_up_anything_else(run: Run, profile: Profile, tab: Tab) -> None:
    """Neither in the same tab, nor in another one."""

    async def check() -> None:
        waiting = asyncio.ensure_future(tab.ask("never"))
        await asyncio.sleep(0.05)
        other = await profile.new_tab()
        assert await tab.ask("later()") == "later"
        assert not waiting.done()
        waiting.cancel()
        await asyncio.wait({waiting})
        assert await tab.ask("loaded") is True
        await other.close()

    run(check())


def test_a_picture_even_of_a_tab_whose_navigation_hangs(run: Run, profile: Profile, server: str) -> None:
    async def check() -> None:
        tab = await profile.new_tab()
        opening = asyncio.ensure_future(tab.open(f"{server}/hang"))
        await asyncio.sleep(0.1)
        picture = await tab.screenshot()
        begins = {"image/jpeg": b"\xff\xd8\xff", "image/png": b"\x89PNG\r\n\x1a\n"}[picture.media_type]
        assert picture.data.startswith(begins)
        assert not opening.done()
        await tab.close()
        opening.cancel()
        await asyncio.wait({opening})
        if not opening.cancelled():
            assert isinstance(opening.exception(), HarnessFaultError)

    run(check())


def test_a_navigation_that_fails(run: Run, profile: Profile) -> None:
    async def check() -> None:
        tab = await profile.new_tab()
        with pytest.raises(HarnessFaultError, match=r"^the browser failed: .*: run the cell again") as error:
            await tab.open("http://127.0.0.1:9/no/such/page")  # Nothing listens there.
        assert not isinstance(error.value, PageScriptError)
        await tab.close()

    run(check())


def test_a_tab_that_was_closed(run: Run, profile: Profile) -> None:
    async def check() -> None:
        tab = await profile.new_tab()
        await tab.close()
        with pytest.raises(HarnessFaultError, match=r"^the browser failed: "):
            await tab.ask("1 + 1")

    run(check())


def test_a_log_that_is_not_kept_says_nothing(run: Run, browser: Browser) -> None:
    assert run(browser.account("a.cell")) is None


def test_a_browser_that_does_not_start_has_a_reason_and_a_fix(run: Run, session: Session, engine: Engine) -> None:
    driver = driver_of(engine)
    [named] = driver.candidates(engine, {engine.variable: fake.ABSENT, "PATH": os.environ["PATH"]})
    assert named.explicit
    assert driver.fix(named) == f"correct or unset {engine.variable}"
    with pytest.raises(LaunchError) as error:
        run(session.launch(named, LaunchOptions()))
    assert "\n" not in str(error.value)
    assert fake.ABSENT in str(error.value)


def test_every_candidate_has_a_name_and_a_fix(engine: Engine) -> None:
    driver = driver_of(engine)
    found: list[Candidate] = list(driver.candidates(engine, os.environ))
    assert found
    assert all(one.what and driver.fix(one) and one.engine == engine and not one.explicit for one in found)
    assert all(command for way in driver.installers(engine) for command in way)


def test_a_browser_that_has_ended_can_be_asked_for_nothing(run: Run, session: Session, engine: Engine) -> None:
    """Last: it takes a browser of its own. What waited for it fails, and its processes are gone."""

    async def check() -> None:
        browser = await start(session, engine)
        roots = browser.roots or ()
        tab = await (await browser.new_profile()).new_tab()
        lost, waiting = asyncio.ensure_future(browser.lost()), asyncio.ensure_future(tab.ask("new Promise(() => {})"))
        await asyncio.sleep(0.05)
        await browser.close()
        assert not browser.alive
        for one in (lost, waiting):
            with pytest.raises(HarnessFaultError):
                await one
        with pytest.raises(HarnessFaultError, match=r"^the browser failed: "):
            await browser.new_profile()
        await browser.close()
        assert not psutil.wait_procs([psutil.Process(pid) for pid in roots if psutil.pid_exists(pid)], timeout=5)[1]

    run(check())
