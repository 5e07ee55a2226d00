"""How a benchmark prints a figure: the median with its spread."""

from __future__ import annotations

import statistics


def line(name: str, values: list[float], unit: str) -> str:
    low, middle, high = min(values), statistics.median(values), max(values)
    return f"{name:<52} {middle:6.2f} {unit}   ({low:.2f} to {high:.2f}, {len(values)} runs)"
