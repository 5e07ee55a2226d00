"""Buffering: when the events of a short stream arrived through a proxy: at the page, and at a plain client as the second
witness.

How it works. Both read the same stream directly at the same time. What it loses there is the noise of this machine and this
moment. An event is *held* when it came later than the same event did directly, by more than half the time between two events.
A stream is held back when a quarter of its events are: one late event may be a hiccup of the machine. If page and plain client
differ while an event came as late directly, nothing is told: the cell is measured again.
"""

from __future__ import annotations

from itertools import zip_longest

from lab.judge.witnesses import LEDGER, PAGES, Objection, Witnesses, as_answered, nothing_recorded
from lab.judge.words import claimed
from lab.model.buffering import BufferingSeen, Reading
from lab.model.observation import Observation
from lab.model.verdict import Doubt, Kind, Statement, Verdict
from lab.text import counted, sentence

AT_ONCE, HEAD_LATE, BATCHES, TO_THE_END, HELD, CUT_OFF, NOTHING = (
    "at once", "at once, headers late", "in batches", "held to the end", "held back", "cut off", "nothing came",
)  # fmt: skip
"""The answers. `in batches`: several events at a time, a few of them behind; `held back`: neither this nor to the end."""

PAGE_DIRECT = "page, direct"
DIRECTLY = ("direct", PAGE_DIRECT)
"""The readers without the proxy."""

PASSED = (AT_ONCE, HEAD_LATE)
"""The answers in which no event is held."""

PART = 4
"""A stream counts as held back when one in PART of its events is."""

FEW = 5
"""In batches means: no event is more than FEW events behind."""


def verdict(seen: Observation, witnesses: Witnesses) -> Verdict:
    """Judge a buffering cell: the answer is the page's; the plain client can dispute it."""
    drip = seen.buffering
    by = {one.reader: one for one in drip.readings} if drip else {}
    if drip is None or "page" not in by:
        return nothing_recorded(seen, "`drip`")
    if (busy := too_late_directly(drip)) is not None:
        return Verdict(kind=Kind.INCONCLUSIVE, doubt=Doubt.BUSY_MACHINE, why=busy)
    answer = answer_of(by["page"], drip)
    objections = dispute(drip, answer)
    spoke = sum(bool(one.late_ms) for one in drip.readings if one.reader not in DIRECTLY)
    if objections and (late := latest_directly(drip)) > drip.interval_ms / 2:
        busy = f"{objections[0].words} Without the proxy an event was {late:.0f} ms late too: the machine was too busy."
        return Verdict(kind=Kind.INCONCLUSIVE, doubt=Doubt.BUSY_MACHINE, why=busy)
    claim = as_answered(seen, answer)
    kind, doubt = (Kind.CONFIRMED if claim else Kind.REFUTED), None
    why = f"{sentence(answer)} ({claimed(seen, answer)}). {in_words(by['page'], drip)} {cause_in_words(drip, answer)}".strip()
    if objections:
        kind, why = Kind.DISPUTED, objections[0].words
    elif claim is None:
        kind, doubt = Kind.INCONCLUSIVE, Doubt.PRECONDITION
    return Verdict(
        kind=kind,
        why=why,
        live=len(witnesses.live),
        answer=answer,
        doubt=doubt,
        witnesses=tuple(Statement(name_of(one), in_words(one, drip)) for one in drip.readings),
        spoke=spoke,
        agreed=spoke - bool(objections),
    )


def name_of(one: Reading) -> str:
    """The witness's name in a statement."""
    return {"page": PAGES, PAGE_DIRECT: f"{PAGES}, direct"}.get(one.reader, one.reader)


def controls_of(one: Reading, drip: BufferingSeen) -> list[Reading]:
    """What was received without the proxy at the same time, by this reader and, of a page, by the process through which its
    stream came (the relay)."""
    names = DIRECTLY if one.reader == "page" else DIRECTLY[:1]
    return [each for each in drip.readings if each.reader in names]


def latest_directly(drip: BufferingSeen) -> float:
    """How late the latest event came without the proxy, in ms."""
    return max((late for one in drip.readings if one.reader in DIRECTLY for late in one.late_ms), default=0.0)


