"""The JSON Schema of results.json. The description of each field is the docstring below the field, read from the source
code."""

from __future__ import annotations

import ast
import inspect
import json
from functools import cache
from itertools import pairwise
from typing import Any

import msgspec

from lab.results.file import Results
from lab.results.upgrade import SCHEMA

TAG = "Which of the possible kinds this is."


def json_schema() -> str:
    """The JSON Schema, as text: the content of results.schema.json."""
    parts, definitions = msgspec.json.schema_components([Results], ref_template="#/$defs/{name}")
    describe_all(definitions, Results)
    schema: dict[str, Any] = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"Seventh Tab results ({SCHEMA})",
        **parts[0],
        "$defs": definitions,
    }
    return json.dumps(schema, indent=1, ensure_ascii=False) + "\n"


def describe_all(definitions: dict[str, Any], whole: type[msgspec.Struct]) -> None:
    """Set the descriptions in the definitions of a struct and of all that it can contain."""
    found = classes(whole)
    for name, definition in definitions.items():
        if name in found:
            describe(definition, found[name])


def describe(definition: dict[str, Any], kind: type[Any]) -> None:
    """Set the description of one definition and of each of its properties."""
    if "description" in definition:
        definition["description"] = " ".join(definition["description"].split())
    texts = descriptions(kind)
    for name, field in definition.get("properties", {}).items():
        field["description"] = texts.get(name, TAG if name == kind.__struct_config__.tag_field else "")


def classes(whole: type[msgspec.Struct] = Results) -> dict[str, type[msgspec.Struct]]:
    """Every struct that `whole` can contain, by its name in the schema."""
    found: dict[str, type[msgspec.Struct]] = {}
    todo: list[Any] = [msgspec.inspect.type_info(whole)]
    while todo:
        kind = todo.pop()
        if isinstance(kind, msgspec.inspect.StructType):
            if kind.cls.__name__ in found:
                continue
            found[kind.cls.__name__] = kind.cls
            todo += [field.type for field in kind.fields]
        elif isinstance(kind, msgspec.inspect.UnionType | msgspec.inspect.TupleType):
            todo += kind.types if isinstance(kind, msgspec.inspect.UnionType) else kind.item_types
        elif isinstance(kind, msgspec.inspect.ListType | msgspec.inspect.VarTupleType):
            todo.append(kind.item_type)
        elif isinstance(kind, msgspec.inspect.DictType):
            todo.append(kind.value_type)
    return found


def descriptions(kind: type[Any]) -> dict[str, str]:
    """The docstring below each field of a class and its base classes, by the field's name."""
    texts: dict[str, str] = {}
    for base in reversed(kind.__mro__):
        if issubclass(base, msgspec.Struct) and base is not msgspec.Struct:
            texts |= own_descriptions(base)
    return texts


@cache
def own_descriptions(kind: type[Any]) -> dict[str, str]:
    """The docstring below each field that the class itself declares, by the field's name."""
    module = inspect.getmodule(kind)
    assert module is not None, kind
    tree = ast.parse(inspect.getsource(module))
    [found] = [node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == kind.__name__]
    texts = {}
    for field, after in pairwise(found.body):
        match field, after:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(text))):
                texts[name] = " ".join(text.split())
    return texts
