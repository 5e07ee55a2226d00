"""Waiting for one of several things, and giving up what is no longer waited for."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any


async def first_of(task: asyncio.Future[Any], moved: Coroutine[Any, Any, object]) -> None:
    """Return when either has ended; only the second is then given up."""
    other = asyncio.ensure_future(moved)
    try:
        await asyncio.wait({task, other}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        await dropped(other)


async def dropped(task: asyncio.Future[Any]) -> None:
    """Give a task up and see it end. What it might have failed with no longer matters to anyone."""
    task.cancel()
    await asyncio.wait({task})
    if not task.cancelled():
        task.exception()
