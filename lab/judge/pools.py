"""Two sides before the judge: does the second one find a pool of its own?"""

from __future__ import annotations

from lab.judge.limits import Bench

SHARED, SEPARATE, PARTLY = "shared", "separate", "partly shared"


class PoolBench(Bench):
    def of_side(self, number: int) -> tuple[int, int]:
        """How many of a side are live, and how many were asked."""
        side = self.seen.sides[number]
        members = set(range(side.first, side.first + side.asked)) & self.everyone
        return len(members & self.pages), len(members)

    def answer(self) -> str:
        first, _ = self.of_side(0)
        second, asked = self.of_side(1)
        if second == 0:
            return SHARED
        return SEPARATE if second >= first or second == asked else PARTLY

    def as_claimed(self) -> bool:
        return self.answer() == self.seen.claim.answer

    def against_claim(self) -> str:
        counts = [self.of_side(0)[0], self.of_side(1)[0]]
        said = "as claimed" if self.as_claimed() else f"though the claim is that they are {self.seen.claim.answer}"
        return (
            f"{self.answer().capitalize()}, {said}: with {counts[0]} live of {self.seen.sides[0].what}, "
            f"{counts[1]} more went live of {self.seen.sides[1].what}."
        )
