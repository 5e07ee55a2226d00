"""The runs that the tests of this folder look at: each is made once, and serves many tests.

No cell is repeated, and few tabs are opened: how many stay live is the browser's affair, and repeats would find no more faults
of the lab. Every engine meets every question, protocol and transport somewhere, but not every combination of them: Firefox's
cells take three times as long as Chromium's.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from tests.conftest import ROOT
from tests.tools.runs import Runs, measured

CHROMIUM, FIREFOX = ("--engine", "chromium"), ("--engine", "firefox")
H1, H2 = ("--protocol", "h1"), ("--protocol", "h2")
THOROUGH = ("--thorough", "--repeat", "1")
TEN_STREAMS = ("--streams-per-connection", "10", *THOROUGH)
CASES = ("--case", "the same again", "--case", "another port", "--case", "another profile")
TABS = 12
FEW_TABS = 2
SOME = ("--transport", "sse", "--transport", "websocket", "--transport", "long_polling", "--transport", "polling")
"""Streaming by fetch is as server-sent events here: the same server, read by other code of the page."""
UPDATES = ("--tabs", str(FEW_TABS), "--updates-per-second", "20", *THOROUGH)

Measure = Callable[..., Runs]


@pytest.fixture(scope="session")
def measure(tmp_path_factory: pytest.TempPathFactory) -> Measure:
    """Make runs, each with its own options."""

    def make(*options: Sequence[str]) -> Runs:
        return Runs(tuple([measured(tmp_path_factory.mktemp("run"), *one) for one in options]))

    return make


@pytest.fixture(scope="session")
def seventh_tab(measure: Measure) -> Runs:
    return measure(("seventh_tab", *H1, *H2, "--tabs", str(TABS)))


@pytest.fixture(scope="session")
def limits(measure: Measure) -> Runs:
    """Every transport in one page, and starvation; in Chromium in frames and in tabs of another origin too."""
    return measure(
        ("limits", "starvation", "no_starvation", *CHROMIUM, *H1, *H2, *TEN_STREAMS),
        ("limits", "starvation", *FIREFOX, *H1, "--opening", "page", *TEN_STREAMS),
    )


@pytest.fixture(scope="session")
def stalled(measure: Measure) -> Runs:
    """Frames of a page that gets no time while they are being opened."""
    return measure((str(ROOT / "tests" / "faults" / "stalled.py"), *H1, *H2))


@pytest.fixture(scope="session")
def pools(measure: Measure) -> Runs:
    return measure(("pools", *CHROMIUM, *H1, *H2, *CASES, *TEN_STREAMS), ("pools", *FIREFOX, *H2, *CASES, *TEN_STREAMS))


@pytest.fixture(scope="session")
def updates(measure: Measure) -> Runs:
    """Updates followed, and streams dropped."""
    return measure(
        ("delivery", "drops", *CHROMIUM, *H1, *SOME, "--interval", "100", *UPDATES),
        ("delivery", "drops", *FIREFOX, *H2, "--transport", "sse", "--transport", "websocket", *UPDATES),
    )


@pytest.fixture(scope="session")
def payloads(measure: Measure) -> Runs:
    """Both engines keep their whole logs in this run."""
    return measure(("payloads", *H1, *H2, "--keep-logs"))
