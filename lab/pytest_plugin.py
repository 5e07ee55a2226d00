"""The pytest plugin: a fixture `seventh_tab`, whose `assert_live(url, tabs=20)` fails if not so many tabs stay live.

Rules.
1. The probe runs in a process of its own: other plugins leave event loops running in this one.
2. A probe fails the test only if fewer tabs are proven to stay live. Where that could not be told, the test is an error.
3. Without a browser the test is skipped, with the fix; it fails in CI (CI=true), or with SEVENTH_TAB_REQUIRED=1.
4. One probe at a time on a machine, also under pytest-xdist: two would disturb each other.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

TABS = 20
FEWER_LIVE, NO_BROWSER = 1, 3
"""Exit codes of `seventh-tab probe` that are no errors (docs/commands.md)."""

TIDY_S = 20.0
"""How long a probe that is interrupted may take to tidy up."""

REQUIRED = "SEVENTH_TAB_REQUIRED"
YES = ("1", "true", "yes")


class SeventhTabError(Exception):
    """It could not be told how many tabs stay live."""


class SeventhTab:
    """What the fixture gives to a test. `reports` is the folder for reports, `program` the command that probes."""

    def __init__(self, reports: Path) -> None:
        self.reports = reports
        self.program = (sys.executable, "-P", "-m", "lab")  # -P: a folder `lab` of the user's is another one.
        self.untold: str | None = None

    def assert_live(
        self, url: str, tabs: int = TABS, engine: str = "chromium", *, options: Sequence[str] = ()
    ) -> dict[str, Any]:
        """Open so many tabs of a page in a browser; fail the test if fewer stay live. Returns the JSON of the probe.

        `options` are further options of `seventh-tab probe`: `--insecure`, `--storage-state FILE`, `--yes` for another host."""
        __tracebackhide__ = True
        command = [*self.program, "probe", url, "--engine", engine, "--tabs", str(tabs), "--expect-tabs", str(tabs), "--json"]
        command += ["--out", str(self.reports), *options]
        with one_at_a_time():
            code, told, complaints = completed(command)
        if code == NO_BROWSER:
            self._without_browser(last_line(complaints))
        if code not in (0, FEWER_LIVE) or not told.strip():
            self._could_not_tell(last_line(complaints) or f"the probe ended with code {code}", told)
        found: dict[str, Any] = json.loads(told)
        if code == FEWER_LIVE:
            pytest.fail("\n".join(four_lines(found, tabs)), pytrace=False)
        return found

    def _without_browser(self, why: str) -> None:
        __tracebackhide__ = True
        required = os.environ.get(REQUIRED, "").lower() in YES or os.environ.get("CI", "").lower() in YES
        (pytest.fail if required else pytest.skip)(why)

    def _could_not_tell(self, why: str, answer: str) -> None:
        """End the test here; the fixture then raises the error, because an exception in a test would be a failure."""
        __tracebackhide__ = True
        causes = [one["cause"] for one in json.loads(answer)["engines"]] if answer.strip() else []
        self.untold = "; ".join(causes) or why
        pytest.skip(f"it could not be told: {self.untold}")


@pytest.fixture
def seventh_tab(request: pytest.FixtureRequest) -> Iterator[SeventhTab]:
    """`seventh_tab.assert_live(url, tabs=20, engine="chromium")`: so many tabs of a page stay live."""
    one = SeventhTab(request.config.rootpath / "reports")
    yield one
    if one.untold is not None:
        raise SeventhTabError(one.untold)


def completed(command: Sequence[str]) -> tuple[int, str, str]:
    """A command's exit code and outputs. If the test is interrupted meanwhile, so is the command: it tidies up."""
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        told, complaints = process.communicate()
    except BaseException:
        process.terminate()
        try:
            process.communicate(timeout=TIDY_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
        raise
    return process.returncode, told, complaints


def four_lines(found: dict[str, Any], tabs: int) -> list[str]:
    """What hung, why, the shortest fix, the report's path."""
    one = found["engines"][0]
    what = f"{one['live']} of {tabs} tabs of {found['url']} stay live in {one['engine']} {one['version']}"
    hung = f"; tab {one['verified_tab']} hangs ({one['kind']})" if one["verified_tab"] else ""
    return [what + hung, f"why: {one['cause']}", f"fix: {one['fix']}", f"report: {found['report']}"]


def last_line(text: str) -> str:
    """The last line of a text that is not empty."""
    return next((line.strip() for line in reversed(text.splitlines()) if line.strip()), "")


@contextmanager
def one_at_a_time() -> Iterator[None]:
    """Inside the block no other process of this user is inside such a block."""
    import fcntl

    with Path(tempfile.gettempdir(), f"seventh-tab-probe-{os.getuid()}.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
