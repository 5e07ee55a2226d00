"""What the doctor says of versions: by the metadata that every install has, and by the lock where there is one."""

from __future__ import annotations

import importlib.metadata
from pathlib import Path

import pytest

from lab.doctor import packages as versions
from lab.doctor.packages import packages, python
from lab.paths import checkout

H2, HYPERCORN = importlib.metadata.version("h2"), importlib.metadata.version("hypercorn")


def test_what_is_installed_here_is_what_is_asked_for() -> None:
    """Another install than nox's may have newer ones, which is a warning at most."""
    found = versions.checks()
    assert [one.what for one in found][:2] == ["Python", "packages"]
    assert not [one for one in found if one.fails]


def test_the_lock_beside_the_checkout_is_read() -> None:
    lock = versions.locked(checkout())
    assert lock["hypercorn"] == {"0.18.0"}
    assert {"h2", "trio", "playwright", "vl-convert-python"} <= set(lock)


def test_no_lock_beside_an_installed_package(tmp_path: Path) -> None:
    assert versions.locked(None) == {}
    assert versions.locked(tmp_path) == {}


def test_all_as_asked_and_extras_are_no_affair_of_a_run() -> None:
    asked = [
        "h2>=4",
        "Hypercorn==" + HYPERCORN,
        "no-such-package>=1; extra == 'tests'",
        "no-such-package; python_version < '3'",
    ]
    [found] = packages(asked, {})
    assert (found.found, found.problem) == ("2 as the lab requires", "")
    [found] = packages(asked, {"h2": {H2, "1.0"}})
    assert found.found == "2 as the lab requires, and as locked"


def test_another_version_than_the_locked_one_is_a_warning() -> None:
    [found] = packages(["h2>=4", "hypercorn"], {"h2": {"4.0.1"}})
    assert found.found == f"h2 {H2}"
    assert "locked" in found.problem
    assert "nox" in found.fix
    assert not found.fails


def test_what_the_lab_does_not_ask_for() -> None:
    stranger, warning, absent = packages(["hypercorn==0.17.3", "playwright>=99", "no-such-package>=1", "h2>=4"], {})
    assert stranger.found == f"hypercorn {HYPERCORN}"
    assert "requires hypercorn==0.17.3: the origin refuses to start" in stranger.problem
    assert stranger.fails
    assert "requires playwright>=99: it may not drive the browsers" in warning.problem
    assert not warning.fails
    assert absent.found == "no-such-package: none"
    assert absent.fails
    assert all("install the lab again" in one.fix for one in (stranger, warning, absent))


def test_an_old_python() -> None:
    assert not python("3.11.0", ">=3.11").problem
    assert not python("3.15.0b1", ">=3.11").problem
    found = python("3.10.14", ">=3.11")
    assert found.fails
    assert "requires >=3.11" in found.problem


def test_a_lab_that_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(versions, "NAME", "no-such-lab")
    [found] = versions.checks()
    assert found.fails
    assert "pip install ." in found.fix
