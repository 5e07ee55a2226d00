"""The scenarios of a run in the order in which they are told, each with what kind of question it was and its tables."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from lab.report import delivery as way_sheets
from lab.report import tables as sheets
from lab.report.tables import Sheet
from lab.results.file import Results
from lab.results.repeats import Group, groups

KINDS: dict[str, Callable[[Sequence[Group]], list[Sheet]]] = {
    "tabs": sheets.live,
    "ways": way_sheets.ways,
    "drops": way_sheets.drops,
    "payloads": way_sheets.payloads,
    "walls": sheets.live,
    "pools": sheets.pools,
    "starvation": sheets.starvation,
}
"""In order. `walls`: a finder's cells, or those of another way of opening."""


class Section(msgspec.Struct, frozen=True):
    kind: str
    name: str
    groups: tuple[Group, ...]

    @property
    def sheets(self) -> list[Sheet]:
        return KINDS[self.kind](self.groups)


def sections(results: Results) -> list[Section]:
    by_scenario: dict[str, list[Group]] = {}
    for one in groups(results):
        by_scenario.setdefault(one.first.scenario, []).append(one)
    found = [Section(kind_of(members), name, tuple(members)) for name, members in by_scenario.items()]
    return sorted(found, key=lambda section: list(KINDS).index(section.kind))


def kind_of(members: Sequence[Group]) -> str:
    runs = [run for one in members for run in one.runs]
    for kind, of in (("ways", "way"), ("drops", "drops"), ("payloads", "payloads")):
        if any(getattr(run, of) for run in runs):
            return kind
    if any(run.case for run in runs):
        return "pools"
    if any(run.probes for run in runs):
        return "starvation"
    found = [run for run in runs if run.live is not None]
    plain = all(run.opened == "tabs" and run.up_to == run.asked for run in found)
    return "tabs" if plain else "walls"


def of_kind(results: Results, wanted: str) -> list[Group]:
    return [one for section in sections(results) if section.kind == wanted for one in section.groups]
