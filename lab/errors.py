"""Errors, by whose fault they are. Every error that a user may meet is one of these classes, and says what to do next.

`exit_code` is documented in docs/commands.md; the command line prints `message` and `todo`, never a traceback. Any other
exception is a bug of the lab: it passes through unchanged, so that it is found.
"""

from __future__ import annotations


class LabError(Exception):
    """An error for a reader. `message`: what was expected and what was found; `todo`: the next step."""

    exit_code = 4

    def __init__(self, message: str, todo: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.todo = todo

    def __str__(self) -> str:
        return f"{self.message}: {self.todo}" if self.todo else self.message


class UsageError(LabError):
    """The user's fault: an option, a port in use, a folder that can't be written, a scenario file, a results file."""

    exit_code = 2


class NoBrowserError(LabError):
    """The machine's fault: no engine could be started."""

    exit_code = 3


class MachineError(LabError):
    """The machine's fault: the disk is full, or the origin can't be started."""

    exit_code = 4


class HarnessFaultError(LabError):
    """The lab's own fault: the instrument failed, so the measured value is not known."""

    exit_code = 4


class NoAnswerError(HarnessFaultError):
    """Something did not answer before its watchdog's time was over: it hangs, or the machine is too busy. Whoever records it
    asks which (lab/measure/slowness.py)."""


class InconclusiveError(LabError):
    """Nobody's fault: a precondition of the question was not met (no limit was reached, not every client was live), so the cell
    has no answer. `todo` says which setting to change."""

    exit_code = 0


class UnsupportedError(LabError):
    """Nobody's fault: what a cell needs is not on this machine, or can't do this. The cell is `unsupported`; `todo` says what
    to install."""

    exit_code = 0
