"""The doctor's tables, for a terminal of 80 columns."""

from __future__ import annotations

from collections.abc import Sequence

from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from lab.browser.engines import ENGINES
from lab.doctor.machine import Check
from lab.doctor.proxies import ProxyFound
from lab.model.browsers import LaunchAttempt
from lab.model.verdict import KINDS, Kind
from lab.text import NONE, clean

GOOD, WARNING, BAD = (KINDS[kind].style for kind in (Kind.CONFIRMED, Kind.DISPUTED, Kind.HARNESS_FAULT))


def checks_table(checks: Sequence[Check]) -> Table:
    """A table with a row for each check of the machine."""
    table = Table(box=SIMPLE_HEAD, padding=0)
    for name in ("checked", "found", "problem: fix"):
        table.add_column(name, overflow="fold")
    for one in checks:
        style = BAD if one.fails else WARNING if one.problem else GOOD
        words = f"{one.problem}: {one.fix}" if one.problem else NONE
        table.add_row(Text(clean(one.what)), Text(clean(one.found), style), Text(clean(words)))
    return table


def proxies_table(found: Sequence[ProxyFound]) -> Table:
    """A table with a row for each program of a proxy, and each that is missing."""
    table = Table(box=SIMPLE_HEAD, padding=0)
    for name in ("proxy", "found", "variants", "fix"):
        table.add_column(name, overflow="fold")
    for one in found:
        style = WARNING if one.fix else GOOD
        table.add_row(one.proxy, Text(clean(one.found), style), str(one.routes), Text(clean(one.fix)))
    return table


def attempts_table(attempts: Sequence[LaunchAttempt]) -> Table:
    """A table with a row for each browser that was tried."""
    table = Table(show_lines=True)
    table.add_column("engine")
    for name in ("candidate", "found, or why not", "fix"):
        table.add_column(name, overflow="fold")
    for one in attempts:
        found = Text(f"found, {clean(one.version)}", GOOD) if one.version else Text(clean(one.reason or ""))
        fix = "" if one.version else one.fix
        table.add_row(ENGINES[one.engine].title, Text(clean(one.what)), found, Text(clean(fix)))
    return table
