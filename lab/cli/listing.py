"""What `list` prints: a line for each scenario, or everything about one."""

from __future__ import annotations

import re
from collections.abc import Iterable

from lab.browser.engines import ENGINES
from lab.model.cell import Cell
from lab.model.protocols import PROTOCOLS
from lab.results.names import cell_label
from lab.scenario.scenario import Scenario
from lab.scenario.selection import Choice, cells
from lab.text import clean, counted

BREADTHS = {"--quick": "quick", "without an option": "main", "--thorough": "thorough", "--all": "all"}
"""How many cells a run measures, by the option that says so; the values are those of `Choice.breadth`."""


def scenario_line(one: Scenario, name_width: int) -> str:
    """One scenario in a line: its name, and the first sentence of its question."""
    first = re.split(r"(?<=[.?]) ", " ".join(one.words.split()), maxsplit=1)[0]
    return clean(f"{one.name:<{name_width}}  {first}")


def scenario_lines(one: Scenario) -> list[str]:
    """Everything about one scenario: its question, the cells of a run, its cases, its claims with their sources."""
    return [clean(line) for part in (question(one), cells_of(one), cases(one), claims(one)) for line in part]


def question(one: Scenario) -> list[str]:
    """The question in words, and the values of the axes."""
    axes = {
        "question": (one.question,),
        "protocols": one.protocols,
        "transports": one.transports,
        "openings": one.openings,
        "routes": one.routes,
        "tabs at most": tuple(map(str, one.tabs)),
        "streams allowed": tuple(map(str, one.streams)),
        "intervals, ms": tuple(f"{name}: {', '.join(map(str, every))}" for name, every in one.intervals.items()),
        "updates a second": (f"{one.per_second:g}",) if one.per_second else (),
    }
    lines = [f"{name}: {', '.join(values)}" for name, values in axes.items() if values]
    return [" ".join(one.words.split()), "", *lines, ""]


def cells_of(one: Scenario) -> list[str]:
    """How many cells a run measures; each cell of a run without an option, and what a thorough run measures besides."""

    def of(engine: str, breadth: str) -> list[str]:
        return [cell_words(cell) for cell in cells(one, Choice(engines=(engine,), breadth=breadth))]

    counts = {
        option: len(list(cells(one, Choice(engines=tuple(ENGINES), breadth=breadth)))) for option, breadth in BREADTHS.items()
    }
    told = ", ".join(f"{count} {option}" for option, count in counts.items())
    names, thorough = (
        dict.fromkeys(words for engine in ENGINES for words in of(engine, breadth)) for breadth in ("main", "thorough")
    )
    more = [f"- {name}" for name in thorough if name not in names]
    return [
        f"cells in {counted(len(ENGINES), 'engine')}: {told}; without an option these:",
        *(f"- {name}" for name in names),
        *(["with --thorough also:", *more] if more else []),
        "",
    ]


def cell_words(cell: Cell) -> str:
    """A cell without its engine and its repeat: `streams in one page over HTTP/2 by server-sent events, 10 streams allowed`."""
    streams = f", {counted(cell.streams, 'stream')} allowed" if PROTOCOLS[cell.protocol].multiplexed else ""
    return cell_label(cell) + streams


def cases(one: Scenario) -> list[str]:
    """The names of its cases; nothing where there are none."""
    names = list(filter(None, one.cases))
    return [f"cases: {', '.join(names)}", ""] if names else []


def claims(one: Scenario) -> Iterable[str]:
    """Each claim, what it is about, and its source."""
    yield "claims (the first that fits a cell is its claim):"
    for claim in one.claims:
        about = [*claim.engines, *claim.protocols, *claim.transports, *claim.openings, *claim.routes, *claim.cases]
        fits = f" ({', '.join(about)})" if about else ""
        yield f"- {claim}{fits} {claim.basis}: {claim.source}"
