"""What becomes of files: lines and bytes cut, swapped, doubled and replaced; and JSON of which a part is something else."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import strategies as st

from tests.fuzz.made_up import JSON

NOISE = st.binary(max_size=20)
MOST = 5  # Blows to one file.


@st.composite
def damaged(draw: st.DrawFn, whole: bytes, lines: st.SearchStrategy[bytes] = NOISE) -> bytes:
    """A file after a few blows, most of them to whole lines. `lines` are what may come in place of one."""
    parts = whole.splitlines(keepends=True)
    for _ in range(draw(st.integers(0, MOST))):
        at, other = sorted(draw(st.lists(st.integers(0, max(0, len(parts) - 1)), min_size=2, max_size=2)))
        match draw(st.sampled_from(["cut", "swap", "double", "replace"])):
            case "cut":
                del parts[at:other]
            case "swap" if parts:
                parts[at], parts[other] = parts[other], parts[at]
            case "double":
                parts[other:other] = parts[at : at + 1]
            case _:
                parts[at : at + 1] = [draw(lines) + b"\n"]
    return draw(bruised(b"".join(parts))) if draw(st.booleans()) else b"".join(parts)


@st.composite
def bruised(draw: st.DrawFn, whole: bytes) -> bytes:
    """Some bytes of it are others, or it ends early."""
    at = draw(st.integers(0, len(whole)))
    upto = draw(st.integers(at, min(len(whole), at + 9)))
    return whole[:at] + draw(NOISE) + (whole[upto:] if draw(st.booleans()) else b"")


def places(tree: Any) -> list[tuple[Any, Any]]:
    """Every place in a JSON value, as what it is in and its index or key there."""
    inside = list(tree.items()) if isinstance(tree, dict) else list(enumerate(tree)) if isinstance(tree, list) else []
    return [place for key, value in inside for place in ((tree, key), *places(value))]


@st.composite
def changed(draw: st.DrawFn, whole: bytes, values: st.SearchStrategy[Any] = JSON) -> bytes:
    """JSON of which up to three parts are gone, or something else."""
    tree = json.loads(whole)
    for _ in range(draw(st.integers(1, 3))):
        found = places(tree)
        if not found:
            break
        holder, key = draw(st.sampled_from(range(len(found))).map(found.__getitem__))
        if draw(st.booleans()) or draw(st.booleans()):
            holder[key] = draw(values)
        else:
            del holder[key]
    return json.dumps(tree).encode()
