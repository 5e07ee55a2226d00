"""What the doctor says of proxies: each program with its version, and how to get what is missing."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab.doctor.proxies import found
from lab.proxies import apache, nginx
from lab.proxies.known import PROXIES, VARIANTS


def test_every_variant_is_counted_once() -> None:
    rows = found()
    assert {row.proxy for row in rows} == {proxy.TITLE for proxy in PROXIES}
    assert sum(row.routes for row in rows) == len(VARIANTS)


def test_what_is_missing_comes_with_its_fix(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("lab.proxies.find.SYSTEM_PROGRAMS", ())
    monkeypatch.setattr(nginx, "wheel", lambda: None)
    rows = {(row.proxy, row.found): row for row in found() if row.proxy in (nginx.TITLE, apache.TITLE)}
    assert set(rows) >= {("nginx", "none that is >=1.29.7"), ("nginx", "none that is <1.29.7"), ("Apache httpd", "none")}
    assert "nginx-light" in rows["nginx", "none that is <1.29.7"].fix
    assert "apache2-bin" in rows["Apache httpd", "none"].fix
