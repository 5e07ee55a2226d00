"""The recorder: whose place a request gets, and what is kept of a log that is too long to keep."""

from __future__ import annotations

from lab.model.verdict import Limit
from lab.probe.explain.history import History, Outcome
from lab.probe.explain.recorder import EVERY, MOST_HOLDERS, Recorder

POOL = "a pool"


def ended(recorder: Recorder, end_ms: float = 1000) -> History:
    return recorder.history(log="x", browser="", began="", origin_ms=0, end_ms=end_ms, timed=True, notes=())


def held(recorder: Recorder, *keys: str) -> None:
    for key in keys:
        recorder.asked(key, f"https://a.test/{key}", 0)
        recorder.served(key, 0, POOL, alone=True)


def waits(recorder: Recorder, *keys: str, at_ms: float = 10) -> None:
    for key in keys:
        recorder.asked(key, f"https://a.test/{key}", at_ms)
        recorder.waits(key, Limit.CONNECTIONS, POOL, at_ms)


def test_places_are_passed_on_in_the_order_in_which_they_became_free() -> None:
    recorder = Recorder()
    held(recorder, "a", "b")
    waits(recorder, "c", "d", "e")
    recorder.ended("b", 20)
    recorder.ended("a", 21)
    recorder.served("d", 22, POOL)
    recorder.served("c", 23, POOL)
    by = {one.url[-1]: one for one in ended(recorder).requests}
    assert [(name, by[name].waits[0].released_by) for name in "cde"] == [("c", 1), ("d", 2), ("e", None)]
    assert by["e"].waits[0].outcome == Outcome.WAITING
    assert by["c"].waits[0].holders == (1, 2)


def test_a_place_that_became_free_before_anybody_waited_is_nobodys() -> None:
    recorder = Recorder()
    held(recorder, "a", "b")
    recorder.ended("a", 5)
    waits(recorder, "c")
    recorder.served("c", 20, POOL)
    assert [one.waits[0].released_by for one in ended(recorder).requests if one.waits] == [None]


def test_a_request_that_did_not_matter_is_only_counted() -> None:
    recorder = Recorder()
    for number in range(1000):
        recorder.asked(number, "https://a.test/", number)
        recorder.served(number, number, POOL, alone=True)
        recorder.ended(number, number + 0.5)
    held(recorder, "late")
    found = ended(recorder)
    assert found.counted == 1001
    assert found.requests == ()
    assert [(host.requests, host.most_at_once) for host in found.hosts] == [(1001, 1)]


def test_holders_that_ended_while_somebody_waited_are_kept() -> None:
    recorder = Recorder()
    held(recorder, "a")
    waits(recorder, "b")
    recorder.ended("b", 20)
    recorder.ended("a", 30)
    assert [one.url[-1] for one in ended(recorder).requests] == ["a", "b"]


def test_very_many_holders_are_counted_and_some_named() -> None:
    recorder = Recorder()
    held(recorder, *(f"h{number}" for number in range(300)))
    recorder.asked("w", "https://b.test/", 10)
    recorder.waits("w", Limit.SOCKETS, EVERY, 10)
    [wait] = next(one for one in ended(recorder).requests if one.waits).waits
    assert (wait.held, len(wait.holders)) == (300, MOST_HOLDERS)


def test_a_connection_that_becomes_http2_is_no_place_of_the_first_request() -> None:
    recorder = Recorder()
    held(recorder, "a")
    recorder.about("a", protocol="h2")
    recorder.shares("a", 1)
    recorder.served("a", 1, "session")
    waits(recorder, "b")
    found = ended(recorder)
    [wait] = next(one for one in found.requests if one.waits).waits
    assert wait.held == 0
    assert found.hosts[0].most_at_once == 1


def test_the_same_wait_is_not_told_twice_and_another_one_ends_it() -> None:
    recorder = Recorder()
    waits(recorder, "a")
    recorder.waits("a", Limit.CONNECTIONS, POOL, 20)
    recorder.waits("a", Limit.SOCKETS, EVERY, 30)
    [request] = ended(recorder).requests
    assert [(one.limit, one.since_ms, one.until_ms) for one in request.waits] == [
        (Limit.CONNECTIONS, 10, 30), (Limit.SOCKETS, 30, None),
    ]  # fmt: skip


def test_a_key_that_comes_again_is_another_request() -> None:
    recorder = Recorder()
    waits(recorder, "a")
    waits(recorder, "a", at_ms=50)
    assert [(one.began_ms, one.waits[0].until_ms) for one in ended(recorder).requests] == [(10, 50), (50, None)]
