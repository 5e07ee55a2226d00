"""The control endpoints: what a cell's beginning sets, the feed's pace, and ending a stream."""

from __future__ import annotations

import re
import time
from pathlib import Path

import h2.events
import h2.settings
import h11
import pytest

from lab.model.ledger import CellBegan, ProbeServed, StreamClosed, StreamOpened
from lab.origin import control as control_module
from lab.origin import hypercorn_patches
from lab.origin.control import MAX_PER_SECOND, ControlEndpoints
from lab.origin.doors import Doors
from lab.origin.feed import Feed
from lab.origin.meter import Meter
from tests.conftest import Served, metered
from tests.origin.recorder import Recorder
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


WRONG = {
    "/control/cell": "name is missing",
    "/control/cell?streams=5": "name is missing",
    "/control/cell?name=x&streams=many": "streams must be a whole number from 0 to 2147483647, not 'many'",
    "/control/cell?name=x&streams=-3": "not '-3'",
    "/control/cell?name=x&streams=2147483648": "not '2147483648'",
    "/control/cell?name=x&per_second=inf": "per_second must be 0 to 1000, not 'inf'",
    "/control/pace": "per_second is missing",
    "/control/pace?per_second=nan": "not 'nan'",
    "/control/pace?per_second=-1": "not '-1'",
    f"/control/pace?per_second={MAX_PER_SECOND + 1}": "not '1001'",
    "/control/end": "cell is missing",
    "/control/end?cell=c": "tab is missing",
    "/control/end?cell=c&tab=one": "tab must be a whole number",
    "/control/end?cell=c&tab=-1": "tab must be a whole number",
    "/control/drop?cell=c": "how is missing",
    "/control/drop?cell=c&how=nonsense": "how must be end, reset, shut, not 'nonsense'",
    "/control/refuse?cell=c": "status is missing",
    "/control/refuse?cell=c&status=700": "status must be a whole number from 0 to 599, not '700'",
    "/control/refuse?cell=c&status=101": "no response ends a request with status 101",
    "/control/refuse?cell=c&status=503&type=a%0Ab": "is no content type",
}


def test_a_wrong_query_changes_nothing_and_is_told_what_was_expected(origin: Served, control: H1) -> None:
    for path, told in WRONG.items():
        assert control.get(path, method="POST").status_code == 400, path
        line = control.body().decode()
        assert line.startswith(f"{path.partition('?')[0]}: "), line
        assert told in line
        assert line.count("\n") == 1
        control.next_cycle()
    assert [type(event) for event in origin.of(CellBegan)] == []
    assert metered(origin, control).cell == "none"


@pytest.mark.parametrize("path", ["/control/nothing", "/control/", "/control/cell/", "/control/end?cell=c&tab=2"])
def test_there_is_nothing_there(origin: Served, control: H1, path: str) -> None:
    assert post(control, path) == 404


def test_the_table_lists_every_endpoint() -> None:
    """In the module's docstring, which says for each what it takes and answers."""
    recorder = Recorder()
    settings, doors = hypercorn_patches.config(100), Doors((), recorder)
    endpoints = ControlEndpoints(ledger=recorder, feed=Feed(0), settings=settings, meter=Meter(), doors=doors).endpoints
    recorder.close()
    assert set(re.findall(r"^(/control/\w+)", control_module.__doc__ or "", re.MULTILINE)) == set(endpoints)


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
