"""A comparison as a reader meets it: its first words, its tables and lists, and the page made of them."""

from __future__ import annotations

from lab.report.html import own, template
from lab.report.tables import Row, Sheet, columns
from lab.results.compare import Comparison


def words(comparison: Comparison) -> list[str]:
    """The answer first: which walls moved, and how much else changed."""
    count, changed = comparison.compared, len(comparison.changed)
    cells = f"{count} cell{'' if count == 1 else 's'}"
    if not count:
        return ["The two runs have no cell in common that can be compared."]
    if not changed:
        return [f"Nothing changed beyond the spread in {cells}."]
    return [*(comparison.moved or ["No wall moved."]), f"{changed} of {cells} changed beyond the spread."]


def made_with(comparison: Comparison) -> list[Sheet]:
    """What differs between the runs themselves."""
    rows = tuple(Row(None, one.what, (one.before, one.after)) for one in comparison.differences)
    return [Sheet("What the runs were made with, where that differs", "of", columns("A, B"), rows)] if rows else []


def changes(comparison: Comparison) -> list[Sheet]:
    rows = tuple(
        Row(None, f"{one.engine}, {one.cell}", (each.what, each.before, each.after))
        for one in comparison.changed
        for each in one.differences
    )
    return [Sheet("What changed beyond the spread", "cell", columns("what, A, B"), rows)] if rows else []


def lists(comparison: Comparison) -> list[tuple[str, tuple[str, ...]]]:
    """The cells of which nothing is said, and why."""
    every = (
        ("Not comparable", comparison.doubtful),
        ("Of how late updates came nothing is said, since that takes two repeats in each run", comparison.single),
        ("Only in A", comparison.only_before),
        ("Only in B", comparison.only_after),
    )
    return [(title, cells) for title, cells in every if cells]


def render_comparison(comparison: Comparison) -> str:
    return template("compare.html.j2").render(
        runs=comparison.runs,
        words=words(comparison),
        made_with=made_with(comparison),
        changes=changes(comparison),
        lists=lists(comparison),
        style=own("style.css"),
    )
