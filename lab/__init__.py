"""Seventh Tab: how many tabs of a live page stay live, what holds the others back, with proof.

The names here are all that a scenario needs.
"""

from lab.cell import Case, Claim, Side
from lab.scenario import Tabs, scenario

__all__ = ["Case", "Claim", "Side", "Tabs", "scenario"]
