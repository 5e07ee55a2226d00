"""Seventh Tab: how many tabs of a live page stay live, what holds the others back, with proof.

The names here are all that a scenario needs.
"""

from lab.model.buffering import App
from lab.model.claims import Answer, AtMost, Unlimited
from lab.model.drops import Drop
from lab.model.pools import Case, Side
from lab.model.silence import Silence
from lab.scenario.scenario import scenario
from lab.scenario.verbs import Tabs

__all__ = ["Answer", "App", "AtMost", "Case", "Drop", "Side", "Silence", "Tabs", "Unlimited", "scenario"]
