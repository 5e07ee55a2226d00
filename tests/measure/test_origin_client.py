"""The driver's client of the origin, against a real one: every verb is confirmed; any other status is a fault of the lab."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from lab.errors import HarnessFaultError
from lab.measure.origin import Origin, origin, reachable
from lab.model.ledger import CellBegan, StreamOpened
from tests.tools.control import H1


def with_origin(leaf: Path, folder: Path, check: Callable[[Origin], Awaitable[None]]) -> None:
    async def run() -> None:
        async with origin(leaf, folder) as running:
            await check(running)

    asyncio.run(run())


def test_a_cell_has_a_ledger_of_its_own_that_begins_with_it(leaf: Path, tmp_path: Path) -> None:
    async def check(running: Origin) -> None:
        first = await running.begin("one", 100)
        assert [type(event) for event in first.events[:1]] == [CellBegan]
        await running.meter()
        second = await running.begin("two", 7)
        assert isinstance(second.events[0], CellBegan)
        assert (second.events[0].cell, second.events[0].streams_per_connection) == ("two", 7)
        assert all(getattr(event, "cell", "one") == "one" for event in first.events), "no event of another cell"

    with_origin(leaf, tmp_path, check)


def test_what_is_not_of_a_cell_is_not_kept(leaf: Path, tmp_path: Path) -> None:
    """Under `serve` the origin runs for hours, and every event was kept in memory."""

    async def check(running: Origin) -> None:
        client = await asyncio.to_thread(H1, running.port("h1-clear"))
        await asyncio.to_thread(client.get, "/api/v1/live-scores?tab=1&cell=people")
        await running.news()
        assert running.ledger.events == []
        client.close()

    with_origin(leaf, tmp_path, check)


def test_each_verb_is_confirmed_by_the_ledger(leaf: Path, tmp_path: Path) -> None:
    async def check(running: Origin) -> None:
        ledger = await running.begin("c", 100)
        before = await running.meter()
        await running.publish()
        assert (await running.meter(anew=True)).last == before.last + 1
        await running.pace(50)
        await running.pace(0)
        client = await asyncio.to_thread(H1, running.port("h1-clear"))
        await asyncio.to_thread(client.get, "/api/v1/live-scores?tab=1&cell=c")
        await running.wait_for(lambda: bool(ledger.of(StreamOpened)))
        assert await running.end("c", 1) is True
        assert (await running.drop("c", "end")).how == "end"
        client.close()

    with_origin(leaf, tmp_path, check)


def test_there_was_nothing_to_end(leaf: Path, tmp_path: Path) -> None:
    """A stream that had just been answered: it counted as a release that brought nobody."""

    async def check(running: Origin) -> None:
        await running.begin("c", 100)
        assert await running.end("c", 1) is False

    with_origin(leaf, tmp_path, check)


@pytest.mark.parametrize("status", [99, 700])
def test_a_refusal_that_the_origin_does_not_accept_is_a_fault(leaf: Path, tmp_path: Path, status: int) -> None:
    """It was ignored, and then the cell measured streams that nobody refused."""

    async def check(running: Origin) -> None:
        await running.begin("c", 100)
        with pytest.raises(HarnessFaultError, match="with status 400, not 204"):
            await running.refuse("c", status, "text/plain")

    with_origin(leaf, tmp_path, check)


def test_a_drop_that_the_origin_does_not_know_is_a_fault(leaf: Path, tmp_path: Path) -> None:
    """It waited for an event that never comes, until the end of the cell."""

    async def check(running: Origin) -> None:
        await running.begin("c", 100)
        with pytest.raises(HarnessFaultError, match="with status 400, not 204"):
            await running.drop("c", "gently")

    with_origin(leaf, tmp_path, check)


@pytest.mark.parametrize("content_type", ["text/html; charset=utf-8", "image/svg+xml", "text/plain;x=a&b#c?d"])
def test_a_content_type_arrives_as_it_was_asked_for(leaf: Path, tmp_path: Path, content_type: str) -> None:
    """One with a space was an InvalidURL, and one with a plus arrived with a space."""

    async def check(running: Origin) -> None:
        await running.begin("c", 100)
        await running.refuse("c", 503, content_type)
        client = await asyncio.to_thread(H1, running.port("h1-clear"))
        answer = await asyncio.to_thread(client.get, "/api/v1/live-scores?tab=1&cell=c")
        assert answer.status_code == 503
        assert dict(answer.headers)[b"content-type"] == content_type.encode()
        client.close()

    with_origin(leaf, tmp_path, check)


@pytest.mark.parametrize(
    ("bound", "reached"),
    [("127.0.0.1", "127.0.0.1"), ("0.0.0.0", "127.0.0.1"), ("::", "[::1]"), ("::1", "[::1]"), ("localhost", "localhost")],
)
def test_an_origin_bound_to_every_address_is_reached_at_one(bound: str, reached: str) -> None:
    """`serve --bind 0.0.0.0` printed https://0.0.0.0:PORT/, and `--bind ::` an address without brackets."""
    assert reachable(bound) == reached


def test_an_origin_that_dies_under_serve_says_so(leaf: Path, tmp_path: Path) -> None:
    async def check(running: Origin) -> None:
        running.process.kill()
        with pytest.raises(HarnessFaultError, match="while it was serving: start it again"):
            await running.wait_for(lambda: False)

    with_origin(leaf, tmp_path, check)
