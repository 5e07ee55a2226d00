"""The engines: one row each, with where such a browser may be found and how it may be had."""

from __future__ import annotations

import msgspec


class Engine(msgspec.Struct, frozen=True):
    """`channels` are Playwright's names for browsers a system has; `commands` are looked up on PATH, and started
    under `command_channel`: a system Firefox is driven by WebDriver BiDi, which Playwright calls moz-firefox."""

    name: str
    title: str
    channels: tuple[str, ...]
    commands: tuple[str, ...]
    command_channel: str | None
    package: str
    network_log: str

    @property
    def variable(self) -> str:
        """The environment variable that names a path or a ws:// endpoint to use."""
        return f"SEVENTH_TAB_{self.name.upper()}"


ENGINES = {
    row.name: row
    for row in (
        Engine(
            name="chromium",
            title="Chromium",
            channels=("chrome", "msedge"),
            commands=("chromium", "chromium-browser", "google-chrome-stable"),
            command_channel=None,
            package="chromium",
            network_log="chromium.netlog.json",
        ),
        Engine(
            name="firefox",
            title="Firefox",
            channels=(),
            commands=("firefox-esr", "firefox"),
            command_channel="moz-firefox",
            package="firefox-esr",
            network_log="firefox.moz_log",
        ),
    )
}
