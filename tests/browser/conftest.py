"""Real browsers for the tests of one file: a loop, Playwright's session in it, and browsers that many tests share."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from contextlib import AsyncExitStack
from typing import Any

import pytest

from lab.browser import Session
from lab.browser import playwright as driver

Run = Callable[[Coroutine[Any, Any, Any]], Any]

PATIENCE_S = 15.0


@pytest.fixture(scope="module")
def run() -> Iterator[Run]:
    """Runs a coroutine to its end, within a time; all of a file in one loop."""
    with asyncio.Runner() as runner:
        yield lambda work: runner.run(asyncio.wait_for(work, PATIENCE_S))


@pytest.fixture(scope="module")
def playwright_session(run: Run) -> Iterator[Session]:
    stack = AsyncExitStack()
    yield run(stack.enter_async_context(driver.session()))
    run(stack.aclose())
