"""The control endpoints: what a cell's beginning sets, the feed's pace, and ending a stream."""

from __future__ import annotations

import time
from pathlib import Path

import h2.events
import h2.settings
import h11
import pytest

from lab.model.ledger import CellBegan, ProbeServed, StreamClosed, StreamOpened
from lab.origin.control import MAX_PER_SECOND
from tests.conftest import Served
from tests.tools.control import H1, H2, post

SSE = "/api/v1/live-scores?cell=c"


def test_a_cell_sets_what_new_connections_are_allowed(origin: Served, control: H1, leaf: Path) -> None:
    before = H2(origin.port("h2"), leaf)
    assert before.until(h2.events.RemoteSettingsChanged)
    assert post(control, "/control/cell?name=c&streams=17&per_second=0") == 204
    after = H2(origin.port("h2"), leaf)
    assert after.until(h2.events.RemoteSettingsChanged)
    allowed = [client.h2.remote_settings.max_concurrent_streams for client in (before, after)]
    assert allowed == [100, 17]
    [began] = origin.wait_count(CellBegan, 1)
    assert (began.cell, began.streams_per_connection) == ("c", 17)
    before.close()
    after.close()


def test_a_silent_feed_says_only_what_it_is_told_to(origin: Served, control: H1) -> None:
    assert post(control, "/control/pace?per_second=0") == 204
    client = H1(origin.port("h1-clear"))
    client.get(f"{SSE}&tab=1")
    origin.wait_count(StreamOpened, 1)
    time.sleep(0.5)  # Five beats of the pace that was.
    assert post(control, "/control/publish") == 204
    assert post(control, "/control/end?cell=c&tab=1") == 204
    [closed] = origin.wait_count(StreamClosed, 1)
    assert (closed.reason, closed.sent) == ("origin", 2)
    client.close()


def test_the_control_doors_feed_is_never_silent(origin: Served, control: H1) -> None:
    """It is the clock by which the driver waits."""
    assert post(control, "/control/pace?per_second=0") == 204
    client = H1(origin.port("control"))
    client.get(f"{SSE}&tab=1")
    origin.wait_count(StreamOpened, 1)
    received = b""
    while received.count(b"data:") < 4:
        event = client.next()
        assert isinstance(event, h11.Data)
        received += bytes(event.data)
    client.close()


def test_only_the_named_cells_stream_is_ended(origin: Served, control: H1) -> None:
    client = H1(origin.port("h1-clear"))
    client.get(f"{SSE}&tab=1")
    origin.wait_count(StreamOpened, 1)
    assert post(control, "/control/end?cell=another&tab=1") == 404
    assert post(control, "/control/end?cell=c&tab=2") == 404
    assert post(control, "/control/end?cell=c&tab=1") == 204
    client.close()


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/control/pace", 400),
        ("/control/pace?per_second=nan", 400),
        ("/control/pace?per_second=-1", 400),
        (f"/control/pace?per_second={MAX_PER_SECOND + 1}", 400),
        ("/control/cell?name=x&streams=many", 400),
        ("/control/cell?name=x&streams=-3", 400),
        ("/control/cell?name=x&per_second=inf", 400),
        ("/control/nothing", 404),
    ],
)
def test_a_wrong_query_changes_nothing(origin: Served, control: H1, path: str, status: int) -> None:
    assert post(control, path) == status
    assert origin.process.poll() is None


def test_a_probe_leaves_no_connection_behind(origin: Served) -> None:
    """An idle connection would make the next one's way easier than it was."""
    client = H1(origin.port("h1-clear"))
    response = client.get("/probe?cell=c&tab=900001&kind=image", {"Origin": "http://page.test"})
    headers = dict(response.headers)
    assert (headers[b"content-type"], headers[b"connection"]) == (b"image/svg+xml", b"close")
    assert headers[b"access-control-allow-origin"] == b"http://page.test"
    [served] = origin.wait_count(ProbeServed, 1)
    assert (served.cell, served.tab, served.kind) == ("c", 900001, "image")
    client.close()


def test_only_streams_and_probes_are_shared_with_other_origins(origin: Served) -> None:
    for path, shared in ((f"{SSE}&tab=1", True), ("/", False), ("/tab?transport=sse", False)):
        client = H1(origin.port("h1-clear"))
        headers = dict(client.get(path, {"Origin": "http://page.test"}).headers)
        assert (b"access-control-allow-origin" in headers) == shared, path
        client.close()
