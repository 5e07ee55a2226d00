"""The axes: the properties in which cells can differ (engine, protocol, transport…). One row each.

These rows define the command line's options, a cell's name, the fields of claims, the report's filters, comparisons, and the
command that runs one cell again. The command line fills in which values may be chosen, because only it knows every engine.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal
from zlib import crc32

import msgspec


class Axis(msgspec.Struct, frozen=True, kw_only=True):
    """One axis.

    `field` is the name of the cell's field, `option` the option on the command line, `label` the name for a reader, `help` the
    option's help text. `kind` is the type of its values: `name` (one of a list), `integer` or `number` (within `bounds`).
    `many`: the option may be given several times. `claimed_by` is the field by which a claim is restricted to some values;
    empty: claims can't be. `in_name` makes the axis's part of a cell's name; an empty part is left out. `unit` is written after
    a value. `aliases` are former names of the option, kept for one release."""

    field: str
    option: str
    label: str
    help: str
    kind: Literal["name", "integer", "number"] = "name"
    bounds: tuple[float, float] = (1, 2**31 - 1)
    many: bool = True
    claimed_by: str = ""
    in_name: Callable[[Any], str] = str
    unit: str = ""
    aliases: tuple[str, ...] = ()
    filtered: bool = False
    """Whether the report's table of all cells can be filtered by this axis."""

    @property
    def label_of_values(self) -> str:
        """The name of a value in an error message: `engine`, `opening`."""
        return self.field.replace("_", " ")


def case_name(case: str) -> str:
    """The case's part of a cell's name: ASCII letters, digits and hyphens, safe in a URL. A name with other characters gets a
    checksum, so that two such names differ."""
    slug = "".join(letter if letter.isascii() and letter.isalnum() else "-" for letter in case.lower())
    slug = "-".join(part for part in slug.split("-") if part)
    checksum = crc32(case.encode(errors="surrogatepass"))
    return slug if case.isascii() else f"{slug}-{checksum:08x}".lstrip("-")


def unless(usual: object, written: Callable[[Any], str]) -> Callable[[Any], str]:
    """A function for `in_name`: empty for the `usual` value, else what `written` returns."""
    return lambda value: "" if value == usual else written(value)


DIRECT = "direct"
LEAST_INTERVAL_MS, MOST_INTERVAL_MS = 10, 60_000
MOST_PER_SECOND = 1000.0

AXES = (
    Axis(field="engine", option="--engine", label="engine", help="Browser engine.", claimed_by="engines", filtered=True),
    Axis(field="protocol", option="--protocol", label="protocol", help="Protocol that clients use.", claimed_by="protocols",
         filtered=True),
    Axis(field="transport", option="--transport", label="transport", help="How updates are sent.", claimed_by="transports",
         filtered=True),
    Axis(field="opening", option="--opening", label="opened as",
         help="How clients are opened: as tabs, as frames, in one page…", claimed_by="openings", aliases=("--opened",)),
    Axis(field="at_most", option="--tabs", label="at most", help="The most clients to open.", kind="integer",
         bounds=(1, 2000), many=False),
    Axis(field="streams", option="--streams-per-connection", label="streams allowed",
         help="The origin's HTTP/2 setting MAX_CONCURRENT_STREAMS.", kind="integer", many=False),
    Axis(field="interval_ms", option="--interval", label="interval", help="Time from one poll to the next, in ms.",
         kind="integer", bounds=(LEAST_INTERVAL_MS, MOST_INTERVAL_MS), in_name=unless(None, "{}ms".format), unit="ms"),
    Axis(field="per_second", option="--updates-per-second", label="updates a second",
         help="Updates that the origin publishes each second while latency is measured.", kind="number",
         bounds=(0, MOST_PER_SECOND), many=False,
         in_name=unless(None, "{:g}ps".format)),
    Axis(field="route", option="--route", label="route", claimed_by="routes", in_name=unless(DIRECT, str),
         help="How requests reach the origin: direct, or through a variant of a proxy (`doctor` counts them)."),
    Axis(field="case", option="--case", label="case",
         help="A case of the scenario; `list SCENARIO` shows their names.", claimed_by="cases", in_name=case_name),
)  # fmt: skip
"""In the order in which they stand in a cell's name."""
