"""Whose fault it is. Every error that a person may meet is one of these, and says what to do next.

`exit_code` is documented in docs/commands.md; the command line prints `message` and `todo`, never a traceback. Any other
exception is a bug of the lab: it passes through unchanged, so that it is found.
"""

from __future__ import annotations


class LabError(Exception):
    """An error with a reader: what was expected and what was found (`message`), and the next step (`todo`)."""

    exit_code = 4

    def __init__(self, message: str, todo: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.todo = todo

    def __str__(self) -> str:
        return f"{self.message}: {self.todo}" if self.todo else self.message


class UsageError(LabError):
    """The user's: an option, a port in use, a folder that can't be written, a scenario file, a results file."""

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


class InconclusiveError(LabError):
    """Nobody's: something that the question needs was not there (no limit was reached, not every client was live), so the cell
    can't be answered as it was asked. `todo` says which setting to change."""

    exit_code = 0
