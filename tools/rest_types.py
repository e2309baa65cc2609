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

Json = dict[str, Any]


def main() -> None:
    TYPES.write_text(renewed(), encoding="utf-8", newline="\n")


def renewed() -> str:
    """The whole file."""
    shapes = description()["components"]["schemas"]
    return HEAD + "\n".join(interface(name, shapes[name]) for name in sorted(shapes)) + "}\n"


def interface(name: str, shape: Json) -> str:
    needed = shape.get("required", [])
    lines = [
        f"        {key}{'' if key in needed else '?'}: {written(kind)};\n"
        for key, kind in shape["properties"].items()
    ]
    return f"    interface {name} {{\n{''.join(lines)}    }}\n"


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
