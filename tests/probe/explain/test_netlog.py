"""What Chromium's log leaves to be inferred, in made-up logs."""

from __future__ import annotations

from pathlib import Path

from lab.model.verdict import Limit
from lab.probe.explain.history import Kind, Outcome
from lab.probe.explain.words import answer, sentences, told
from tests.probe.explain.made import BEGIN, END, GROUP, STATES, NetLog, two_of_three


def test_who_waited_for_whom(tmp_path: Path) -> None:
    [queue] = (one := two_of_three("x").explained(tmp_path)).queues
    [each] = queue.waits
    assert (each.wait.limit, each.wait.since_ms, each.wait.until_ms) == (Limit.CONNECTIONS, 20, 520)
    assert (each.wait.holders, each.wait.released_by, each.wait.outcome) == ((1, 2), 1, Outcome.SERVED)
    assert answer(one) == "1 request waited for a connection to https://a.test, for 500 ms."
    assert told(queue, one) == [
        "When request 3 (request /page?token=…) began to wait, at 0.020 s, 2 connections were in use: "
        "2 × request /events?user=….",
        "The first place became free at 0.510 s, when request 1 (request /events?user=…) ended; "
        "request 3 (request /page?token=…) got it 10 ms later.",
        "It got a place in the end.",
    ]


def test_a_wait_that_never_ends(tmp_path: Path) -> None:
    log = NetLog()
    log.enters(0, 1, "https://a.test/events")
    log.gets(0, 1, 501)
    log.enters(100, 2, "https://a.test/page")
    log.stalls(100, 2)
    log.event(60_100, "SOCKET_ALIVE", 999, END)
    [queue] = (one := log.explained(tmp_path)).queues
    assert (queue.waits[0].wait.outcome, queue.waits[0].wait.until_ms, queue.waits[0].ms) == (Outcome.WAITING, None, 60_000)
    assert answer(one).endswith("for 1 min 0 s: it was still waiting when the log ended.")
    assert told(queue, one)[-1] == "Of 1 wait, none got a place and 1 waited when the log ended."
    assert queue.holders[0].ended_ms is None


def test_a_request_that_is_given_up_while_it_waits(tmp_path: Path) -> None:
    log = NetLog()
    log.enters(0, 1, "https://a.test/events")
    log.gets(0, 1, 501)
    log.enters(100, 2, "https://a.test/page")
    log.stalls(100, 2)
    log.event(700, "HTTP_STREAM_JOB", 1002, END)
    log.event(700, "HTTP_STREAM_JOB_CONTROLLER", 2, END)
    log.event(800, "SOCKET_ALIVE", 999, END)
    [queue] = log.explained(tmp_path).queues
    assert [(each.wait.outcome, each.ms) for each in queue.waits] == [(Outcome.GAVE_UP, 600)]


def test_waits_for_an_http2_connection_to_be_ready_are_told_apart(tmp_path: Path) -> None:
    """Several requests at once to a new host: the others stall until the first has made the connection that all share."""
    log = NetLog()
    for number in (1, 2, 3):
        log.enters(0, number, f"https://a.test/{number}")
    for number in (2, 3):
        log.stalls(0, number)
        log.event(150, "SOCKET_POOL", number + 1000, END)
        log.event(150, "HTTP2_SESSION_POOL_FOUND_EXISTING_SESSION", number + 1000, depends=700)
        log.event(150, "HTTP_STREAM_JOB", number + 1000, END)
    one = log.explained(tmp_path)
    assert (one.queues, one.joined) == ((), 2)
    assert sentences(one)[:2] == [
        "No request waited for a place that others held.",
        "2 requests waited only for a connection to be ready that they then shared, as is usual when an HTTP/2 connection "
        "begins.",
    ]


def test_brief_waits_are_counted_only(tmp_path: Path) -> None:
    log = NetLog()
    log.enters(0, 1, "https://a.test/1")
    log.stalls(0, 1)
    log.gets(4, 1, 501)
    assert (one := log.explained(tmp_path)).queues == ()
    assert one.brief == 1
    assert "1 wait of a few milliseconds" in " ".join(sentences(one))


def test_the_first_one_at_the_limit_in_total_is_derived(tmp_path: Path) -> None:
    """Of it, Chromium 156 logs only that it entered the pool; one that is just connecting looks the same, but has a connect
    job."""
    log = NetLog()
    log.enters(0, 1, "https://a.test/events")
    log.gets(0, 1, 501)
    log.enters(10, 2, "https://b.test/first", "b")
    log.enters(10, 3, "https://c.test/slow", "c")
    log.event(10, "SOCKET_POOL_CONNECT_JOB_CREATED", 800, group_id="c")
    log.enters(20, 4, "https://d.test/second", "d")
    log.stalls(20, 4, "SOCKET_POOL_STALLED_MAX_SOCKETS")
    log.gives_back(500, 501)
    log.gets(500, 2, 502)
    log.gets(600, 4, 504)
    [queue] = (one := log.explained(tmp_path)).queues
    assert queue.limit == Limit.SOCKETS
    assert {each.request.url: each.wait.derived for each in queue.waits} == {
        "https://b.test/first": True, "https://d.test/second": False,
    }  # fmt: skip
    assert queue.held == 1
    assert queue.derived
    assert "derived" in told(queue, one)[-1]


