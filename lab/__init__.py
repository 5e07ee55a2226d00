"""Seventh Tab: how many tabs of a live page stay live, what holds the others back, with proof.

The names here are all that a scenario needs.
"""

from lab.model.claims import Claim
from lab.model.drops import Drop
from lab.model.pools import Case, Side
from lab.scenario.scenario import Tabs, scenario

__all__ = ["Case", "Claim", "Drop", "Side", "Tabs", "scenario"]
