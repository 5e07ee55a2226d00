"""Text from elsewhere (a browser, a scenario, a results file) without what a terminal would obey and XML forbids."""

from __future__ import annotations

import re

FORBIDDEN = re.compile("[^\t\n\r\x20-\x7e\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""All but the characters of XML 1.0 (its section 2.2), of which the control characters from 0x7F on are left out too."""


def clean(text: str) -> str:
    """The same text with a replacement character for each that is forbidden."""
    return FORBIDDEN.sub("\N{REPLACEMENT CHARACTER}", text)
