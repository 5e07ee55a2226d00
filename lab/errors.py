"""Whose fault it is. Every error that a person may meet is one of these, and says what to do next.

`exit_code` is documented in README.md; the command line prints `message` and `todo`, never a traceback.
"""

from __future__ import annotations

PORT_TAKEN = 5
"""The exit code by which the origin tells the driver that a port it was asked to use can't be bound."""


class LabError(Exception):
    """An error with a reader: what was expected and found (`message`), and the next step (`todo`)."""

    exit_code = 4

    def __init__(self, message: str, todo: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.todo = todo

    def __str__(self) -> str:
        return f"{self.message}: {self.todo}" if self.todo else self.message


class UsageError(LabError):
    """Yours: an option, a port in use, a folder that can't be written, a scenario file, a results file."""

    exit_code = 2


class NoBrowserError(LabError):
    """The machine's: no engine could be started."""

    exit_code = 3


class MachineError(LabError):
    """The machine's: no room on the disk, an origin that can't be started."""

    exit_code = 4


class HarnessFaultError(LabError):
    """Ours: the instrument failed, so what it was measuring is not known."""

    exit_code = 4
