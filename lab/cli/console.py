"""Output to the terminal: errors on standard error, everything else on standard output; and what a terminal can't print."""

from __future__ import annotations

import codecs
import os
import sys
from collections.abc import Iterable

from rich.console import Console
from rich.text import Text

from lab.errors import LabError

TABLE_WIDTH = 80  # The width of tables where there is no terminal to ask.

ASCII = {"●": "#", "○": ".", "×": "x", "…": "~", "–": "-", "·": "|", "±": "~", "“": '"', "”": '"'}
"""What is printed where the output's encoding lacks a character; for any other one `?`."""

COLOURS = {"●+( ●+)*": "green", "○+( ○+)*": "yellow"}


def replaced(error: UnicodeError) -> tuple[str, int]:
    """The error handler of the outputs: an ASCII character for each that the encoding lacks."""
    assert isinstance(error, UnicodeEncodeError)
    return "".join(ASCII.get(letter, "?") for letter in error.object[error.start : error.end]), error.end


codecs.register_error("seventh-tab", replaced)


def print_anything() -> None:
    """Let both outputs print every text, whatever their encoding is."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="seventh-tab")


def output() -> Console:
    """Standard output."""
    console = Console(highlight=False)
    return console if console.is_terminal or "COLUMNS" in os.environ else Console(highlight=False, width=TABLE_WIDTH)


def print_lines(console: Console, lines: Iterable[str]) -> None:
    """Print lines that are not wider than the terminal, with the marks of live and waiting tabs in their colours."""
    for line in lines:
        text = Text(line)
        for mark, colour in COLOURS.items():
            text.highlight_regex(mark, colour)
        console.print(text, soft_wrap=True)


def complain(error: LabError) -> None:
    """Print an error as one line on standard error."""
    Console(stderr=True, highlight=False).print(f"seventh-tab: {error}", markup=False, soft_wrap=True)
