"""The engines: one row each. No other code has an engine's name in it.

A row says where a browser may be found, how it can be installed, which driver drives it, and which log it keeps. A new engine
is a row here, a reader in lab/browser/logs/ if it keeps a log, and a driver if no present driver can drive it.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import msgspec

from lab.browser.logs.follow import FollowedLog
from lab.browser.logs.mozlog import MozLog
from lab.browser.logs.netlog import NetLog
from lab.browser.logs.network_log import NetworkLog


class BriefLog(msgspec.Struct, frozen=True, kw_only=True):
    """A smaller log. `environment` is added to that of the full log. `missing` says why such a log can't be a witness."""

    environment: Mapping[str, str]
    missing: str


class EngineLog(msgspec.Struct, frozen=True, kw_only=True):
    """The network log that an engine keeps.

    `file` is its name in a run's folder. `arguments` and `environment` make the browser write it; in them, `{log}` is replaced
    by its path, and `{stem}` by its path without the last suffix. `others` is a pattern for the names of further files that it
    writes, with `{stem}` for the name without the last suffix. `reader` reads the log; None: it is not a witness. `brief` is
    the smaller form; None: there is none.
    """

    file: str
    arguments: tuple[str, ...] = ()
    environment: Mapping[str, str] = {}
    others: str = ""
    reader: type[FollowedLog] | None = None
    brief: BriefLog | None = None

    def switches(self, path: Path, *, brief: bool = False) -> tuple[list[str], dict[str, str]]:
        """The arguments and the environment that make the browser write its log to `path`."""
        names = {"log": str(path), "stem": str(path.with_suffix(""))}
        environment = {**self.environment, **(self.brief.environment if brief and self.brief else {})}
        arguments = [one.format_map(names) for one in self.arguments]
        return arguments, {name: value.format_map(names) for name, value in environment.items()}

    def follow(self, path: Path, *, brief: bool = False, keep: bool = False) -> NetworkLog:
        """The log at `path`, to read while a browser writes it. `keep`: keep the whole log."""
        others = self.others.format(stem=path.stem)
        if brief and self.brief is not None:
            return NetworkLog(path, missing=self.brief.missing, others=others, keep=keep)
        if self.reader is None:
            return NetworkLog(path, missing=f"the lab has no reader for {self.file}", others=others, keep=keep)
        return NetworkLog(path, reader=self.reader(path), others=others, keep=keep)


class Engine(msgspec.Struct, frozen=True, kw_only=True):
    """One engine.

    `driver` is the import path of its driver. `commands` are looked up on PATH; `packages` are names of Debian packages.
    `leaf_argument` makes it trust one certificate by the hash of its public key, `{leaf}`; empty: it has no such argument.
    `devtools`: it understands the Chrome DevTools Protocol.

    `preferences` are Firefox's own settings (about:config) for its throw-away profile.

    For Playwright's driver only: `browser_type` is Playwright's name for the kind of browser (empty: the engine's name).
    `channels` are its names for browsers that the system may have. `command_channel` is the channel for a command on PATH:
    Playwright drives a system Firefox by WebDriver BiDi, as channel moz-firefox.
    """

    name: str
    title: str
    driver: str
    commands: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()
    leaf_argument: str = ""
    devtools: bool = False
    log: EngineLog | None = None
    preferences: Mapping[str, str | int | bool] = {}
    browser_type: str = ""
    channels: tuple[str, ...] = ()
    command_channel: str | None = None

    @property
    def variable(self) -> str:
        """The environment variable that names a path or a ws:// endpoint to use."""
        return f"SEVENTH_TAB_{self.name.upper()}"

    @property
    def package_command(self) -> str:
        """The command by which the present user can install the engine's packages on Debian; empty if it has none."""
        install = " ".join(["apt-get install --no-install-recommends", *self.packages])
        return "" if not self.packages else install if os.geteuid() == 0 else f"sudo {install}"


PLAYWRIGHT = "lab.browser.playwright"

ENGINES = {
    row.name: row
    for row in (
        Engine(
            name="chromium",
            title="Chromium",
            driver=PLAYWRIGHT,
            commands=("chromium", "chromium-browser", "google-chrome-stable"),
            packages=("chromium",),
            leaf_argument="--ignore-certificate-errors-spki-list={leaf}",
            devtools=True,
            log=EngineLog(file="chromium.netlog.json", arguments=("--log-net-log={log}",), reader=NetLog),
            channels=("chrome", "msedge"),
        ),
        Engine(
            name="firefox",
            title="Firefox",
            driver=PLAYWRIGHT,
            commands=("firefox-esr", "firefox"),
            packages=("firefox-esr",),
            log=EngineLog(
                file="firefox.moz_log",
                environment={"MOZ_LOG": "timestamp,sync,nsHttp:5", "MOZ_LOG_FILE": "{stem}"},  # It adds .moz_log itself.
                others="{stem}.child-*.moz_log",  # The processes of its tabs write their own.
                reader=MozLog,
                brief=BriefLog(
                    environment={"MOZ_LOG": "timestamp,sync,nsHttp:4"},  # The lines about the queue have level 5.
                    missing="Firefox kept only a brief log: a full one of hundreds of hosts would be gigabytes",
                ),
            ),
            # No animations in the browser's own window: those of tabs that load took a quarter of its CPU time.
            preferences={"ui.prefersReducedMotion": 1},
            command_channel="moz-firefox",
        ),
    )
}
