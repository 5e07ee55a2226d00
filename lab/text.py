"""Text: cleaned for terminals and XML, and joined into sentences."""

from __future__ import annotations

import re
from collections.abc import Sequence

FORBIDDEN = re.compile("[^\t\n\r\x20-\x7e\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Every character that XML 1.0 does not allow (section 2.2), and the control characters from 0x7F on."""

NONE = "–"
"""What a table shows where there is no value."""


def clean(text: str) -> str:
    """The text, with U+FFFD in place of each forbidden character."""
    return FORBIDDEN.sub("\N{REPLACEMENT CHARACTER}", text)


def one_line(text: str) -> str:
    """The text, cleaned, on one line: a chart can't show a NUL, and its sorting fails at U+2028."""
    return " ".join(clean(text).split())


def listed(parts: Sequence[str]) -> str:
    """`a, b and c`."""
    return " and ".join([", ".join(parts[:-1]), parts[-1]]) if len(parts) > 1 else "".join(parts)


def counted(number: int, noun: str) -> str:
    """`1 stream`, `2 streams`."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def amount(count: int) -> str:
    """A number of bytes: `1.2 GB`, `40 MB`, `0.5 MB`."""
    if count >= 1_000_000_000:
        return f"{count / 1_000_000_000:.1f} GB"
    return f"{count / 1_000_000:.0f} MB" if count >= 1_000_000 or not count else f"{count / 1_000_000:.1f} MB"


def first_sentence(words: str) -> str:
    """The words up to the end of their first sentence."""
    return re.split(r"(?<=\.) (?=[A-Z])", words, maxsplit=1)[0]


def sentence(words: str) -> str:
    """The words, with a capital first letter."""
    return words[:1].upper() + words[1:]
