"""The tables of verdict kinds and of limits: a row each, and what they do to a run."""

from __future__ import annotations

from lab.model.verdict import KINDS, LABELS, Kind, Limit


def test_every_kind_has_a_row_of_its_own() -> None:
    assert KINDS.keys() == set(Kind)
    for field in ("label", "glyph", "gravity", "meaning"):
        assert len({getattr(row, field) for row in KINDS.values()}) == len(Kind), field


def test_by_itself_only_a_fault_of_the_lab_makes_a_run_fail() -> None:
    assert {kind for kind, row in KINDS.items() if row.exit_code} == {Kind.HARNESS_FAULT}
    assert {kind for kind, row in KINDS.items() if row.strict_exit_code} == {Kind.HARNESS_FAULT, Kind.REFUTED, Kind.DISPUTED}


def test_every_limit_has_words_of_its_own() -> None:
    assert LABELS.keys() == set(Limit)
    assert len({limit.label for limit in Limit}) == len(Limit)
    assert Limit.CONNECTIONS.label == "connections per host"
