"""A shape as JSON Schema, for the OpenAPI description."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import is_dataclass
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from .marks import (
    Bounds,
    Example,
    FromForm,
    Json,
    OneOf,
    is_needed,
    kinds,
    named,
    parts_of,
    title_of,
)

ABSOLUTE = "an absolute path on the server"
SIMPLE: Mapping[Any, Json] = {
    str: {"type": "string"},
    bool: {"type": "boolean"},
    int: {"type": "integer"},
    float: {"type": "number"},
    Path: {"type": "string", "description": ABSOLUTE},
    Any: {},
}
FILES: Json = {"type": "array", "items": {"type": "string", "format": "binary"}}
LIMITS = {"string": ("minLength", "maxLength"), "array": ("minItems", "maxItems")}


def schema(kind: Any, found: dict[str, Json]) -> Json:
    """The JSON Schema of a type; each dataclass in it is put into ``found`` under its name."""
    origin, parts = get_origin(kind), get_args(kind)
    if origin is Annotated:
        return _marked(parts[0], parts[1:], found)
    if origin in (Union, UnionType):
        return _several(kind, found)
    if origin is Literal:
        return {"enum": list(parts)}
    if is_dataclass(kind):
        return _object(kind, found)  # type: ignore[arg-type]
    return dict(SIMPLE[kind]) if kind in SIMPLE else _many(origin, parts, found)


def _several(kind: Any, found: dict[str, Json]) -> Json:
    parts, may_be_null = parts_of(kind)
    several = [schema(part, found) for part in parts]
    several += [{"type": "null"}] if may_be_null else []
    return several[0] if len(several) == 1 else {"anyOf": several}


def _many(origin: Any, parts: Sequence[Any], found: dict[str, Json]) -> Json:
    if issubclass(origin, Mapping):
        return {"type": "object", "additionalProperties": schema(parts[1], found)}
    if issubclass(origin, tuple) and Ellipsis not in parts:
        return {"type": "array", "minItems": len(parts), "maxItems": len(parts)}
    return {"type": "array", "items": schema(parts[0], found)}


def _object(cls: type[Any], found: dict[str, Json]) -> Json:
    name = title_of(cls)
    if name not in found:
        found[name] = {}  # it may hold itself
        about = " ".join((cls.__doc__ or "").split())
        properties = {key: schema(part, found) for key, part in kinds(cls).items()}
        needed = [key for key, field in named(cls).items() if is_needed(field)]
        found[name] = {
            "type": "object",
            "description": about,
            "properties": properties,
            "required": needed,
        }
    return {"$ref": f"#/components/schemas/{name}"}


def _marked(kind: Any, marks: Sequence[Any], found: dict[str, Json]) -> Json:
    said = dict(FILES) if FromForm.FILES in marks else schema(kind, found)
    for mark in marks:
        if isinstance(mark, Bounds):
            said |= _limits(mark, said)
        elif isinstance(mark, OneOf):
            said["enum"] = list(mark.choices)
        elif isinstance(mark, Example):
            said["examples"] = [mark.value]
        elif isinstance(mark, str):
            said["description"] = mark
    return said


def _limits(bounds: Bounds, said: Json) -> Json:
    kinds = [said, *said.get("anyOf", ())]
    kind = next((one["type"] for one in kinds if one.get("type", "null") != "null"), "")
    names = LIMITS.get(kind, ("minimum", "maximum"))
    return dict(zip(names, (bounds.least, bounds.most), strict=True))
