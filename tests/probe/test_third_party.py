"""The probe on third-party apps that nobody wrote for it (tests/probe/third_party.py)."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.probe.test_browsers import agreed, probed
from tests.probe.third_party import Installed


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory, leaf: Path) -> Installed:
    """All apps, installed once."""
    found = Installed(tmp_path_factory.mktemp("apps"), leaf)
    found.install()
    return found


HANGS = {
    "servor": (7, "navigation"),
    "servor-secure": (7, "navigation"),  # TLS that is not HTTP/2.
    "esbuild": (7, "navigation"),
    "esbuild-h2": (None, None),
    "sse-starlette-h1": (7, "navigation"),
    "sse-starlette-h2": (None, None),
    "mkdocs": (6, "page"),  # Its page asks for more after its long poll.
    "vite": (None, None),  # A WebSocket beside HTTP/2.
}


@pytest.mark.parametrize("app", HANGS)
def test_each_app_hangs_where_it_was_predicted_to(installed: Installed, tmp_path: Path, app: str) -> None:
    with installed.running(app) as url:
        found = agreed(probed(url, tmp_path, "chromium", 8))
    assert (found.verified_tab, found.kind) == HANGS[app]


def test_in_firefox_too(installed: Installed, tmp_path: Path) -> None:
    with installed.running("mkdocs") as url:
        found = agreed(probed(url, tmp_path, "firefox", 7))
    assert (found.verified_tab, found.kind) == (6, "page")
    assert found.holders[0].kind == "unanswered request"
