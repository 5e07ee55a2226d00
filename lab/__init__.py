"""Seventh Tab: how many tabs of a live page stay live, what holds the others back, with proof.

The names here are all that a scenario needs.
"""

from lab.scenario import Tabs, scenario

__all__ = ["Tabs", "scenario"]
