"""Waiting for one of several asyncio tasks, and cancelling what is no longer waited for."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterable
from typing import Any


async def wait_first(task: asyncio.Future[Any], other: Coroutine[Any, Any, object]) -> None:
    """Return when one of the two has ended, and raise its error if it failed. `other` is cancelled; `task` goes on."""
    beside = asyncio.ensure_future(other)
    try:
        await asyncio.wait({task, beside}, return_when=asyncio.FIRST_COMPLETED)
        for ended in (beside, task):
            if ended.done():
                ended.result()
    finally:
        await cancel_and_wait(beside)


async def side_by_side(work: Iterable[Coroutine[Any, Any, object]]) -> None:
    """Return when all of this work is done. If some of it fails, cancel the rest, and raise the first error."""
    tasks = [asyncio.ensure_future(one) for one in work]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            await cancel_and_wait(task)


async def cancel_and_wait(task: asyncio.Future[Any]) -> None:
    """Cancel a task and wait until it has ended. An error that it ends with is ignored."""
    task.cancel()
    await asyncio.wait({task})
    if not task.cancelled():
        task.exception()
