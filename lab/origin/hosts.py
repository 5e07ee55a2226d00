"""Under which names the origin answers. A page of anywhere may have a name of its own resolve to this machine (DNS rebinding),
and would then read what is here as its own: who asks for a name that is not the origin's is told so. An address is no name."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable

HERE = "localhost"
"""It and every name under it are this machine's (RFC 6761 section 6.3)."""


class Hosts:
    """`names` are those it may be called by, besides this machine's own."""

    def __init__(self, names: Iterable[str] = ()) -> None:
        self._names = {HERE, *(name.lower() for name in names)}

    def knows(self, host: str) -> bool:
        """Whether a Host field (RFC 9110 section 7.2), with its port or without, names this origin."""
        name = bare(host).lower().rstrip(".")
        return name in self._names or name.endswith(f".{HERE}") or is_address(name)


def bare(host: str) -> str:
    """Without its port, and an IPv6 address without its brackets."""
    return host[1:].partition("]")[0] if host.startswith("[") else host.partition(":")[0]


def is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
