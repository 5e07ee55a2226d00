"""One cell for results.json, from what was seen and what the judge says of it."""

from __future__ import annotations


def cell_result(seen: Observation, verdict: Verdict) -> CellResult:
    cell = seen.cell
    began = next((event.at_ms for event in seen.ledger if isinstance(event, ledger.CellBegan)), 0.0)
    rows = connections_of(seen.ledger, seen.cell.name)
    return CellResult(
        name=cell.name,
        scenario=cell.scenario,
        engine=cell.engine,
        engine_version=seen.engine_version,
        protocol=cell.protocol,
        transport=cell.transport,
        opened=cell.opened,
        case=cell.case,
        group=cell.group,
        asked=len(seen.tabs) or seen.asked or cell.asked,
        up_to=cell.asked,
        repeat=cell.repeat,
        interval_ms=cell.interval_ms,
        per_second=cell.per_second,
        live=verdict.live,
        documents=verdict.documents,
        connections=verdict.connections,
        max_streams=verdict.max_streams,
        claim=seen.claim,
        verdict=verdict.kind.value,
        cause=verdict.cause.value if verdict.cause else None,
        answer=verdict.answer,
        why=verdict.why,
        seconds=round(seen.seconds, 3),
        load=seen.load,
        streams_per_connection=seen.streams_per_connection,
        witnesses=verdict.witnesses,
        tabs=since(began, seen.tabs),
        rows=tuple(since(began, row) for row in rows),
        releases=since(began, seen.releases),
        sides=seen.sides,
        probes=since(began, seen.probes),
        way=way(seen),
        drops=since(began, seen.drops),
        payloads=seen.payloads,
        pictures=seen.pictures,
        lines=lines(seen),
        settled_ms=since(began, seen.settled_ms),
        quiet_ms=seen.quiet_ms,
        command=command(seen),
    )


def command(seen: Observation) -> str:
    """What runs just this cell again; nothing for what every run does by itself."""
    cell = seen.cell
    if not seen.source:
        return ""
    words = f"python3 -m nox -s lab -- {seen.source} --engine {cell.engine} --protocol {cell.protocol}"
    words += f" --transport {cell.transport} --opened {cell.opened} --tabs {cell.asked}"
    words += f" --streams-per-connection {cell.streams} --repeat 1"
    words += f" --interval {cell.interval_ms}" if cell.interval_ms else ""
    words += f" --updates-per-second {cell.per_second:g}" if cell.per_second else ""
    return words + (f" --case {shlex.quote(cell.case)}" if cell.case else "")


MOMENTS = {"begun_ms", "opened_ms", "closed_ms", "ended_ms", "arrived_ms", "since_ms", "at_ms"}
MOMENTS |= {"dropped_ms", "asked_ms", "live_ms"}


def since(began: float, value: Any, moment: bool = True) -> Any:
    """The same value with every moment in it counted from `began`."""
    if isinstance(value, int | float):
        return round(value - began, 3) if moment else value
    if isinstance(value, tuple):
        return tuple(since(began, item, moment=False) for item in value)
    if isinstance(value, msgspec.Struct):
        changed = {name: since(began, getattr(value, name), moment=name in MOMENTS) for name in value.__struct_fields__}
        return type(value)(**changed)
    return value
