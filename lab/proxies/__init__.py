"""Real proxies between the browser and the origin: one file each, with variants of its configuration.

Rules.
1. A variant differs from the proxy's first variant in one thing. Its line stands in the configuration under a comment, MARK,
   as a user would write it.
2. Nothing here says what a variant does to a stream, or what a proxy allows: the lab measures that.
3. A proxy listens on loopback only, runs in the foreground, and keeps every file in a folder of its own.

How it works. A module has the constants and functions of `Proxy`. `find.py` finds its program, `running.py` starts it and ends
it, `relay.py` counts the connections to it. `VARIANTS` has every variant of every proxy by its name, which is the route's name
too.
"""

from __future__ import annotations

import importlib.util
import signal
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

import jinja2
import msgspec

from lab.paths import AUTHORITY, CHAIN, KEY

MARK = "The line that this variant is about:"
"""The comment above a variant's line, in each configuration."""


class Setup(msgspec.Struct, frozen=True, kw_only=True):
    """What a configuration is written for. All ports are on 127.0.0.1.

    `fronts`: where the proxy listens, by the protocol's name: `h1-clear` without TLS; `h1` with TLS, which offers http/1.1
    only; `h2` with TLS, which offers h2 and http/1.1. `origin` and `origin_h2` are the origin's ports for HTTP/1.1 without TLS,
    and for HTTP/2 with TLS. `certs` has the run's chain, key and authority (names in lab/paths.py). `folder` is empty, and the
    proxy's own: its configuration and whatever it writes."""

    fronts: Mapping[str, int]
    origin: int
    origin_h2: int
    certs: Path
    folder: Path


class Variant(msgspec.Struct, frozen=True, kw_only=True):
    """A variant of a proxy's configuration.

    `name` is the name of the route, safe in a URL. `title` is for a reader. `line`: what is written, and `place`: where in
    the template; both are empty for the proxy's own defaults. `behind` is the protocol to the origin. `versions` is a
    requirement on the proxy's version, as in Python's packages: `>=1.29.7`."""

    name: str
    title: str
    line: str = ""
    place: str = ""
    behind: str = "h1-clear"
    versions: str = ""


class Launch(msgspec.Struct, frozen=True, kw_only=True):
    """How to start a proxy: the arguments after its program, and further variables. `reload` is how it reads its configuration
    anew: a signal, further arguments of the program, a file that it watches (to be written again), or None if it can't.
    `configuration` is the text that was written, for the report."""

    arguments: tuple[str, ...]
    configuration: str
    environment: Mapping[str, str] = {}
    reload: signal.Signals | tuple[str, ...] | Path | None = None


class Proxy(Protocol):
    """The contract of a module in this folder.

    `COMMANDS` are its names on PATH. `PACKAGE` brings it from PyPI (empty: nothing does), `DEBIAN` is its Debian package.
    `VERSION` are the arguments that print its version. `VARIANTS`: the first one is the proxy's own defaults."""

    NAME: str
    TITLE: str
    PACKAGE: str
    DEBIAN: str

    @property
    def COMMANDS(self) -> tuple[str, ...]: ...  # noqa: N802  # a constant of a module
    @property
    def VERSION(self) -> tuple[str, ...]: ...  # noqa: N802
    @property
    def VARIANTS(self) -> tuple[Variant, ...]: ...  # noqa: N802

    def wheel(self) -> Path | None:
        """The program in the installed package; None if that is not installed."""

    def configure(self, setup: Setup, variant: Variant) -> Launch:
        """Write the configuration of a variant into `setup.folder`."""


def rendered(template: str, setup: Setup, variant: Variant, **more: object) -> str:
    """The configuration from a template. In it, `{{ at("place") }}` stands where a variant of that place has its lines, alone
    on its line; they get its indentation. `setup`, `variant`, the files `chain`, `key` and `authority`, and
    `more` may be used too."""
    environment = jinja2.Environment(  # noqa: S701  # configurations, not HTML
        undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True
    )
    lines = []
    for line in template.splitlines():
        place = line.strip().removeprefix('{{ at("').removesuffix('") }}')
        if place == line.strip():
            lines.append(line)
        elif variant.line and variant.place == place:
            indent = line[: len(line) - len(line.lstrip())]
            lines += [f"{indent}# {MARK}", *(f"{indent}{one}" for one in variant.line.splitlines())]
    chain, key, authority = (setup.certs / name for name in (CHAIN, KEY, AUTHORITY))
    filled = environment.from_string("\n".join(lines) + "\n")
    return filled.render(setup=setup, variant=variant, chain=chain, key=key, authority=authority, **more)


def in_package(package: str, *path: str) -> Path | None:
    """A file that an installed Python package brings; None if the package or the file is not there."""
    found = importlib.util.find_spec(package)
    places = found.submodule_search_locations if found else None
    program = Path(places[0], *path) if places else None
    return program if program is not None and program.is_file() else None
