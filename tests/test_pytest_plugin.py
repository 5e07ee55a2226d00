"""The pytest plugin, with a program in the probe's place that ends as it is told; tests/probe runs it with the probe itself."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.tools.plugin import OPTIONS

PROGRAM = """
import json, sys, time, pathlib
kind = sys.argv[2].rpartition("/")[2]
code = {"live": 0, "fewer": 1, "bad": 2, "none": 3, "fault": 4, "untold": 5}[kind]
beside = pathlib.Path(__file__).with_name("running")
beside.mkdir()  # Fails where another one runs.
time.sleep(0.05)
beside.rmdir()
one = {"engine": "chromium", "version": "1", "live": 5, "verified_tab": 6, "kind": "navigation"}
one |= {"cause": "the cause", "fix": "the fix"}
if kind in ("live", "fewer", "untold"):
    print(json.dumps({"url": sys.argv[2], "engines": [one], "report": "reports/x/index.html"}))
print("seventh-tab: the last line", file=sys.stderr)
sys.exit(code)
"""

TESTS = """
import sys, pytest

@pytest.fixture
def probing(seventh_tab):
    seventh_tab.program = (sys.executable, "program.py")
    return seventh_tab

@pytest.mark.parametrize("number", range({many}))
def test_live(probing, number):
    assert probing.assert_live("http://127.0.0.1/live", tabs=5)["engines"][0]["live"] == 5

def test_fewer(probing):
    probing.assert_live("http://127.0.0.1/fewer", 20)

@pytest.mark.parametrize("kind", ["bad", "fault", "untold"])
def test_untold(probing, kind):
    probing.assert_live("http://127.0.0.1/" + kind)
    raise AssertionError("not reached")

def test_none(probing):
    probing.assert_live("http://127.0.0.1/none")
"""

BESIDE = (
    "pytest-playwright==0.10.0",
    "pytest-asyncio==1.5.0",
    "pytest-base-url==2.1.0",
    "python-slugify==9.2.0",
    "text-unidecode==1.3",
    "requests==2.34.2",
)
"""Other plugins, and what they need that is not here anyway."""

TESTS_BESIDE = """
import sys, pytest

@pytest.fixture
def probing(seventh_tab):
    seventh_tab.program = (sys.executable, "program.py")
    return seventh_tab

@pytest.mark.asyncio
async def test_asyncio(probing):
    assert probing.assert_live("http://127.0.0.1/live", tabs=5)

@pytest.mark.anyio
async def test_anyio(probing):
    assert probing.assert_live("http://127.0.0.1/live", tabs=5)

def test_playwright(playwright, probing):  # It leaves its event loop running: the other two could not follow.
    assert playwright.chromium
    assert probing.assert_live("http://127.0.0.1/live", tabs=5)
"""


def pytested(
    folder: Path, *options: str, tests: str = TESTS, many: int = 1, required: str = "", beside: tuple[Path, ...] = ()
) -> str:
    """What pytest prints of these tests, run with the plugin in a folder of their own. `beside`: folders of other plugins."""
    (folder / "program.py").write_text(PROGRAM)
    (folder / "test_app.py").write_text(tests.replace("{many}", str(many)))
    (folder / "pytest.ini").write_text("[pytest]\n" + ("asyncio_default_fixture_loop_scope = function\n" if beside else ""))
    kept = {name: value for name, value in os.environ.items() if name not in ("CI", "SEVENTH_TAB_REQUIRED")}
    command = [
        sys.executable,
        "-m",
        "pytest",
        *OPTIONS,
        "-p",
        "no:cacheprovider",
        "-ra",
        "-W",
        "error",
        *options,
    ]
    ended = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, check=False,
        env={**kept, "PYTHONPATH": os.pathsep.join(map(str, (ROOT, *beside))), **({required: "1"} if required else {})},
    )  # fmt: skip
    assert not ended.stderr, ended.stderr
    return ended.stdout


def test_each_end_of_the_probe_has_its_outcome(tmp_path: Path) -> None:
    told = pytested(tmp_path)
    assert "1 failed, 1 passed, 4 skipped, 3 errors" in told
    failure = told[told.index("5 of 20 tabs of http://127.0.0.1/fewer stay live") :].splitlines()[:4]
    assert failure == [
        "5 of 20 tabs of http://127.0.0.1/fewer stay live in chromium 1; tab 6 hangs (navigation)",
        "why: the cause",
        "fix: the fix",
        "report: reports/x/index.html",
    ]
    assert "not reached" not in told.replace('raise AssertionError("not reached")', "")


@pytest.mark.parametrize("variable", ["CI", "SEVENTH_TAB_REQUIRED"])
def test_where_a_browser_is_required_its_absence_is_a_failure(tmp_path: Path, variable: str) -> None:
    assert "2 failed, 1 passed, 3 skipped, 3 errors" in pytested(tmp_path, required=variable)


def test_probes_queue_under_xdist(tmp_path: Path) -> None:
    """The program fails where two of it run at once."""
    assert "1 failed, 12 passed, 4 skipped, 3 errors" in pytested(tmp_path, "-n4", many=12)


def test_it_works_beside_plugins_that_have_event_loops(tmp_path: Path) -> None:
    plugins = tmp_path / "plugins"
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(plugins), *BESIDE]
    subprocess.run(command, check=True, capture_output=True)
    assert "4 passed" in pytested(tmp_path, "-p", "no:xdist", tests=TESTS_BESIDE, beside=(plugins,)), (
        "anyio runs on two backends"
    )
