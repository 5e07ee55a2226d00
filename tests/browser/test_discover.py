"""Where browsers are looked for, and what is said when there is none."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from lab.browser import discover as finding
from lab.browser.engines import ENGINES, Engine
from lab.browser.playwright.launch import Candidate, LaunchError, launch, playwright
from lab.errors import HarnessFaultError
from lab.run import certs
from tests.conftest import Served

EACH = pytest.mark.parametrize("engine", ENGINES.values(), ids=list(ENGINES))


@EACH
def test_the_order(engine: Engine, tmp_path: Path) -> None:
    for command in engine.commands:
        (tmp_path / command).write_text("#!/bin/sh\n")
        (tmp_path / command).chmod(0o755)
    found = finding.candidates(engine, {"PATH": str(tmp_path)})
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
    [only] = finding.candidates(engine, {engine.variable: named, "PATH": "/usr/bin"})
    assert only.explicit
    assert (only.endpoint == named) == named.startswith("ws")
    assert finding.mend(only) == f"correct or unset {engine.variable}"


@EACH
def test_a_browser_that_is_not_there_has_a_reason_in_one_line(engine: Engine) -> None:
    async def check() -> None:
        async with playwright() as running:
            with pytest.raises(LaunchError) as error:
                await launch(running, Candidate(engine, "none", path="/no/such/browser", channel=engine.command_channel))
            assert "\n" not in str(error.value)
            assert "/no/such/browser" in str(error.value)

    asyncio.run(check())


@EACH
def test_a_real_one_is_found_opens_the_runs_door_and_ends(engine: Engine, leaf: Path, origin: Served) -> None:
    async def check() -> None:
        async with playwright() as running:
            browser, tried = await finding.find(running, engine, spki=certs.spki_hash(leaf))
            assert browser is not None, tried
            assert tried[-1].version == browser.version
            assert all(one.reason for one in tried[:-1])
            profile = await browser.new_profile()
            tab = await profile.new_tab()
            await tab.open(f"https://127.0.0.1:{origin.port('h2')}/tab?transport=sse&tab=1")
            assert await tab.ask("lab.decided().then(() => lab.report()[0].tab)") == 1
            await profile.close()
            await browser.close()
            assert not browser.alive

    asyncio.run(check())


def test_chromium_trusts_this_runs_leaf_and_no_other(leaf: Path, origin: Served) -> None:
    async def check() -> None:
        with certs.minted("127.0.0.1") as other:
            async with playwright() as running:
                browser, tried = await finding.find(running, ENGINES["chromium"], spki=certs.spki_hash(other))
                assert browser is not None, tried
                tab = await (await browser.new_profile()).new_tab()
                with pytest.raises(HarnessFaultError, match="ERR_CERT_AUTHORITY_INVALID"):
                    await tab.open(f"https://127.0.0.1:{origin.port('h2')}/")
                await browser.close()

    asyncio.run(check())
