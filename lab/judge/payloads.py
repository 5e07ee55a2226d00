"""What a way to send updates carried: as the standard says, or otherwise."""

from __future__ import annotations

from lab.judge.limits import Bench
from lab.model.ledger import StreamClosed, StreamOpened
from lab.model.payloads import PayloadSeen
from lab.model.verdict import Limit, Statement

RIGHT = "all as said"


class PayloadsBench(Bench):
    def in_ledger(self) -> set[int]:
        """There is one client; what the ledger has to say is how often a payload was written whole."""
        return set(self.everyone) if self.written() == len(self.seen.payloads) + 1 else set()

    def written(self) -> int:
        events = self.seen.ledger
        ours = {one.stream for one in events if isinstance(one, StreamOpened) and one.cell == self.seen.cell.name}
        return sum(one.sent for one in events if isinstance(one, StreamClosed) and one.stream in ours)

    def answer(self) -> str:
        wrong = [one.name for one in self.seen.payloads if not one.right]
        return f"otherwise: {', '.join(wrong)}" if wrong else RIGHT

    def as_claimed(self) -> bool:
        return self.answer() == self.seen.claim.answer

    def cause(self) -> Limit | None:
        return None

    def dispute(self) -> str:
        if not self.streams:
            asked = len(self.seen.payloads) + 1
            return f"The page asked for {asked} payloads, the ledger says {self.written()} were written whole."
        return ""

    def against_claim(self) -> str:
        said = "as claimed" if self.as_claimed() else f"the claim is {self.seen.claim.answer}"
        right = sum(one.right for one in self.seen.payloads)
        return f"{right} of {len(self.seen.payloads)} payloads came as the standards say ({said})."

    def held_back(self) -> str:
        wrong = [f"{one.name}: {one.note}" for one in self.seen.payloads if not one.right]
        damaged = [
            f"of {one.content_bytes} bytes sent as {one.name}, {survived(one)} survived, for {one.sent_bytes} on the wire"
            for one in self.seen.payloads
            if one.content_bytes is not None
        ]
        told = "; ".join([*wrong, *damaged])
        return f"{told[:1].upper()}{told[1:]}." if told else ""

    def statements(self) -> list[Statement]:
        right = sum(one.right for one in self.seen.payloads)
        return [
            Statement("page", f"{right} of {len(self.seen.payloads)} payloads came as the standards say."),
            Statement("ledger", f"{self.written()} were written whole, the first one twice."),
        ]


def survived(one: PayloadSeen) -> str:
    """What came damaged in an encoding that keeps bytes is not counted byte by byte."""
    return "not all" if one.survived_bytes is None else str(one.survived_bytes)
