"""Host allow-list, against DNS rebinding: requests whose Host is not one of ours get 421. IP addresses are always allowed.

A page from anywhere may let a name of its own resolve to this machine, and would then read this origin as its own.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable

LOCAL = "localhost"
"""It and every name under it are this machine's (RFC 6761 section 6.3)."""


def own_names(names: Iterable[str]) -> frozenset[str]:
    """The names that the origin answers to, beside those under localhost."""
    return frozenset({LOCAL, *(name.lower().rstrip(".") for name in names)})


def is_own(host: str, names: frozenset[str]) -> bool:
    """Whether a Host field (RFC 9110 section 7.2), with or without its port, names this origin. `names` are its `own_names`."""
    name = without_port(host).lower().rstrip(".")
    return name in names or name.endswith(f".{LOCAL}") or is_address(name)


def without_port(host: str) -> str:
    """The same without its port, and an IPv6 address without its brackets."""
    return host[1:].partition("]")[0] if host.startswith("[") else host.partition(":")[0]


def is_address(name: str) -> bool:
    """Whether a name is an IP address, of version 4 or 6."""
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