def test_a_log_that_was_begun_while_requests_waited(tmp_path: Path) -> None:
    """chrome://net-export writes the requests that are there, with their states: what held the connections is among them."""
    log = NetLog()
    for number, state in ((1, "READING_RESPONSE"), (2, "READING_RESPONSE"), (3, "WAITING_FOR_AVAILABLE_SOCKET")):
        url = f"https://a.test/{number}?token=x"
        log.event(1000 * number, "REQUEST_ALIVE", number, BEGIN, url=url, method="GET", load_state=STATES[state])
    log.event(60_000, "REQUEST_ALIVE", 1, END)
    log.event(60_002, "REQUEST_ALIVE", 3, END)
    [queue] = (one := log.explained(tmp_path)).queues
    [each] = queue.waits
    assert each.wait.derived
    assert each.wait.holders == (1, 2)
    assert each.ms == 57_002
    assert any("before the log began" in note for note in one.history.notes)


def test_what_began_before_the_log_holds_the_places_of_a_later_wait(tmp_path: Path) -> None:
    """The usual case: the page hangs, and only then is the recording started."""
    log = NetLog()
    for number in (1, 2):
        url = f"https://a.test/events?{number}"
        log.event(0, "REQUEST_ALIVE", number, BEGIN, url=url, method="GET", load_state=STATES["READING_RESPONSE"])
    log.enters(1000, 3, "https://a.test/page")
    log.stalls(1000, 3)
    log.event(5000, "REQUEST_ALIVE", 2, END)
    log.gets(5001, 3, 503)
    [queue] = log.explained(tmp_path).queues
    [each] = queue.waits
    assert (each.wait.holders, each.wait.released_by, each.wait.derived, queue.pool) == ((1, 2), 2, False, GROUP)


def test_what_a_request_is_for(tmp_path: Path) -> None:
    log = NetLog()
    for number, kind in ((1, "main frame"), (2, "subframe"), (3, "other")):
        log.event(0, "URL_REQUEST_START_JOB", number + 50, BEGIN, request_type=kind, url="https://a.test/")
        log.enters(0, number, "https://a.test/")
        log.event(0, "HTTP_STREAM_JOB_CONTROLLER_BOUND", number, depends=number + 50)
        log.stalls(0, number)
    log.event(10, "HTTP_TRANSACTION_READ_RESPONSE_HEADERS", 53, headers=["HTTP/1.1 200", "Content-Type: text/event-stream; x"])
    log.enters(0, 4, "wss://a.test/socket", GROUP)
    log.stalls(0, 4)
    log.event(900, "SOCKET_ALIVE", 999, END)
    queue, sockets = log.explained(tmp_path).queues
    assert [each.request.kind for each in queue.waits] == [Kind.PAGE, Kind.FRAME, Kind.EVENTS]
    assert [each.request.kind for each in sockets.waits] == [Kind.WEBSOCKET], "they have pools of their own"
    assert queue.host == sockets.host == "https://a.test", "a WebSocket's host is the same one"


def test_a_websocket_holds_no_place_of_its_host(tmp_path: Path) -> None:
    """Chromium has a pool for WebSockets alone: the group's name is the same."""
    before, log = NetLog(), two_of_three()
    before.enters(0, 9, "wss://a.test/socket", GROUP)
    before.gets(1, 9, 509)
    log.events = before.events + log.events
    [queue] = log.explained(tmp_path).queues
    assert queue.held == 2
    assert all(one.kind is not Kind.WEBSOCKET for one in queue.holders)


def test_hosts_and_their_protocols(tmp_path: Path) -> None:
    log = NetLog()
    for number, proto in ((1, "h2"), (2, "http/1.1"), (3, "quic")):
        log.enters(0, number, f"https://{proto[0]}{number}.test/")
        log.event(1, "HTTP_STREAM_REQUEST_PROTO", number + 1000, proto=proto)
        log.gets(2, number, 500 + number)
        log.gives_back(3, 500 + number)
    log.enters(5, 4, "http://plain.test/")
    log.event(5, "HTTP_STREAM_JOB_CONTROLLER_BOUND", 4, depends=77)
    log.event(6, "HTTP_TRANSACTION_SEND_REQUEST_HEADERS", 77)
    one = log.explained(tmp_path)
    assert {host.host: host.protocols for host in one.history.hosts} == {
        "https://h1.test": ("h2",), "https://h2.test": ("h1",), "https://q3.test": ("h3",), "http://plain.test": ("h1",),
    }  # fmt: skip
    assert sentences(one)[-1] == "HTTP/1.1 was spoken by http://plain.test, https://h2.test. 2 hosts spoke HTTP/2 or HTTP/3."


def test_a_log_without_requests(tmp_path: Path) -> None:
    log = NetLog()
    log.event(1, "SOCKET_ALIVE", 1, BEGIN)
    assert answer(log.explained(tmp_path)) == "The log has no HTTP request."
