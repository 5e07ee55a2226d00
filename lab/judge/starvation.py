"""Starvation: other requests of a page (probes) while every stream was in use. Which got through, waited, or failed?"""

from __future__ import annotations

from lab.judge import limits
from lab.judge.witnesses import RELEASE, Objection, Witnesses, as_answered, conclude, nothing_recorded
from lab.judge.words import claimed
from lab.model.observation import Observation
from lab.model.starvation import ProbeSeen
from lab.model.verdict import Statement, Verdict

EVERYTHING, NOTHING = "everything", "nothing"


def verdict(seen: Observation, witnesses: Witnesses) -> Verdict:
    """Judge a starvation cell: the answer names what got through while the streams were held."""
    if not seen.probes:
        return nothing_recorded(seen, "`probe`")
    passed = outcome(seen, "passed")
    answer = EVERYTHING if len(passed) == len(seen.probes) else ", ".join(passed) or NOTHING
    got_through = f"With {len(witnesses.live)} streams held, what got through: {answer} ({claimed(seen, answer)})."
    probes = Statement("probes", "; ".join(f"{probe_name(one)} {probe_in_words(one)}" for one in seen.probes) + ".")
    return conclude(
        seen,
        witnesses,
        objections=[*stuck(seen), *limits.objections(seen, witnesses)],
        as_claimed=as_answered(seen, answer),
        why=f"{got_through} {others_in_words(seen)}".strip(),
        statements=[*limits.statements(seen, witnesses), probes],
        cause=limits.cause_of(seen, witnesses),
        answer=answer,
    )


def probe_name(probe: ProbeSeen) -> str:
    """The name of a probe: `fetch (cross-origin)`, or only `fetch` if it is same-origin."""
    return probe.kind if probe.page == "same-origin" else f"{probe.kind} ({probe.page})"


def outcome(seen: Observation, outcome: str) -> list[str]:
    """The names of the probes with that outcome."""
    return [probe_name(probe) for probe in seen.probes if probe.outcome == outcome]


def stuck(seen: Observation) -> list[Objection]:
    """The objection that a probe did not arrive when a place was free, so it waited for something else."""
    names = [probe_name(probe) for probe in seen.probes if probe.outcome == "waited" and probe.arrived_ms is None]
    return [Objection(RELEASE, f"A place was freed, but these still did not arrive: {', '.join(names)}.")] if names else []


def others_in_words(seen: Observation) -> str:
    """The probes that waited or failed, in words."""
    waited = [probe for probe in seen.probes if probe.outcome == "waited"]
    failed = outcome(seen, "failed")
    words = []
    if waited:
        after = [probe.after_release_ms for probe in waited if probe.after_release_ms is not None]
        came = f", and then arrived within {max(0.0, *after):.0f} ms" if after else ""
        words.append(f"{len(waited)} waited until a stream ended{came}.")
    return " ".join([*words, *([f"Failed: {', '.join(failed)}."] if failed else [])])


def probe_in_words(probe: ProbeSeen) -> str:
    """What came of one probe, with its time in ms: `passed in 12 ms`."""
    match probe.outcome:
        case "passed":
            return "passed" if probe.took_ms is None else f"passed in {probe.took_ms:.0f} ms"
        case "waited" if probe.after_release_ms is not None:
            return f"waited, and arrived {max(0.0, probe.after_release_ms):.0f} ms after a place was freed"
        case "waited":
            return "waited, and did not arrive"
    return f"failed ({probe.note})"
