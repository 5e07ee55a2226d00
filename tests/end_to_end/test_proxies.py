"""Real proxies between a real browser and the origin."""

from __future__ import annotations

import pytest

from lab.model.cell import PLAIN_CLIENT
from lab.model.verdict import Kind, Limit
from tests.conftest import ROOT
from tests.end_to_end.conftest import CHROMIUM, Measure
from tests.tools.runs import Runs

SCENARIOS = str(ROOT / "tests" / "end_to_end" / "through_proxies.py")


@pytest.fixture(scope="session")
def proxied(measure: Measure) -> Runs:
    return measure((SCENARIOS, *CHROMIUM))


def test_every_cell_is_as_claimed(proxied: Runs) -> None:
    """But for Apache's limit, which begins with six and moves: the slower the machine, the higher it is."""
    cells = [cell for run in proxied.runs for cell in run.cells if cell.cell.scenario != "served"]
    assert {cell.name: cell.verdict.why for cell in cells if cell.verdict.kind is not Kind.CONFIRMED} == {}


def test_both_ends_of_a_proxy_are_counted(proxied: Runs) -> None:
    for cell in proxied.of("chromium", scenario="around"):
        assert cell.proxy is not None
        assert cell.proxy.version
        assert cell.hops is not None
        assert [one.offered for one in cell.hops.front if one.offered], "the relay read what the browser offered"
        assert cell.hops.negotiated == "h2"
        assert {row.protocol for row in cell.rows if row.streams} == {"http/1.1"}, "behind the proxy"
        assert cell.hops.leaving is not None
        assert cell.hops.leaving.learned_ms is not None


def test_what_one_proxy_passes_and_another_does_not(proxied: Runs) -> None:
    haproxy, envoy = proxied.of("chromium", scenario="around")
    assert haproxy.hops is not None
    assert envoy.hops is not None
    assert haproxy.hops.websocket is not None
    assert envoy.hops.websocket is not None
    assert (haproxy.hops.websocket.passed, envoy.hops.websocket.passed) == (True, False)
    assert (haproxy.hops.connect, envoy.hops.connect) == (True, False)
    assert haproxy.hops.reload is not None
    assert envoy.hops.reload is None, "it can't read its configuration anew"


def test_who_holds_a_waiting_request_is_told_apart(proxied: Runs) -> None:
    [cell] = proxied.of("chromium", scenario="served")
    assert cell.verdict.cause is Limit.PROXY
    assert cell.hops is not None
    assert (cell.hops.announced or 0) > (cell.verdict.live or 0), "the proxy announces more than it serves"


def test_the_report_names_the_line_that_mends(proxied: Runs) -> None:
    [run] = proxied.runs
    assert "proxy_buffering off; (or the app: X-Accel-Buffering: no)" in (run.folder / "index.html").read_text()
    silent = [cell for cell in run.cells if cell.cell.engine == PLAIN_CLIENT]
    assert [cell.silence is not None for cell in silent] == [True, True]
