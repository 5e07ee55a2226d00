"""The judge: what an Observation means. Pure: the same observation always gives the same verdict.

It keeps apart what people confuse: a browser that does otherwise than is said (`refuted`: a finding), witnesses that disagree
(`disputed`), an engine that can't do this (`unsupported`), and an instrument that failed (`harness_fault`).
"""

from __future__ import annotations

from collections.abc import Sequence

from lab.judge.delivery import WaysBench, late_in_words
from lab.judge.drops import DropsBench
from lab.judge.limits import Bench
from lab.judge.payloads import PayloadsBench
from lab.judge.pools import PoolBench
from lab.judge.starvation import StarvationBench
from lab.model import ledger
from lab.model.connections import Connection, connections_of
from lab.model.observation import Observation
from lab.model.protocols import of_door
from lab.model.verdict import Kind, Limit, Statement, Verdict

__all__ = ["Limit", "Kind", "Statement", "Verdict", "judge"]


def judge(seen: Observation) -> Verdict:
    if seen.missing is not None:
        return Verdict(kind=Kind.UNSUPPORTED, why=seen.missing)
    faults = faults_of(seen)
    if faults or seen.settled_ms is None:
        return Verdict(kind=Kind.HARNESS_FAULT, why="; ".join(faults) or "the cell ended before it was settled")
    rows = connections_of(seen.ledger, seen.cell.name)
    dropped_ms = min((drop.dropped_ms for drop in seen.drops), default=seen.settled_ms)  # What comes back may come otherwise.
    foreign = foreign_protocols([row for row in rows if row.opened_ms <= dropped_ms])
    if foreign:
        return Verdict(kind=Kind.UNSUPPORTED, why=foreign)
    return bench_of(seen)(seen, rows, seen.settled_ms).verdict()


def bench_of(seen: Observation) -> type[Bench]:
    """What kind of question it was, by what was seen."""
    if seen.listened:
        return WaysBench
    if seen.drops:
        return DropsBench
    if seen.payloads:
        return PayloadsBench
    return PoolBench if seen.sides else StarvationBench if seen.probes else Bench


def faults_of(seen: Observation) -> list[str]:
    """The instrument's own failures; tabs that failed to load instead of loading or waiting; and that no page came at all,
    though the browser held none back."""
    own = [event for event in seen.ledger if isinstance(event, ledger.OriginFault)]
    faults = [f"the origin failed at {event.where}: {event.error}" for event in own] + list(seen.faults)
    for tab in seen.tabs:
        if tab.errors and not tab.document:
            faults.append(f"tab {tab.tab} failed to load instead of waiting: {tab.errors[0]}")
    log = seen.browser_log
    if seen.tabs and log and not log.held and not log.missing and not any(tab.document for tab in seen.tabs):
        faults.append(
            f"not one of {len(seen.tabs)} pages was answered: see origin.log beside the report, and whether anything stands "
            "between browser and origin (a proxy, a filter)"
        )
    return [*faults, *filter(None, [late_in_words(seen)])]


def foreign_protocols(rows: Sequence[Connection]) -> str:
    """Why this was not a measurement of the doors' protocol, or nothing."""
    for row in rows:
        wanted = of_door(row.door).alpn
        if row.streams and row.protocol != wanted:
            return f"the browser was offered {wanted} and negotiated {row.protocol or 'nothing'}"
    return ""
