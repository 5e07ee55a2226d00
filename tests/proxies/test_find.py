"""Finding a proxy's program: who is preferred, which version fits, and what is said where none does."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab.proxies import haproxy, nginx
from lab.proxies.find import Missing, Program, find, programs
from lab.proxies.known import PROXIES, VARIANTS


def made(folder: Path, version: str, name: str = "nginx") -> Path:
    """A program that says this version."""
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text(f"#!/bin/sh\necho 'nginx version: nginx/{version}' >&2\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def empty(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A machine without nginx: nothing on PATH, no package, no variable."""
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.delenv("SEVENTH_TAB_NGINX", raising=False)
    monkeypatch.setattr("lab.proxies.find.SYSTEM_PROGRAMS", ())
    monkeypatch.setattr(nginx, "wheel", lambda: None)
    return tmp_path


def test_what_the_user_names_comes_first_and_alone(monkeypatch: pytest.MonkeyPatch, empty: Path) -> None:
    made(empty / "bin", "1.31.0")
    monkeypatch.setenv("SEVENTH_TAB_NGINX", str(made(empty / "own", "1.20.1")))
    assert find(nginx) == Program(str(empty / "own" / "nginx"), "SEVENTH_TAB_NGINX", "1.20.1")
    refused = find(nginx, ">=1.29.7")
    assert isinstance(refused, Missing), "another one is not taken instead"
    assert refused.why == "this is about nginx 1.29.7 or newer, and found was 1.20.1 (SEVENTH_TAB_NGINX)"


def test_path_comes_before_the_package_except_for_another_version(monkeypatch: pytest.MonkeyPatch, empty: Path) -> None:
    made(empty / "bin", "1.22.1")
    monkeypatch.setattr(nginx, "wheel", lambda: made(empty / "wheel", "1.31.3"))
    assert [one.version for one in programs(nginx)] == ["1.22.1", "1.31.3"]
    for versions, expected in (("", "1.22.1"), (">=1.29.7", "1.31.3"), ("<1.29.7", "1.22.1")):
        found = find(nginx, versions)
        assert isinstance(found, Program)
        assert found.version == expected, versions


@pytest.mark.usefixtures("empty")
def test_where_there_is_none_the_fix_is_told() -> None:
    assert str(find(nginx)).startswith(
        "nginx is not on this machine: python3 -m nox -s proxies, or name one in SEVENTH_TAB_NGINX"
    )
    assert str(find(nginx, "<1.29.7")).endswith("install Debian's package nginx-light, or name one in SEVENTH_TAB_NGINX")


def test_a_program_that_says_no_version_is_not_taken(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = tmp_path / "haproxy"
    path.write_text("#!/bin/sh\necho hello\n")
    monkeypatch.setenv("SEVENTH_TAB_HAPROXY", str(path))
    assert "can't be run" in str(find(haproxy)), "it may not be run"
    path.chmod(0o755)
    other = path.rename(tmp_path / "other")
    monkeypatch.setenv("SEVENTH_TAB_HAPROXY", str(other))
    assert "did not say its version" in str(find(haproxy))


def test_every_variant_has_a_name_of_its_own_that_fits_into_a_url() -> None:
    every = [variant for proxy in PROXIES for variant in proxy.VARIANTS]
    assert len(VARIANTS) == len(every)
    for one in every:
        assert one.name.replace("-", "").isalnum(), one.name
        assert one.name.islower(), one.name
        assert bool(one.line) == bool(one.place), one.name
    for proxy in PROXIES:
        assert not proxy.VARIANTS[0].line, "the first variant is the proxy's own defaults"
        assert proxy.VARIANTS[0].name == proxy.NAME


def test_a_version_is_not_taken_from_a_path(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Envoy prints where it is before it says its version."""
    program = tmp_path / "nginx"
    program.write_text("#!/bin/sh\necho '/lib/python3.11/bin/envoy  version: 9e5580933739/1.40.0/Clean/RELEASE/BoringSSL'\n")
    program.chmod(0o755)
    monkeypatch.setenv("SEVENTH_TAB_NGINX", str(program))
    assert [one.version for one in programs(nginx)] == ["1.40.0"]
