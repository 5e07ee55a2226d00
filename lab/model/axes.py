"""The axes: in what one cell can differ from another. One row each.

The command line's options, a cell's name, claims, the report's filters, comparisons and the command that runs one cell again
are derived from these rows. Which values may be chosen is filled in by the command line, which alone knows every engine.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal
from zlib import crc32

import msgspec


class Axis(msgspec.Struct, frozen=True, kw_only=True):
    """One axis.

    `field` is the cell's field, `option` the command line's, `label` what a reader calls it, `help` the option's help.
    `kind` is what its values are: `name` (one of a list), `integer` or `number` (within `bounds`).
    `many`: the option may be given several times. `claimed_by` is the field of a claim that restricts it to some values;
    empty: claims can't. `in_name` is its part of a cell's name; an empty part is left out. `unit` stands after a value where a
    reader meets it. `aliases` are former names of the option, kept for one release."""

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
    """Whether the report's table of all cells can be filtered by it."""

    @property
    def label_of_values(self) -> str:
        """What one of its values is called in an error: `engine`, `opening`."""
        return self.field.replace("_", " ")


def case_name(case: str) -> str:
    """A case's part of a cell's name: letters, digits and hyphens, fit for a URL. A name with other letters than ASCII gets a
    checksum, so that two of them differ."""
    slug = "".join(letter if letter.isascii() and letter.isalnum() else "-" for letter in case.lower())
    slug = "-".join(part for part in slug.split("-") if part)
    checksum = crc32(case.encode(errors="surrogatepass"))
    return slug if case.isascii() else f"{slug}-{checksum:08x}".lstrip("-")


def unless(usual: object, written: Callable[[Any], str]) -> Callable[[Any], str]:
    """A part of the name that is left out for the usual value."""
    return lambda value: "" if value == usual else written(value)


DIRECT = "direct"
LEAST_INTERVAL_MS, MOST_INTERVAL_MS = 10, 60_000
MOST_PER_SECOND = 1000.0

AXES = (
    Axis(field="engine", option="--engine", label="engine", help="Browser engine.", claimed_by="engines", filtered=True),
    Axis(field="protocol", option="--protocol", label="protocol", help="Protocol of the door.", claimed_by="protocols",
         filtered=True),
    Axis(field="transport", option="--transport", label="transport", help="How updates are sent.", claimed_by="transports",
         filtered=True),
    Axis(field="opening", option="--opening", label="opened as", help="What stands for a tab.", claimed_by="openings",
         aliases=("--opened",)),
    Axis(field="at_most", option="--tabs", label="at most", help="Open at most this many.", kind="integer",
         bounds=(1, 2000), many=False),
    Axis(field="streams", option="--streams-per-connection", label="streams allowed",
         help="The origin's HTTP/2 setting MAX_CONCURRENT_STREAMS.", kind="integer", many=False),
    Axis(field="interval_ms", option="--interval", label="interval", help="From one poll to the next, in ms.",
         kind="integer", bounds=(LEAST_INTERVAL_MS, MOST_INTERVAL_MS), in_name=unless(None, "{}ms".format), unit="ms"),
    Axis(field="per_second", option="--updates-per-second", label="updates a second",
         help="The feed's pace while updates are followed.", kind="number", bounds=(0, MOST_PER_SECOND), many=False,
         in_name=unless(None, "{:g}ps".format)),
    Axis(field="route", option="--route", label="route", help="How requests get to the origin.", claimed_by="routes",
         in_name=unless(DIRECT, str)),
    Axis(field="case", option="--case", label="case", help="A case of the scenario, by its name.", claimed_by="cases",
         in_name=case_name),
)  # fmt: skip
"""In the order in which they stand in a cell's name."""
