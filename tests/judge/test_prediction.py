from __future__ import annotations

import pytest

from lab.judge.prediction import predict
from lab.model.probe import Held, LimitSeen, ProbeReport
from lab.model.wire import BROWSER, Exchange, WireSeen

APP = "http://127.0.0.1:1"
SECURE = "https://127.0.0.1:1"


def held(
    count: int = 1, *, origin: str = APP, kind: str = "event stream", protocol: str = "h1-clear", further: int | None = None
) -> Held:
    return Held(
        origin=origin, url=f"{origin}/events", kind=kind, count=count, further=count if further is None else further,
        protocol=protocol,
    )  # fmt: skip


def limit(live: int, extra: int = 0, *, protocol: str = "h1-clear", opened: int | None = None) -> LimitSeen:
    return LimitSeen(
        protocol=protocol, what="streams", opened=opened or live + 3, live=live, reached=opened is None, extra=extra
    )


def report(*holders: Held, limits: tuple[LimitSeen, ...], asked: int = 12, more: bool = False) -> ProbeReport:
    return ProbeReport(
        url=f"{APP}/", asked=asked, wire=(WireSeen(url=f"{APP}/"),), holders=holders, limits=limits, needs_more=more
    )


@pytest.mark.parametrize(
    ("streams", "places", "extra", "more", "expected"),
    [
        (1, 5, 0, False, {"action": 5, "navigation": 6}),
        (1, 5, 2, False, {"action": 5, "navigation": 8}),
        (2, 6, 0, False, {"action": 3, "navigation": 4}),
        (2, 5, 0, False, {"action": 3, "page": 3}),
        (3, 6, 2, False, {"action": 2, "page": 3}),
        (1, 5, 0, True, {"action": 5, "page": 5}),
        (1, 5, 2, True, {"action": 5, "page": 5}),
        (9, 5, 0, False, {"action": 1, "page": 1}),
        (1, 20, 0, False, {}),
    ],
)
def test_each_way_to_hang_has_its_tab(streams: int, places: int, extra: int, more: bool, expected: dict[str, int]) -> None:
    found = predict(report(held(streams), limits=(limit(places, extra),), more=more))
    assert found.hangs == expected
    assert found.streams_per_tab == streams
    assert found.origin == APP


def test_the_hang_that_is_shown_is_a_tab_that_does_not_come_up() -> None:
    assert predict(report(held(), limits=(limit(5),))).first == (6, "navigation")
    assert predict(report(held(), limits=(limit(5),), asked=5)).first == (5, "action")
    assert predict(report(held(), limits=(limit(5),), asked=4)).first is None


def test_tabs_that_share_a_stream_never_hang() -> None:
    found = predict(report(held(1, further=0), limits=(limit(5),)))
    assert found.hangs == {}
    assert found.answer == "no hang"


def test_streams_on_another_port_starve_the_page_only() -> None:
    other = "http://127.0.0.1:2"
    found = predict(report(held(origin=other), limits=(limit(5),)))
    assert found.hangs == {"page": 6}
    assert found.origin == other


def test_websockets_over_http1_take_no_connection_of_the_requests() -> None:
    found = predict(report(held(kind="WebSocket"), limits=(limit(5),)))
    assert found.hangs == {}


def secure(announced: int | None, *limits: LimitSeen) -> ProbeReport:
    settings = {} if announced is None else {"MAX_CONCURRENT_STREAMS": announced}
    wire = WireSeen(
        url=f"{SECURE}/", alpn="h2", tls="TLSv1.3",
        exchanges=(Exchange(protocol="h2", coding=BROWSER, status=200, settings=settings),),
    )  # fmt: skip
    return ProbeReport(
        url=f"{SECURE}/", asked=12, wire=(wire,), holders=(held(2, origin=SECURE, protocol="h2"),), limits=limits
    )


def test_over_http2_the_server_announces_the_places() -> None:
    found = predict(secure(10, limit(26, protocol="h2", opened=26)))
    assert found.hangs == {"action": 5, "navigation": 6}
    assert any("announced 10" in step for step in found.steps)


def test_over_http2_the_browsers_own_limit_counts_where_it_is_smaller() -> None:
    own = LimitSeen(protocol="h2", what="streams", opened=9, live=6, reached=True, allowed=100)
    assert predict(secure(100, own)).first == (4, "navigation")


def test_without_a_limit_there_is_no_prediction_but_no_hang_is_known() -> None:
    assert predict(secure(None, limit(26, protocol="h2", opened=26))).answer == "no hang"
    assert predict(report(held(), limits=())).answer == "not known"
    assert predict(report(limits=())).answer == "no hang"


def test_a_results_file_that_asks_for_endless_tabs_is_answered() -> None:
    """Found by tests/fuzz: it was counted up to there."""
    made = report(held(2**31, further=0), limits=(limit(2**32),), asked=2**31)
    assert predict(made).answer == "no hang"
