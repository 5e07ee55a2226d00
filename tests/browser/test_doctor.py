"""The doctor's table, and how it gets what is missing."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from lab.browser import doctor
from lab.browser.engines import ENGINES
from lab.errors import MachineError


def test_doctors_table_names_a_mend_for_everything_missing() -> None:
    async def check() -> None:
        for engine in ENGINES.values():
            table = await doctor.examined([engine])
            assert any(one.version for one in table), table
            assert all(one.mend for one in table if not one.version)

    asyncio.run(check())


def test_an_engine_that_is_there_is_named_and_not_installed_again() -> None:
    said: list[str] = []
    assert asyncio.run(doctor.all_there(ENGINES.values(), said.append))
    assert [line.split()[0] for line in said] == [engine.title for engine in ENGINES.values()]
    assert not any("installing" in line for line in said)


def test_an_installer_that_fails_is_followed_by_the_next(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Real processes in the installers' place: the first way fails in its second step, the second succeeds."""
    ways = [[["true"], ["sh", "-c", "echo no network >&2; exit 1"]], [["sh", "-c", f"echo done > {tmp_path}/got"]]]
    monkeypatch.setattr(doctor, "installers", lambda engine: ways)
    asyncio.run(doctor.install(ENGINES["firefox"], tmp_path / "log"))
    assert (tmp_path / "got").exists()
    assert "no network" in (tmp_path / "log").read_text()


def test_no_installer_succeeds(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(doctor, "installers", lambda engine: [[["false"]]])
    with pytest.raises(MachineError, match=r"Firefox could not be installed.*firefox-esr, or set SEVENTH_TAB_FIREFOX"):
        asyncio.run(doctor.install(ENGINES["firefox"], tmp_path / "log"))
