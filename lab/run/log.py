"""run.log: what the driver did and which errors it met, in lines with times, so that a fault can be explained later.

Every module writes to its own standard logger under `lab`. The lines go to run.log beside the report, and with --verbose to
standard error too. Their times are milliseconds since the run began, of the monotonic clock.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import click

from lab.model.ledger import now_ms

RUN_LOG = "run.log"


class Lines(logging.Formatter):
    """Formats a line as `  1234 ms  message`."""

    def __init__(self) -> None:
        super().__init__("%(at_ms)9d ms  %(message)s")
        self._began = now_ms()

    def format(self, record: logging.LogRecord) -> str:
        record.at_ms = now_ms() - self._began
        return super().format(record)


class RunLog(logging.FileHandler):
    """The log file. A line that can't be written (a full disk) is reported once, and the run goes on."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, encoding="utf-8", errors="backslashreplace")
        self._reported = False

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802  # logging's own name
        if not self._reported:
            self._reported = True
            click.echo(f"seventh-tab: {self.baseFilename} can't be written: {sys.exc_info()[1]}", err=True)

    def close(self) -> None:
        with suppress(OSError):  # The error has already been reported.
            super().close()


@contextmanager
def run_log(folder: Path, *, verbose: bool) -> Iterator[None]:
    """Write run.log into `folder` inside the block; afterwards the logger is as it was before. `verbose`: write to standard
    error too."""
    handlers: list[logging.Handler] = [RunLog(folder / RUN_LOG)]
    if verbose:
        handlers.append(logging.StreamHandler())
    top, lines = logging.getLogger("lab"), Lines()
    before = top.level, top.propagate
    top.setLevel(logging.DEBUG)
    top.propagate = False
    for handler in handlers:
        handler.setFormatter(lines)
        top.addHandler(handler)
    try:
        yield
    finally:
        top.level, top.propagate = before
        for handler in handlers:
            top.removeHandler(handler)
            handler.close()
