"""Converts older results files to the present schema.

In schema 3 a cell was flat: its values, the counts and the verdict side by side, and some names meant two things. Schema 2 is
the same with fewer fields. Both become schema 4 here; no other file knows them.

No measured number is changed. Two things are corrected. If clients share one page, `documents` counted clients, so it is
removed, with the sentence that repeated it. And a delivery cell on a machine that was too busy was called a fault of the lab;
it becomes inconclusive. Three fields that were never shown are left out: `latest_ms`, `grown_bytes` and the slowest first
update.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from lab.model import questions
from lab.model.axes import DIRECT
from lab.model.cell import CONTROL_CLIENT, STREAMS, Cell
from lab.model.openings import OPENINGS
from lab.model.verdict import LABELS, Doubt, Kind

SCHEMA = "seventh-tab/4"
OLDER = ("seventh-tab/2", "seventh-tab/3")
READABLE = (*OLDER, SCHEMA)

Json = dict[str, Any]

RENAMED = {"walls": "limits", "ways": "delivery", "coming_back": "reconnection"}
"""Scenarios by their old names."""

RENAMED_CASES = {"pools": {"another host": "another host and its own page"}}
"""Cases by their scenario, then by their old names."""

RECORDED = {"way": "delivery", "drops": "drops", "payloads": "payloads", "sides": "pools", "probes": "starvation"}
"""The question of a cell, by the field that it recorded: older files did not store the question."""

ASKED = {
    "ways": "delivery", "drops": "drops", "coming_back": "drops", "payloads": "payloads",
    "pools": "pools", "starvation": "starvation", "no_starvation": "starvation",
}  # fmt: skip
"""The question of each built-in scenario, for runs that measured no cell of it."""

LIMIT_KEYS = {label: limit.value for limit, label in LABELS.items()}
"""Each limit by its label: older files stored the label."""

WITNESSES = ("pages", "ledger", "network log", "release")
LATE = "the origin itself was "
DOCUMENTS = re.compile(r"; [0-9]+ documents had loaded")


def upgrade(data: Json) -> Json:
    """The same results in schema 4. Raises ValueError for data that does not match its own schema."""
    try:
        asked = questions_of([*data.get("calibration", []), *data["cells"]])
        return {
            **data,
            "schema": SCHEMA,
            "questions": {RENAMED.get(name, name): text for name, text in data["questions"].items()},
            "browsers": [renamed(one, mend="fix") for one in data.get("browsers", [])],
            "calibration": [upgraded_cell(one, asked) for one in data.get("calibration", [])],
            "cells": [upgraded_cell(one, asked) for one in data["cells"]],
        }
    except (AttributeError, IndexError, KeyError, TypeError) as error:
        raise ValueError(f"{type(error).__name__} {error}") from error


def renamed(old: Mapping[str, Any], **names: str) -> Json:
    """The same object with other names for some fields."""
    return {names.get(name, name): value for name, value in old.items()}


def without(old: Mapping[str, Any], *names: str) -> Json:
    """The same object without some fields."""
    return {name: value for name, value in old.items() if name not in names}


def questions_of(cells: Iterable[Json]) -> dict[str, str]:
    """The question of each scenario: by the fields that its cells recorded, else by its name, else by whether it has cases."""
    found: dict[str, set[str]] = {}
    for one in cells:
        kinds = found.setdefault(one["scenario"], set())
        kinds.update(question for field, question in RECORDED.items() if one.get(field))
        kinds.update({"cases"} if one.get("case") else ())
    return {name: question_of(name, kinds) for name, kinds in found.items()}


def question_of(scenario: str, kinds: set[str]) -> str:
    """The question of one scenario, from the `kinds` of its cells."""
    recorded = next((question for question in RECORDED.values() if question in kinds), None)
    return recorded or ASKED.get(scenario) or ("pools" if "cases" in kinds else questions.DEFAULT_QUESTION)


def upgraded_cell(old: Json, asked: Mapping[str, str]) -> Json:
    """One cell, nested instead of flat."""
    cell = cell_of(old, asked)
    kept = ("engine_version", "seconds", "load", "settled_ms", "quiet_ms", "rows", "probes", "payloads", "lines")
    return {
        **{name: old[name] for name in kept if name in old},
        "name": Cell(**cell).name,
        "cell": cell,
        "verdict": verdict_of(old, cell),
        "claim": claim_of(old["claim"]),
        "opened": old["asked"],
        "clients": old["tabs"],
        "releases": [{**one, "held": [held_of(each) for each in one["held"]]} for one in old["releases"]],
        "sides": [renamed(one, asked="opened") for one in old["sides"]],
        "delivery": delivery_of(old["way"]) if old.get("way") else None,
        "drops": [{**one, "ended": counters_of(one["ended"])} for one in old.get("drops", [])],
        "screenshots": [renamed(one, jpeg="image") for one in old.get("pictures", [])],
        "command": command_of(old["command"]),
    }


def cell_of(old: Json, asked: Mapping[str, str]) -> Json:
    """The value of each axis, from fields that were flat."""
    former: str = old["scenario"]
    scenario = RENAMED.get(former, former)
    return {
        "scenario": scenario,
        "question": asked[old["scenario"]],
        "engine": old["engine"],
        "protocol": old["protocol"],
        "transport": old["transport"],
        "opening": old["opened"],
        "at_most": old["up_to"],
        "streams": STREAMS if old["streams_per_connection"] is None else old["streams_per_connection"],
        "interval_ms": old.get("interval_ms"),
        "per_second": old.get("per_second"),
        "route": DIRECT,
        "case": RENAMED_CASES.get(scenario, {}).get(old["case"], old["case"]),
        "repeat": old["repeat"],
    }


def claim_of(old: Json) -> Json:
    """A claim, as one of three kinds: in older files every claim had both `limit` and `answer`."""
    said = renamed(old, opened="openings")
    if old.get("answer") is not None:
        return {**without(said, "limit"), "says": "answer", "answer": upgraded_answer(old["answer"])}
    if old["limit"] is None:
        return {**without(said, "limit", "answer"), "says": "unlimited"}
    return {**without(said, "answer"), "says": "at_most"}


def upgraded_answer(old: str) -> str:
    """An answer in present words, so that old and new runs can be compared."""
    said = "as specified" if old == "all as said" else re.sub(r"^otherwise: ", "differs: ", old)
    return re.sub(r"\b1 updates lost", "1 update lost", said)


def verdict_of(old: Json, cell: Json) -> Json:
    """The verdict, from fields that were flat; its sentences and causes in the words of schema 4."""
    own, kind, doubt = OPENINGS[cell["opening"]].own_document, old["verdict"], None
    if cell["question"] == "delivery" and kind == Kind.HARNESS_FAULT and old["why"].startswith(LATE):
        kind, doubt = Kind.INCONCLUSIVE.value, Doubt.BUSY_MACHINE.value
    statements = [statement_of(one, cell) for one in old["witnesses"]]
    spoke = [one for one in statements if one["witness"] in WITNESSES and not one["says"].startswith("Unavailable")]
    agreed = [one for one in spoke if kind != Kind.DISPUTED or one.get("live") == old["live"]]
    return {
        "kind": kind,
        "why": old["why"].replace("the claim is all as said", "claim: as specified"),
        "live": old["live"],
        "documents": old["documents"] if own else None,
        "connections": old["connections"],
        "max_streams": old["max_streams"],
        "cause": None if old["cause"] is None else LIMIT_KEYS.get(old["cause"], old["cause"]),
        "answer": None if old["answer"] is None else upgraded_answer(old["answer"]),
        "doubt": doubt,
        "witnesses": statements,
        "spoke": len(spoke),
        "agreed": len(agreed),
    }


def statement_of(old: Json, cell: Json) -> Json:
    """The statement of a witness, without the wrong number of documents for clients that share one page."""
    says = re.sub(r"^Not heard: ", "Unavailable: ", old["says"])
    if not OPENINGS[cell["opening"]].own_document:
        says = DOCUMENTS.sub("" if cell["engine"] == CONTROL_CLIENT else "; their page had loaded", says)
    return {**old, "says": says, "witness": "pages" if old["witness"] == "page" else old["witness"]}


def held_of(old: Json) -> Json:
    """A request that the browser held back: its limit was written in words."""
    return {**old, "waits_for": LIMIT_KEYS.get(old["waits_for"], old["waits_for"])}


def counters_of(old: Json) -> Json:
    """The origin's counters; the event was called Metered."""
    return {**without(renamed(old, late_ms="delay_ms"), "latest_ms"), "event": "Counters"}


def delivery_of(old: Json) -> Json:
    """The figures of a delivery, under the names of schema 4."""
    figures = without(renamed(old, latency_ms="latency_percentiles_ms", late_ms="delay_ms"), "latest_ms")
    first = old["first_ms"]
    return {
        **figures,
        "first_ms": first[0] if first else None,
        "origin": without(old["origin"], "grown_bytes"),
        "browser": without(old["browser"], "grown_bytes"),
    }


def command_of(old: str) -> str:
    """The command, with present names."""
    named = re.sub(r"(?<= -- )([a-z_]+)(?= )", lambda found: RENAMED.get(found[1], found[1]), old)
    return named.replace(" --opened ", " --opening ")
