"""The only entrance: lab, tests, lint, bench, soak. Each session installs what the lock names, by its hashes, no more."""

from __future__ import annotations

import nox

nox.options.sessions = ["tests", "lint"]
nox.options.reuse_existing_virtualenvs = True
nox.needs_version = ">=2024.4"


def install(session: nox.Session) -> None:
    """Install the locked packages and this project. pip refuses a package whose hash is not in the lock."""
    session.install("--require-hashes", "-r", "requirements.lock")
    session.install("--no-deps", "-e", ".")


def browsers(session: nox.Session) -> None:
    """Install the missing browsers, and say which browser a run would use."""
    session.run("seventh-tab", "doctor", "--install")


@nox.session
def lab(session: nox.Session) -> None:
    """Run the lab and write reports/latest/index.html; arguments go to `seventh-tab run`."""
    install(session)
    browsers(session)
    session.run("seventh-tab", "run", *session.posargs)


@nox.session
def probe(session: nox.Session) -> None:
    """Find out at which tab an app of your own hangs, and why; arguments go to `seventh-tab probe`."""
    install(session)
    browsers(session)
    session.run("seventh-tab", "probe", *session.posargs)


@nox.session
def tests(session: nox.Session) -> None:
    """Run the tests, in real browsers too, in two processes (tests/conftest.py shares them out); arguments go to pytest: `-n0`
    runs them in one process, a path only those below it."""
    install(session)
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
    """Write requirements.lock again from pyproject.toml: every package of every extra, with hashes and without addresses."""
    session.install("uv")
    session.run(
        *("uv", "pip", "compile", "pyproject.toml", "--all-extras", "--universal", "--generate-hashes"),
        *("--python-version", "3.11", "--no-emit-index-url", "--no-header", "--no-config"),
        *("--no-annotate", "--quiet", "--output-file", "requirements.lock", *session.posargs),
    )


@nox.session
def sample(session: nox.Session) -> None:
    """Make reports/sample/ again by one real thorough run, and docs/report.png from it; arguments go to `seventh-tab run`."""
    install(session)
    browsers(session)
    session.run("python", "-m", "tests.tools.sample", *session.posargs)
