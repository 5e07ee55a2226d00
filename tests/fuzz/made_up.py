"""Values made up from the types themselves, so that a new field is fuzzed without a word here; and whole JSON."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from hypothesis import strategies as st
from msgspec import inspect

from lab.model.verdict import Limit
from lab.results.file import EXACT

Known = Mapping[str, st.SearchStrategy[Any]]

TEXTS = st.text(max_size=12) | st.sampled_from(
    [
        *(
            "",
            "\0",
            " ",
            "\n",
            "é 😀",
            "\u202eשלום\u202c",
            "\ufeff\u2028",
            "\x1b[2J\x07\x85\ufffe\uffff",
            "]]>",
            "--",
            "-1",
            "NaN",
        ),
        *("<script>alert(1)</script>", "\"'><img src=x onerror=alert(1)>", "</style></title></pre></svg>", "<!--", "&lt;b&gt;"),
        *("{{ 7 * 7 }}{% raw %}", "[red]x[/bold]", "a|b\n\n# head\r\n- x", "![i](http://i.test)", "https://x.test/<b>\"'"),
    ]
)
WHOLE = st.sampled_from([0, 1, -1, 12, -EXACT, EXACT]) | st.integers(-EXACT, EXACT)
BROKEN = st.sampled_from([0.0, -0.0, 1.0, 5e-324, -1e-9]) | st.floats(-EXACT, EXACT)
BEYOND = st.sampled_from([2**64, -(10**30), 1e300, -1e308, 10**400])

LEAVES = st.none() | st.booleans() | WHOLE | BROKEN | TEXTS | BEYOND
JSON = st.recursive(LEAVES, lambda some: st.lists(some, max_size=3) | st.dictionaries(TEXTS, some, max_size=3), max_leaves=6)


def made_up(kind: type[Any], known: Known | None = None) -> st.SearchStrategy[Any]:
    """Any value of a type; `known` says what some fields are, by `Struct.field`."""
    return of(inspect.type_info(kind), known or {})


def of(kind: inspect.Type, known: Known) -> st.SearchStrategy[Any]:
    match kind:
        case inspect.StructType():
            names = {field.name: (f"{kind.cls.__name__}.{field.name}", field.type) for field in kind.fields}
            return st.builds(
                kind.cls, **{name: known[full] if full in known else of(each, known) for name, (full, each) in names.items()}
            )
        case inspect.UnionType():
            return st.one_of([of(each, known) for each in kind.types])
        case inspect.VarTupleType():
            return st.lists(of(kind.item_type, known), max_size=2).map(tuple)
        case inspect.ListType():
            return st.lists(of(kind.item_type, known), max_size=2)
        case inspect.TupleType():
            return st.tuples(*(of(each, known) for each in kind.item_types))
        case inspect.EnumType():
            return st.sampled_from(list(kind.cls))
        case inspect.LiteralType():
            return st.sampled_from(list(kind.values))
        case inspect.DictType():
            return st.dictionaries(of(kind.key_type, known), of(kind.value_type, known), max_size=2)
    return SIMPLE[type(kind)]


SIMPLE: dict[type[inspect.Type], st.SearchStrategy[Any]] = {
    inspect.NoneType: st.none(),
    inspect.BoolType: st.booleans(),
    inspect.IntType: WHOLE,
    inspect.FloatType: BROKEN,
    inspect.StrType: TEXTS,
    inspect.BytesType: st.binary(max_size=9),
}


def defanged(value: Any) -> Any:
    """The same value, with other characters for those that mean something in HTML."""
    match value:
        case str() if value not in list(Limit):
            return value.translate({ord(mark): 0xE000 + number for number, mark in enumerate("<>&\"'")})
        case list():
            return [defanged(each) for each in value]
        case dict():
            return {defanged(key): defanged(each) for key, each in value.items()}
    return value


def harmless(value: msgspec.Struct) -> Any:
    return msgspec.convert(defanged(msgspec.to_builtins(value, str_keys=True)), type(value), strict=False)
