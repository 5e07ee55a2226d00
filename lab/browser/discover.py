"""Finds a browser for an engine, or the reasons why there is none."""

from __future__ import annotations

import importlib
import os
from collections.abc import Mapping, Sequence
from typing import cast

from lab.browser import DEFAULT, Browser, Candidate, Driver, LaunchError, LaunchOptions, Session
from lab.browser.engines import Engine
from lab.model.browsers import LaunchAttempt


def driver_of(engine: Engine) -> Driver:
    """The driver that an engine's row names. It is imported at the first call."""
    return cast(Driver, importlib.import_module(engine.driver))


def candidates(engine: Engine, environment: Mapping[str, str] = os.environ) -> Sequence[Candidate]:
    """The candidates of an engine, from its driver, in the order to try them."""
    return driver_of(engine).candidates(engine, environment)


async def find(
    session: Session,
    engine: Engine,
    options: LaunchOptions = DEFAULT,
    environment: Mapping[str, str] = os.environ,
) -> tuple[Browser | None, list[LaunchAttempt]]:
    """The first candidate that starts, and every attempt up to it.

    `session` is a session of the engine's driver. In `environment` the user may have named a browser."""
    driver, attempts = driver_of(engine), []
    for candidate in candidates(engine, environment):
        browser, attempt = await attempted(driver, session, candidate, options)
        attempts.append(attempt)
        if browser is not None:
            return browser, attempts
    return None, attempts


async def attempted(
    driver: Driver, session: Session, candidate: Candidate, options: LaunchOptions
) -> tuple[Browser | None, LaunchAttempt]:
    """Start one candidate. Returns the browser (None if it did not start), and the attempt."""
    name, what = candidate.engine.name, candidate.what
    try:
        browser = await session.launch(candidate, options)
    except LaunchError as error:
        return None, LaunchAttempt(name, what, reason=str(error), fix=driver.fix(candidate))
    return browser, LaunchAttempt(name, what, version=browser.version)
