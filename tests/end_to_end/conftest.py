"""The runs that the tests of this folder look at: each is made once, and serves many tests.

Their options repeat no cell and open few tabs: how many stay live is the browser's affair, and a run in which everything is
measured several times would find no more faults of the lab.
"""

from __future__ import annotations

import pytest

from tests.tools.runs import Run, measured

BOTH = ("--protocol", "h1", "--protocol", "h2")
TEN_STREAMS = (*BOTH, "--streams-per-connection", "10", "--repeat", "1")
TABS = 12
FEW_TABS = 2
UPDATES = ("--tabs", str(FEW_TABS), "--interval", "100", "--updates-per-second", "20")


@pytest.fixture(scope="session")
def seventh_tab(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return measured(tmp_path_factory.mktemp("seventh_tab"), "seventh_tab", *BOTH, "--tabs", str(TABS))


@pytest.fixture(scope="session")
def limits(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Every transport in one page; server-sent events in frames and in tabs of another origin too; and what starves there."""
    return measured(tmp_path_factory.mktemp("limits"), "limits", "starvation", "no_starvation", *TEN_STREAMS)


@pytest.fixture(scope="session")
def pools(tmp_path_factory: pytest.TempPathFactory) -> Run:
    cases = ("--case", "the same again", "--case", "another port", "--case", "another profile")
    return measured(tmp_path_factory.mktemp("pools"), "pools", *TEN_STREAMS, *cases)


@pytest.fixture(scope="session")
def updates(tmp_path_factory: pytest.TempPathFactory) -> tuple[Run, Run]:
    """Updates followed, and streams dropped: by every transport in Chromium over HTTP/1.1; in Firefox, whose tabs are slow, by
    two of them over HTTP/2."""
    chromium = ("--engine", "chromium", "--protocol", "h1")
    firefox = ("--engine", "firefox", "--protocol", "h2", "--transport", "sse", "--transport", "websocket")
    runs = [
        measured(tmp_path_factory.mktemp(name), "delivery", "drops", *options, *UPDATES)
        for name, options in (("chromium", chromium), ("firefox", firefox))
    ]
    return runs[0], runs[1]


@pytest.fixture(scope="session")
def payloads(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return measured(tmp_path_factory.mktemp("payloads"), "payloads", *BOTH)
