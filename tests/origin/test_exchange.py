"""When a client has gone, and when its answer was complete."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import pytest
import trio

from lab.origin.exchange import Exchange, until_gone

SCOPE = {"type": "http", "method": "GET", "path": "/", "http_version": "1.1", "query_string": b"", "headers": []}


def gone(serve: Callable[[Callable[[], None]], Awaitable[None]]) -> bool:
    """What `until_gone` says of a client, which leaves when `serve` calls what it is given."""

    async def run() -> bool:
        left = trio.Event()

        async def receive() -> Mapping[str, Any]:
            await left.wait()
            return {"type": "http.disconnect"}

        async def send(message: Mapping[str, Any]) -> None:
            raise AssertionError(message)

        return await until_gone(Exchange(SCOPE, receive, send), lambda: serve(left.set), trio.CancelScope())

    return trio.run(run)


async def stays(leave: Callable[[], None]) -> None:
    await trio.lowlevel.checkpoint()


async def leaves_in_the_middle(leave: Callable[[], None]) -> None:
    leave()
    await trio.sleep_forever()


async def leaves_with_the_whole_answer(leave: Callable[[], None]) -> None:
    leave()
    for _ in range(5):  # That it has left is noticed, and the answer is whole all the same.
        await trio.lowlevel.cancel_shielded_checkpoint()


@pytest.mark.parametrize(
    ("serve", "expected"), [(stays, False), (leaves_in_the_middle, True), (leaves_with_the_whole_answer, False)]
)
def test_a_client_has_gone_only_before_its_answer_was_whole(
    serve: Callable[[Callable[[], None]], Awaitable[None]], expected: bool
) -> None:
    assert gone(serve) is expected
