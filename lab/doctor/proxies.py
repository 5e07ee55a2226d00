"""The proxies on this machine: each program that was found, with its version, and what is missing."""

from __future__ import annotations

import msgspec

from lab.proxies import Proxy
from lab.proxies.find import how_to_get, programs
from lab.proxies.known import PROXIES


class ProxyFound(msgspec.Struct, frozen=True):
    """One program of a proxy, or the lack of one. `routes` are the variants that would be measured with it."""

    proxy: str
    found: str
    routes: int
    fix: str = ""


def found() -> list[ProxyFound]:
    """A row for each program of each proxy, and one for variants that none of them fits."""
    return [row for proxy in PROXIES for row in rows(proxy)]


def rows(proxy: Proxy) -> list[ProxyFound]:
    """The rows of one proxy."""
    there, left, made = programs(proxy), list(proxy.VARIANTS), list[ProxyFound]()
    for one in there:
        fitting = [variant for variant in left if one.fits(variant.versions)]
        left = [variant for variant in left if variant not in fitting]
        made.append(ProxyFound(proxy.TITLE, one.why or f"{one.version}, {one.where}", len(fitting)))
    for versions in dict.fromkeys(variant.versions for variant in left):
        lacking = sum(variant.versions == versions for variant in left)
        what = f"none that is {versions}" if versions else "none"
        made.append(ProxyFound(proxy.TITLE, what, lacking, how_to_get(proxy, versions)))
    return made
