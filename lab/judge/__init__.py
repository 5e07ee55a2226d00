"""Stage 3: the judge. It says what an observation means.

Rules.
1. The judge is pure: the same observation always gives the same verdict, so old evidence can be judged again.
2. It believes no single witness (lab/judge/witnesses.py), and each witness may be absent.

What it may not know: browsers, servers and files.

How it works. `obstacle` finds the cells that can't be judged. Then the cell's question chooses the function that judges it, one
file each. A new question is a row in `VERDICTS`.

The kinds of verdict keep apart what is easily confused: a browser that differs from the documentation (`refuted`: a finding),
witnesses that disagree (`disputed`), a cell without an answer (`inconclusive`), an engine that can't do this (`unsupported`),
and an instrument that failed (`harness_fault`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from lab.judge import buffering, calibration, delivery, drops, hops, limits, payloads, pools, probe, silence, starvation
from lab.judge.witnesses import Witnesses, witnesses_of
from lab.model.cell import CONTROL_CLIENT
from lab.model.connections import Connection, connections_of
from lab.model.ledger import OriginFault
from lab.model.observation import Observation
from lab.model.protocols import of_door
from lab.model.verdict import Doubt, Kind, Verdict

VERDICTS: dict[str, Callable[[Observation, Witnesses], Verdict]] = {
    "limits": limits.verdict,
    "pools": pools.verdict,
    "starvation": starvation.verdict,
    "delivery": delivery.verdict,
    "drops": drops.verdict,
    "payloads": payloads.verdict,
    "hops": hops.verdict,
    "buffering": buffering.verdict,
    "silence": silence.verdict,
    "probe": probe.verdict,
}
"""The function that judges each question, by the name in lab/model/questions.py."""


def judge(seen: Observation) -> Verdict:
    """The verdict on one cell. Raises KeyError for a question without a row in `VERDICTS`."""
    verdict = obstacle(seen) or VERDICTS[seen.cell.question](seen, witnesses_of(seen))
    return calibration.checked(verdict, seen.cell) if seen.cell.engine == CONTROL_CLIENT else verdict


def obstacle(seen: Observation) -> Verdict | None:
    """The verdict on a cell that can't be judged; None if it can be judged."""
    if seen.missing is not None:
        return Verdict(kind=Kind.UNSUPPORTED, why=seen.missing)
    if seen.too_busy is not None and not reported(seen):
        return Verdict(kind=Kind.INCONCLUSIVE, doubt=Doubt.BUSY_MACHINE, why=seen.too_busy)
    if faults := faults_of(seen):
        return Verdict(kind=Kind.HARNESS_FAULT, why="; ".join(faults))
    if seen.unmet is not None:
        return Verdict(kind=Kind.INCONCLUSIVE, doubt=Doubt.PRECONDITION, why=seen.unmet)
    if seen.settled_ms is None:
        return Verdict(kind=Kind.HARNESS_FAULT, why="the cell ended before it was settled")
    if foreign := foreign_protocol(seen):
        return Verdict(kind=Kind.UNSUPPORTED, why=foreign)
    if busy := delivery.busy(seen):
        return Verdict(kind=Kind.INCONCLUSIVE, doubt=Doubt.BUSY_MACHINE, why=busy)
    return None


def faults_of(seen: Observation) -> list[str]:
    """The lab's own failures: those that it reported; each page that failed to load instead of waiting; and the case that no
    page was answered, though the browser held none back."""
    faults = reported(seen)
    for client in seen.clients:
        if client.errors and not client.document:
            faults.append(f"the page of client {client.tab} failed to load instead of waiting: {client.errors[0]}")
    log = seen.browser_log
    if seen.clients and log and not log.held and not log.missing and not any(client.document for client in seen.clients):
        faults.append(
            f"not one of {len(seen.clients)} pages was answered: see origin.log beside the report, and whether anything stands "
            "between browser and origin (a proxy, a filter)"
        )
    return faults


def reported(seen: Observation) -> list[str]:
    """What failed by its own account. A busy machine makes things slow, but is no reason for any of this."""
    own = [event for event in seen.ledger or () if isinstance(event, OriginFault)]
    return [f"the origin failed at {event.where}: {event.error}" for event in own] + list(seen.faults)


def foreign_protocol(seen: Observation) -> str:
    """Why this cell did not measure the door's protocol; empty if it did. After a drop, clients may reconnect by another
    protocol: that is part of the answer."""
    dropped_ms = min((drop.dropped_ms for drop in seen.drops), default=seen.settled_ms or 0.0)
    rows: Sequence[Connection] = connections_of(seen.ledger or (), seen.cell.name)
    for row in rows:
        wanted = of_door(row.door).alpn
        if row.opened_ms <= dropped_ms and row.streams and row.protocol != wanted:
            return f"the browser was offered {wanted} and negotiated {row.protocol or 'nothing'}"
    return ""
