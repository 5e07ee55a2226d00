"""Host allow-list, against DNS rebinding: requests whose Host is not one of ours get 421. IP addresses are always allowed.

In such an attack, a foreign page lets a name of its own resolve to this machine, so that the browser lets it read this origin.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable

LOCAL = "localhost"
"""This name and every name under it belong to this machine (RFC 6761 section 6.3)."""


def own_names(names: Iterable[str]) -> frozenset[str]:
    """The host names that the origin answers to, in addition to names under localhost."""
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
