"""Where browsers are looked for, and whether a run's certificate is what they trust."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab.browser import LaunchOptions, Session
from lab.browser.discover import driver_of, find
from lab.browser.engines import ENGINES, Engine
from lab.errors import HarnessFaultError
from lab.run import certs
from tests.browser.conftest import Run
from tests.conftest import Served

EACH = pytest.mark.parametrize("engine", ENGINES.values(), ids=list(ENGINES))


@EACH
def test_the_order(engine: Engine, tmp_path: Path) -> None:
    for command in engine.commands:
        (tmp_path / command).write_text("#!/bin/sh\n")
        (tmp_path / command).chmod(0o755)
    found = driver_of(engine).candidates(engine, {"PATH": str(tmp_path)})
    channels = [f"channel {channel}" for channel in engine.channels]
    assert [one.what for one in found] == [
        "Playwright's own",
        *channels,
        *(str(tmp_path / command) for command in engine.commands),
    ]
    assert all(one.channel == engine.command_channel for one in found if one.path)


@EACH
@pytest.mark.parametrize("named", ["/some/browser", "ws://127.0.0.1:1/x", "wss://host/x"])
def test_what_is_named_is_used_or_fails(engine: Engine, named: str) -> None:
    driver = driver_of(engine)
    [only] = driver.candidates(engine, {engine.variable: named, "PATH": "/usr/bin"})
    assert only.explicit
    assert (only.endpoint == named) == named.startswith("ws")
    assert driver.fix(only) == f"correct or unset {engine.variable}"


@EACH
def test_a_browser_opens_the_runs_door(
    run: Run, playwright_session: Session, engine: Engine, leaf: Path, origin: Served
) -> None:
    async def check() -> None:
        browser, attempts = await find(playwright_session, engine, LaunchOptions(leaf=certs.spki_hash(leaf)))
        assert browser is not None, attempts
        tab = await (await browser.new_profile()).new_tab()
        await tab.open(f"https://127.0.0.1:{origin.port('h2')}/tab?transport=sse&tab=1")
        assert await tab.ask("lab.decided().then(() => lab.report()[0].tab)") == 1
        await browser.close()

    run(check())


@pytest.mark.parametrize("engine", [one for one in ENGINES.values() if one.leaf_argument], ids=lambda engine: engine.name)
def test_an_engine_that_can_trusts_this_runs_leaf_and_no_other(
    run: Run, playwright_session: Session, engine: Engine, origin: Served
) -> None:
    async def check() -> None:
        with certs.minted("127.0.0.1") as other:
            browser, attempts = await find(playwright_session, engine, LaunchOptions(leaf=certs.spki_hash(other)))
            assert browser is not None, attempts
            tab = await (await browser.new_profile()).new_tab()
            with pytest.raises(HarnessFaultError, match="ERR_CERT_AUTHORITY_INVALID"):
                await tab.open(f"https://127.0.0.1:{origin.port('h2')}/")
            await browser.close()

    run(check())
