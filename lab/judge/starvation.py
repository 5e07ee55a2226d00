"""What else a page did while the streams were held: who passed, who waited, who failed."""

from __future__ import annotations

from lab.judge.limits import Bench
from lab.model.starvation import ProbeSeen
from lab.model.verdict import Statement

NOBODY = "nothing"


def told(probe: ProbeSeen) -> str:
    """`fetch (cross-origin)`; the same-origin ones by their kind alone."""
    return probe.kind if probe.page == "same-origin" else f"{probe.kind} ({probe.page})"


class StarvationBench(Bench):
    def outcome(self, outcome: str) -> list[str]:
        return [told(probe) for probe in self.seen.probes if probe.outcome == outcome]

    def answer(self) -> str:
        """What got through; with many streams free, everything should."""
        passed = self.outcome("passed")
        return "everything" if len(passed) == len(self.seen.probes) else ", ".join(passed) or NOBODY

    def as_claimed(self) -> bool:
        return self.answer() == self.seen.claim.answer

    def dispute(self) -> str:
        stuck = [told(probe) for probe in self.seen.probes if probe.outcome == "waited" and probe.arrived_ms is None]
        if stuck:
            return f"A place was freed, and still these did not come: {', '.join(stuck)}."
        return super().dispute()

    def against_claim(self) -> str:
        said = "as claimed" if self.as_claimed() else f"the claim is {self.seen.claim.answer}"
        return f"With {self.live} streams held, what got through: {self.answer()} ({said})."

    def held_back(self) -> str:
        waited = [probe for probe in self.seen.probes if probe.outcome == "waited"]
        failed = self.outcome("failed")
        words = ""
        if waited:
            after = [probe.after_release_ms for probe in waited if probe.after_release_ms is not None]
            words += f"{len(waited)} waited until a stream ended, and then came within {max(0, *after):.0f} ms. "
        return words + (f"Failed: {', '.join(failed)}." if failed else "")

    def statements(self) -> list[Statement]:
        parts = [f"{told(probe)} {in_words(probe)}" for probe in self.seen.probes]
        return [*super().statements(), Statement("probes", "; ".join(parts) + ".")]


def in_words(probe: ProbeSeen) -> str:
    match probe.outcome:
        case "passed":
            return f"passed in {probe.took_ms:.0f} ms"
        case "waited" if probe.after_release_ms is not None:
            return f"waited, and came {max(0.0, probe.after_release_ms):.0f} ms after a place was freed"
        case "waited":
            return "waited, and did not come"
    return f"failed ({probe.note})"
