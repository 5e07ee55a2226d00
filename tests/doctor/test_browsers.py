"""The doctor's table, and how it gets what is missing."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path

import pytest

from lab.browser import fake
from lab.browser.engines import ENGINES, Engine
from lab.doctor import browsers as doctor
from lab.model.browsers import LaunchAttempt


def test_every_browser_that_is_missing_has_a_fix() -> None:
    table = asyncio.run(doctor.attempts(ENGINES.values()))
    for engine in ENGINES:
        assert any(one.version for one in table if one.engine == engine), table
    assert all(one.fix for one in table if not one.version)


def test_engines_of_other_drivers_stand_in_the_same_table() -> None:
    table = asyncio.run(doctor.attempts([fake.ENGINE]))
    assert table == [LaunchAttempt("fake", "in memory", version="1.0")]


def test_an_engine_that_is_there_is_named_and_not_installed_again() -> None:
    said: list[str] = []
    assert asyncio.run(doctor.install_missing([fake.ENGINE, fake.ENGINE], said.append))
    assert said == ["Fake 1.0: in memory"] * 2


def test_only_a_browser_that_starts_ends_the_trying(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Real processes in the installers' place. The first way says it succeeded, and nothing starts (a library is missing, say);
    the second way's first step fails, and its second brings a browser."""
    ways = [[["true"]], [["false"], ["touch", str(tmp_path / "browser")]], [["touch", str(tmp_path / "never")]]]
    monkeypatch.setattr(doctor, "installers", lambda engine: ways)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))

    async def first_found(engine: Engine) -> LaunchAttempt | None:
        return LaunchAttempt(engine.name, "it", version="1") if (tmp_path / "browser").exists() else None

    monkeypatch.setattr(doctor, "first_found", first_found)
    said: list[str] = []
    assert asyncio.run(doctor.install_missing([ENGINES["firefox"]], said.append))
    assert "installing" in said[0]
    assert said[1] == "Firefox 1: it"
    assert not (tmp_path / "never").exists()


def test_no_installer_helps(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(doctor, "installers", lambda engine: [[["false"]]])
    monkeypatch.setenv("SEVENTH_TAB_FIREFOX", "/no/such/firefox")
    said: list[str] = []
    assert not asyncio.run(doctor.install_missing([ENGINES["firefox"]], said.append))
    assert "Firefox could not be installed: run " in said[-1]
    assert "set SEVENTH_TAB_FIREFOX to its path" in said[-1]
