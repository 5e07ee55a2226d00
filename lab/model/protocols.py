"""The protocols under test: one row each. A door of the origin serves exactly one of them.

A new protocol over TCP is a new row here; nothing else lists them.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec


class Protocol(msgspec.Struct, frozen=True):
    """One protocol. `alpn` is what a connection must have negotiated (RFC 7301). `family` is its name in findings.
    `multiplexed`: one connection carries many streams."""

    name: str
    title: str
    scheme: str
    alpn: str
    family: str
    multiplexed: bool

    @property
    def tls(self) -> bool:
        return self.scheme == "https"


PROTOCOLS = {
    row.name: row
    for row in (
        Protocol("h1-clear", "HTTP/1.1 without TLS", "http", "http/1.1", "HTTP/1.1", multiplexed=False),
        Protocol("h1", "HTTP/1.1 over TLS", "https", "http/1.1", "HTTP/1.1", multiplexed=False),
        Protocol("h2", "HTTP/2", "https", "h2", "HTTP/2", multiplexed=True),
    )
}

SECOND = "-2"
"""The suffix in the name of a protocol's second door, which differs from the first only in its port."""


def of_door(name: str) -> Protocol:
    """The protocol of the door `name`. Raises KeyError for an unknown door."""
    return CONTROL if name == CONTROL.name else PROTOCOLS[name.removesuffix(SECOND)]


CONTROL = Protocol("control", "control door", "http", "http/1.1", "HTTP/1.1", multiplexed=False)
"""The control door, for requests that must not touch the measured pools. It has another port, so the browser uses another
pool."""

DOORS = (*PROTOCOLS, *(f"{name}{SECOND}" for name in PROTOCOLS), CONTROL.name)
"""The names of all doors of an origin: two for each protocol, and the control door."""

MAX_PORT = 65535


def parse_ports(values: Iterable[str]) -> dict[str, int]:
    """Fixed ports by door, from texts of the form DOOR=PORT; port 0 means any free one. Raises ValueError, which names the
    wrong text and what was expected."""
    ports: dict[str, int] = {}
    for value in values:
        door, _, number = value.partition("=")
        if door not in DOORS:
            raise ValueError(f"{value!r}: expected DOOR=PORT, with a door of {', '.join(DOORS)}")
        if not (number.isascii() and number.isdigit() and len(number) <= len(str(MAX_PORT)) and int(number) <= MAX_PORT):
            raise ValueError(f"{value!r}: expected DOOR=PORT, with a port from 0 to {MAX_PORT}")
        ports[door] = int(number)
    return ports
