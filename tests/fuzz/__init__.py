"""Input that nobody meant, made up by hypothesis: a clear error or a right answer, never a traceback."""

from __future__ import annotations

from hypothesis import HealthCheck, settings


def rounds(count: int) -> settings:
    """So many examples, the same ones in every run, and nothing kept of them. A slow machine is no failure."""
    return settings(
        max_examples=count, derandomize=True, database=None, deadline=None, suppress_health_check=[HealthCheck.too_slow]
    )
