"""A comparison of two runs: its sentences, tables and lists."""

from __future__ import annotations

from lab.report.tables import Column, Row, Table
from lab.results.compare import Comparison
from lab.text import counted

BEFORE, AFTER = Column("before", "A"), Column("after", "B")


def words(comparison: Comparison) -> list[str]:
    """The answer first: which limits moved, and how much else changed."""
    count, changed = comparison.compared, len(comparison.changed)
    if not count:
        return ["The two runs have no cell in common that can be compared."]
    if not changed:
        return [f"Nothing changed beyond the spread in {counted(count, 'cell')}."]
    moved = comparison.moved or ["No limit moved."]
    return [*moved, f"{changed} of {counted(count, 'cell')} changed beyond the spread."]


def made_with(comparison: Comparison) -> list[Table]:
    """A table of what differs between the runs as a whole: versions and machines."""
    rows = tuple(Row(None, one.what, {"before": one.before, "after": one.after}) for one in comparison.differences)
    return [Table("Versions and machines that differ", "of", (BEFORE, AFTER), rows)] if rows else []


def changes(comparison: Comparison) -> list[Table]:
    """A table with a row for each change of each cell."""
    rows = tuple(
        Row(None, f"{one.engine}, {one.cell}", {"what": each.what, "before": each.before, "after": each.after})
        for one in comparison.changed
        for each in one.differences
    )
    columns = (Column("what", "what"), BEFORE, AFTER)
    return [Table("What changed beyond the spread", "cell", columns, rows)] if rows else []


def lists(comparison: Comparison) -> list[tuple[str, tuple[str, ...]]]:
    """The cells that were not compared, listed by the reason."""
    every = (
        ("Not comparable", comparison.doubtful),
        ("Latency was not compared (that takes two repeats in each run)", comparison.single),
        ("Only in A", comparison.only_before),
        ("Only in B", comparison.only_after),
    )
    return [(title, cells) for title, cells in every if cells]
