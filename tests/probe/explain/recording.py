"""Real logs: a browser opens tabs of the lab's page until some wait, one tab is closed, and a waiting one comes in its place.

`python -m tests.probe.explain.recording` makes the logs in recorded/ again, cut down to the lines that are read.
"""

from __future__ import annotations

import asyncio
import gzip
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import msgspec

from lab.browser import Browser, Profile, Tab
from lab.browser.playwright.tabs import PlaywrightProfile
from lab.errors import LabError
from lab.measure.origin import Origin, origin
from lab.probe.explain import mozlog
from lab.probe.explain.netlog import Reader
from lab.probe.explain.netlog_events import Constants
from lab.run import certs
from tests.tools.browsers import launched

FOLDER = Path(__file__).parent / "recorded"
STREAMS = 3
WAITING = 3
SECRET = "s3cret-t0ken"  # In each page's query and in a cookie.
LOOK_S = 0.1  # From one look at the log to the next.
UNTOLD_S = 2.0  # A tab that has not opened by then waits, where the live log can't tell.


class Recorded(msgspec.Struct, frozen=True):
    """A log (gzipped), how many tabs were open when others waited, and how many waited."""

    log: Path
    live: int
    waiting: int


async def record(engine: str, protocol: str, leaf: Path, folder: Path) -> Recorded:
    """Make the log of one browser that has been closed."""
    async with (
        origin(leaf, folder, streams_per_connection=STREAMS) as running,
        launched(engine, leaf, folder, keep_log=True) as browser,
    ):
        profile = await browser.new_profile()
        assert isinstance(profile, PlaywrightProfile)
        cookie = {"name": "session", "value": SECRET, "url": running.url(protocol, "/")}
        await profile._context.add_cookies([cookie])  # type: ignore[list-item]
        live = await fill(browser, profile, running, protocol)
        written = browser.network_log
    assert written is not None
    log, *_ = written.end(fault=False)
    return Recorded(folder / log, live, WAITING)


async def fill(browser: Browser, profile: Profile, running: Origin, protocol: str) -> int:
    """Open tabs until WAITING of them wait, and close the first; then everything. Returns how many were open before."""
    tabs: list[Tab] = []
    opening: list[asyncio.Task[None]] = []
    while sum(not one.done() for one in opening) < WAITING:
        tabs.append(await profile.new_tab())
        url = running.url(protocol, f"/tab?cell=recorded&transport=sse&tab={len(tabs)}&token={SECRET}")
        opening.append(asyncio.create_task(tabs[-1].open(url)))
        await settled(browser, opening[-1], sum(not one.done() for one in opening))
    live = sum(one.done() for one in opening)
    await tabs[0].close()
    waiting = [one for one in opening if not one.done()]
    await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    await profile.close()
    for one in opening:
        with suppress(LabError):
            await one
    return live


async def settled(browser: Browser, opening: asyncio.Task[None], waiting: int) -> None:
    """Wait until a tab has opened, or is among those that the browser's log says are held back."""
    for _ in range(int(UNTOLD_S / LOOK_S)):
        await asyncio.wait({opening}, timeout=LOOK_S)
        account = await browser.account("recorded")
        if opening.done() or (account and not account.missing and len(account.held) >= waiting):
            return


def smaller_netlog(log: Path) -> bytes:
    """The events that are read, and the constants that they need."""
    everything = json.loads(gzip.decompress(log.read_bytes()))
    constants = everything["constants"]
    known = Constants(constants["logEventTypes"], constants["logEventPhase"], {}, "", None)
    wanted = Reader(known).actions
    kept = {name: constants[name] for name in ("logEventPhase", "loadState", "logFormatVersion", "timeTickOffset")}
    kept["clientInfo"] = {name: constants["clientInfo"][name] for name in ("name", "version")}
    kept["logEventTypes"] = {name: number for name, number in constants["logEventTypes"].items() if number in wanted}
    events = everything["events"]
    chosen = [one for one in events if one["type"] in wanted and told(one)]
    chosen = [events[0], *chosen, events[-1]]
    lines = ",\n".join(json.dumps(one, separators=(",", ":")) for one in chosen)
    return (
        f'{{"constants":{json.dumps(kept, separators=(",", ":"))},\n"events": [\n{lines}],\n"polledData": [{{}}]}}\n'.encode()
    )


def told(event: dict[str, object]) -> bool:
    """Whether an event says something: most data frames and sockets are only noise."""
    params = event.get("params") or {}
    assert isinstance(params, dict)
    if "headers" in params and isinstance(params["headers"], list):
        begins = (":", "content-type", "accept:", "host", "cookie", "http/")
        params["headers"] = [one for one in params["headers"] if one.lower().startswith(begins)]
    return "stream_id" not in params or "headers" in params or "size" not in params or params.get("fin") is True


def smaller_mozlog(log: Path) -> bytes:
    """The first line, the lines that are read, the cookies, and the last line."""
    lines = gzip.decompress(log.read_bytes()).splitlines(keepends=True)
    kept = [line for line in lines[1:-1] if (mozlog.TELLING.search(line) or SECRET.encode() in line) and telling(line)]
    return b"".join([lines[0], *kept, lines[-1]])


def telling(line: bytes) -> bool:
    return b"firefox.settings" not in line


LOGS = {
    "chromium-h1.netlog.json": ("chromium", "h1", ""),
    "chromium-h2.netlog.json": ("chromium", "h2", ""),
    "chromium-pool-h1.netlog.json": ("chromium", "h1", "--enable-features=HappyEyeballsV3"),
    "firefox-h1.moz_log": ("firefox", "h1", ""),
    "firefox-h2.moz_log": ("firefox", "h2", ""),
}


@contextmanager
def switched(engine: str, switch: str, folder: Path) -> Iterator[None]:
    """Inside the block, the engine's browser starts with one more switch."""
    variable = f"SEVENTH_TAB_{engine.upper()}"
    if not switch:
        yield
        return
    wrapper = folder / "browser"
    wrapper.write_text(f'#!/bin/sh\nexec {shutil.which(engine)} "$@" {switch}\n')
    wrapper.chmod(0o755)
    os.environ[variable] = str(wrapper)
    try:
        yield
    finally:
        del os.environ[variable]


def main(names: list[str]) -> None:
    for name in names or LOGS:
        engine, protocol, switch = LOGS[name]
        with certs.minted(*certs.NAMES) as leaf, tempfile.TemporaryDirectory(prefix="st-") as scratch:
            with switched(engine, switch, Path(scratch)):
                found = asyncio.run(record(engine, protocol, leaf, Path(scratch)))
            smaller = smaller_netlog if name.endswith(".json") else smaller_mozlog
            (FOLDER / name).write_bytes(smaller(found.log))
        sys.stdout.write(f"{name}: {found.live} live, {found.waiting} waiting\n")


if __name__ == "__main__":
    main(sys.argv[1:])
