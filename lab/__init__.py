"""Seventh Tab: how many tabs of a live page stay live, what holds the others back, with proof.

The names here are all that a scenario needs.
"""

from lab.cell import Case, Claim, Drop, Side
from lab.scenario import Tabs, scenario

__all__ = ["Case", "Claim", "Drop", "Side", "Tabs", "scenario"]
