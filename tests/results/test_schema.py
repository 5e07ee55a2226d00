"""The JSON Schema: as committed, with one description a field, and true of what is written."""

from __future__ import annotations

import json

import msgspec

from lab.results import schema
from lab.results.file import CellResult
from lab.results.schema import json_schema
from tests.conftest import ROOT

PATH = ROOT / "lab" / "results" / "results.schema.json"


def test_the_committed_schema_has_not_drifted() -> None:
    renew = "python -c \"from lab.results.schema import json_schema; print(json_schema(), end='')\""
    assert PATH.read_text(encoding="utf-8") == json_schema(), renew


def test_every_field_is_described_in_one_line() -> None:
    definitions = json.loads(json_schema())["$defs"]
    fields = {
        f"{name}.{field}": row.get("description", "")
        for name, one in definitions.items()
        for field, row in one.get("properties", {}).items()
    }
    assert len(fields) > 150
    assert [name for name, text in fields.items() if not text or "\n" in text] == []
    assert fields["Verdict.live"] == "How many clients were live."
    assert fields["Counters.at_ms"] == "When it happened.", "described where it is inherited from"
    assert fields["AtMost.says"] == schema.TAG


def test_every_struct_is_in_it() -> None:
    definitions = json.loads(json_schema())["$defs"]
    assert definitions.keys() >= schema.classes().keys()
    assert schema.classes()["CellResult"] is CellResult
    assert all(issubclass(one, msgspec.Struct) for one in schema.classes().values())
