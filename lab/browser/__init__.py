"""The browser side: engines found or installed, launched, and driven. Never trio or Hypercorn.

What the rest of the lab may ask of a browser is here, without a word of Playwright, so that an engine can be driven by other
means (WebDriver, a remote machine) without a change elsewhere.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, NoReturn, Protocol

from lab.model.browsers import BrowserLog


class Tab(Protocol):
    """One tab. Every method raises HarnessFaultError when the browser is gone."""

    async def open(self, url: str) -> None:
        """Navigate; return when the new document has loaded and its scripts have run, however long the browser waits."""

    async def ask(self, expression: str) -> Any:
        """The value of a JavaScript expression in the page; a promise is awaited."""

    async def picture(self) -> bytes:
        """What a person would see in its upper left corner just now, as a JPEG; of a tab whose navigation is pending too."""

    async def close(self) -> None: ...


class Profile(Protocol):
    """A fresh profile: its own connection pools, shared by all its tabs."""

    async def new_tab(self) -> Tab: ...
    async def close(self) -> None: ...


class Browser(Protocol):
    """A running browser. `network_log` is the file it writes its own account to, if it has one."""

    @property
    def engine(self) -> str: ...
    @property
    def version(self) -> str: ...
    @property
    def network_log(self) -> Path | None: ...
    @property
    def roots(self) -> tuple[int, ...]:
        """The processes it began with, by their numbers; none, where it runs elsewhere."""

    @property
    def alive(self) -> bool: ...
    async def lost(self) -> NoReturn:
        """Raises HarnessFaultError as soon as the browser has gone, or the process of one of its tabs has crashed."""

    async def account(self, cell: str) -> BrowserLog | None:
        """Which of a cell's requests it holds back just now, by its own log; None where it keeps none."""

    async def new_profile(self) -> Profile: ...
    async def close(self) -> None: ...
