"""The engines' rows: what makes a browser keep its log, and what is said of a log that nobody can read."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from lab.browser.engines import ENGINES, Engine, EngineLog
from lab.browser.playwright.launch import unused
from tests.conftest import ROOT


def test_no_driver_is_imported_for_the_table() -> None:
    """Nor for the contract or for finding: only when a browser is wanted."""
    code = "import sys, lab.browser.discover, lab.browser.fake; print([one for one in sys.modules if 'playwright' in one])"
    ended = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert ended.stdout == "[]\n"


@pytest.mark.parametrize("engine", ENGINES.values(), ids=list(ENGINES))
def test_the_log_is_written_where_it_is_read(engine: Engine, tmp_path: Path) -> None:
    assert engine.log is not None
    arguments, environment = engine.log.switches(tmp_path / engine.log.file)
    assert str(tmp_path) in " ".join([*arguments, *environment.values()])
    assert "{" not in " ".join([*arguments, *environment.values()])


def test_a_brief_log_is_no_witness_where_an_engine_has_one(tmp_path: Path) -> None:
    firefox, chromium = ENGINES["firefox"].log, ENGINES["chromium"].log
    assert firefox is not None
    assert chromium is not None
    assert firefox.switches(tmp_path / "log", brief=True)[1]["MOZ_LOG"].endswith("nsHttp:4")
    assert firefox.switches(tmp_path / "log", brief=True)[1]["MOZ_LOG_FILE"] == str(tmp_path / "log")
    assert "only a brief log" in (firefox.follow(tmp_path / "log", brief=True).account("a.cell").missing or "")
    assert chromium.switches(tmp_path / "log", brief=True) == chromium.switches(tmp_path / "log")
    assert "can't be read" in (chromium.follow(tmp_path / "log", brief=True).account("a.cell").missing or "")


def test_a_log_without_a_reader_says_so(tmp_path: Path) -> None:
    log = EngineLog(file="webkit.log", environment={"WEBKIT_DEBUG": "Network"})
    assert log.switches(tmp_path / log.file) == ([], {"WEBKIT_DEBUG": "Network"})
    assert log.follow(tmp_path / log.file).account("a.cell").missing == "the lab has no reader for webkit.log"


def test_the_log_of_an_earlier_browser_is_kept(tmp_path: Path) -> None:
    log = tmp_path / "chromium.netlog.json"
    assert unused(log) == log
    log.touch()
    assert unused(log).name == "chromium-2.netlog.json"
    unused(log).touch()
    assert unused(log).name == "chromium-3.netlog.json"
    log.rename(tmp_path / "chromium.netlog.json.gz")
    assert unused(log).name == "chromium-3.netlog.json"
    (tmp_path / "chromium-2.netlog.json").rename(tmp_path / "chromium-2.netlog.json.tail.gz")
    assert unused(log).name == "chromium-3.netlog.json"


def test_a_package_command_for_whoever_runs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 0)
    assert ENGINES["firefox"].package_command == "apt-get install --no-install-recommends firefox-esr"
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    assert ENGINES["firefox"].package_command.startswith("sudo apt-get install ")
    assert Engine(name="x", title="X", driver="lab.browser.fake").package_command == ""
