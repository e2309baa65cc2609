"""The shapes that REST answers and takes, for the checker of the page's scripts: so a field that is
renamed is an error wherever the page uses it. Written together with docs/rest.md, by `rest_docs`.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from sd_scripts_bridge.rest.openapi import description

TYPES = Path(__file__).parents[1] / "tests" / "js" / "rest.d.ts"
HEAD = """// What REST answers and takes, written by `python -m tools.rest_docs`.

declare namespace Rest {
"""
SIMPLE = {"string": "string", "integer": "number", "number": "number", "boolean": "boolean"}
SIMPLE |= {"null": "null"}
ENOUGH = 5
"""Fewer fields may be the same by chance."""

Json = dict[str, Any]


def main() -> None:
    TYPES.write_text(renewed(), encoding="utf-8", newline="\n")


def renewed() -> str:
    """The whole file."""
    shapes = description()["components"]["schemas"]
    return HEAD + "\n".join(interface(name, shapes) for name in sorted(shapes)) + "}\n"


def interface(name: str, shapes: dict[str, Json]) -> str:
    fields, parent = _fields(shapes[name]), _parent(name, shapes)
    own = fields[len(_fields(shapes[parent])) :] if parent else fields
    lines = [
        f"        {key}{'' if needed else '?'}: {written(kind)};\n" for key, kind, needed in own
    ]
    extends = f" extends {parent}" if parent else ""
    return f"    interface {name}{extends} {{\n{''.join(lines)}    }}\n"


def _fields(shape: Json) -> list[tuple[str, Json, bool]]:
    needed = shape.get("required", [])
    return [(key, kind, key in needed) for key, kind in shape["properties"].items()]


def _parent(name: str, shapes: dict[str, Json]) -> str | None:
    """The shape that this one goes on: all of that one's fields come first in it, as those of a
    dataclass do in one that inherits from it.
    """
    fields = _fields(shapes[name])
    begun = [
        other
        for other in shapes
        if len(fields) > len(_fields(shapes[other])) >= ENOUGH
        and fields[: len(_fields(shapes[other]))] == _fields(shapes[other])
    ]
    return max(begun, key=lambda other: len(_fields(shapes[other])), default=None)


def written(kind: Json) -> str:
    """A schema as TypeScript writes it."""
    if "$ref" in kind:
        return str(kind["$ref"]).rpartition("/")[2]
    if "enum" in kind:
        return " | ".join(json.dumps(value) for value in kind["enum"])
    if "anyOf" in kind:
        return " | ".join(written(one) for one in kind["anyOf"])
    if kind.get("type") == "array":
        item = written(kind.get("items", {}))
        return f"({item})[]" if " " in item else f"{item}[]"
    if "additionalProperties" in kind:
        return f"Record<string, {written(kind['additionalProperties'])}>"
    return SIMPLE.get(kind.get("type", ""), "any")
