"""The probe on third-party apps that nobody wrote for it (tests/probe/third_party.py)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.probe.probing import Found, agreed, pool, probed
from tests.probe.third_party import Installed

TABS = 7
HANGS = {
    ("servor", "chromium"): (7, "navigation"),
    ("servor-secure", "chromium"): (7, "navigation"),  # TLS that is not HTTP/2.
    ("esbuild-h2", "chromium"): (None, None),
    ("sse-starlette-h1", "chromium"): (7, "navigation"),
    ("sse-starlette-h2", "chromium"): (None, None),
    ("mkdocs", "chromium"): (6, "page"),  # Its page asks for more after its long poll.
    ("vite", "chromium"): (None, None),  # A WebSocket beside HTTP/2.
}


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory, leaf: Path) -> Iterator[dict[tuple[str, str], Found]]:
    """All apps installed once, and their probes begun."""
    installed = Installed(tmp_path_factory.mktemp("apps"), leaf)
    installed.install()
    with ExitStack() as stack, pool() as processes:
        urls = {app: stack.enter_context(installed.running(app)) for app in dict.fromkeys(app for app, _ in HANGS)}
        yield {
            (app, engine): processes.submit(probed, urls[app], tmp_path_factory.mktemp("probe"), engine, TABS)
            for app, engine in HANGS
        }


@pytest.mark.parametrize(("app", "engine"), HANGS)
def test_each_app_hangs_where_it_was_predicted_to(found: dict[tuple[str, str], Found], app: str, engine: str) -> None:
    one = agreed(found[app, engine].result())
    assert (one.verified_tab, one.kind) == HANGS[app, engine]
    if app == "mkdocs":
        assert one.holders[0].kind == "unanswered request"