def noise_ms(direct: Reading) -> float:
    """How late events came without the proxy, in ms: but for one in PART, none was later."""
    late = sorted(direct.late_ms)
    return late[len(late) - 1 - len(late) // PART] if late else 0.0


def too_late_directly(drip: BufferingSeen) -> str | None:
    """Why nothing can be told, because the stream was late without the proxy too; None if it was not."""
    for direct in (one for one in drip.readings if one.reader in DIRECTLY):
        if len(direct.late_ms) < drip.events:
            return f"without the proxy the stream did not come either: {direct.error or 'no reason is known'}"
        if noise_ms(direct) > drip.interval_ms / 2:
            return f"without the proxy events were {noise_ms(direct):.0f} ms late too: the machine was too busy"
    return None


def answer_of(one: Reading, drip: BufferingSeen) -> str:
    """What one reader says, in the words that claims compare with."""
    if not one.late_ms:
        return NOTHING
    if len(one.late_ms) < drip.events:
        return CUT_OFF
    least = drip.interval_ms / 2
    held = [late for late in held_ms(one, drip) if late > least]
    if len(held) * PART < len(one.late_ms):
        return HEAD_LATE if head_late(one, drip) else AT_ONCE
    if one.late_ms[0] >= drip.interval_ms * (drip.events - 1) - least:
        return TO_THE_END
    return BATCHES if max(held) <= FEW * drip.interval_ms + least else HELD


def held_ms(one: Reading, drip: BufferingSeen) -> list[float]:
    """How much later each event came than directly, in ms."""
    noises = [control.late_ms[: len(one.late_ms)] for control in controls_of(one, drip)]
    return [late - sum(max(0.0, ms) for ms in noise) for late, *noise in zip_longest(one.late_ms, *noises, fillvalue=0.0)]


def head_late(one: Reading, drip: BufferingSeen) -> bool:
    """Whether the header came with the first event only, and not when it was sent."""
    noise = max((control.head_ms or 0.0 for control in controls_of(one, drip)), default=0.0)
    return one.head_ms is None or one.head_ms - noise > drip.lead_ms / 2


def dispute(drip: BufferingSeen, answer: str) -> list[Objection]:
    """The objection of a plain client that asked as a browser does, where it can tell. Whether the header came early is not
    compared: browsers report it later."""
    one = next((each for each in drip.readings if "as a browser" in each.reader), None)
    if one is None or not one.late_ms:
        return []
    plain = answer_of(one, drip)
    if plain == answer or {plain, answer} <= set(PASSED) or {plain, answer} <= {BATCHES, HELD}:
        return []
    words = f"The page says: {answer}. A plain client that asked as a browser does says: {plain}."
    return [Objection(LEDGER, words)]


def in_words(one: Reading, drip: BufferingSeen) -> str:
    """One reading in words: when the header, the first, second and last event came, and how much later than sent."""
    if not one.late_ms:
        if one.coding and one.reads:
            came = f"the body came in {counted(one.reads, 'read')}"
            return f"Its events are not counted ({one.coding} can't be decoded here); {came}."
        return f"No event came{f': {one.error}' if one.error else ''}."
    head = "never" if one.head_ms is None else f"{one.head_ms:.0f} ms"
    words = f"Header after {head}; the first event {one.late_ms[0]:.0f} ms late"
    words += f", the second {one.late_ms[1]:.0f} ms" if len(one.late_ms) > 1 else ""
    words += f", the last {one.late_ms[-1]:.0f} ms, the latest {max(one.late_ms):.0f} ms"
    missing = drip.events - len(one.late_ms)
    words += f"; {missing} of {drip.events} did not come" if missing else ""
    return f"{words}; compressed: {one.coding}." if one.coding else f"{words}."


def cause_in_words(drip: BufferingSeen, answer: str) -> str:
    """What the two plain readings say about the cause, in words; empty if nothing is held or they don't differ."""
    by = {one.reader: one for one in drip.readings}
    packed, plain = by.get("plain client (as a browser asks)"), by.get("plain client (identity)")
    if packed is None or plain is None or answer in PASSED:
        return ""
    return "Without compression each event comes at once." if packed.coding and answer_of(plain, drip) in PASSED else ""
