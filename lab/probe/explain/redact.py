"""Takes out of an address what may be secret: user names, passwords, and the values of its query."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from lab.text import one_line
from lab.wire.address import HIDDEN, hidden_parameters, hidden_query

LONGEST_PATH = 160
"""The most characters of a path that are kept: longer ones are data, not names."""

TARGET = re.compile(r"([^?#]*)(?:\?([^#]*))?")
DEFAULT_PORTS = {"http": 80, "ws": 80, "https": 443, "wss": 443}
HTTP_SCHEMES = {"ws": "http", "wss": "https"}


def redacted(url: str) -> str:
    """The address without user, password, fragment and query values: `https://host/path?name=…`."""
    host, rest = origin(url), url
    if host:
        _, _, rest = url.partition("://")
        start = re.search(r"[/?#]", rest)
        rest = rest[start.start() :] if start else ""
    path, query = TARGET.match(rest).groups()  # type: ignore[union-attr]  # it matches everything
    path = hidden_parameters(path)
    if len(path) > LONGEST_PATH:
        path = path[:LONGEST_PATH] + HIDDEN
    return one_line(host + path + (f"?{hidden_query(query)}" if query else ""))


def origin(url: str) -> str:
    """Scheme, host and port of an address, without user and password; empty if it has none. The scheme's own port is left out,
    and ws is the same as http: they share connections."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:  # A port or an IPv6 address that is none.
        return ""
    if not parts.hostname:
        return ""
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    scheme = HTTP_SCHEMES.get(parts.scheme, parts.scheme)
    return f"{scheme}://{host}" + (f":{port}" if port is not None and port != DEFAULT_PORTS.get(scheme) else "")
