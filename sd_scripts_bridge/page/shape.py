"""What REST takes and answers is a frozen dataclass each: here is how one is read, described and
told as JSON.

A field's type may carry, in `Annotated`, a text that describes it and the `Bounds` of its value.
"""

from __future__ import annotations

import types
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, Field, dataclass, fields, is_dataclass
from enum import Enum
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from ..errors import Invalid, Problem, short
from ..messages import Message

T = TypeVar("T")
Json = dict[str, Any]


class Absent(Enum):
    """What a body didn't say, where null means something else."""

    ABSENT = "absent"


ABSENT = Absent.ABSENT


@dataclass(frozen=True)
class Bounds:
    """The least and the most of a number, or of a text's characters."""

    least: int
    most: int


KINDS: Mapping[Any, tuple[str, Message]] = {
    str: ("string", Message("shape.no_text", "a text")),
    bool: ("boolean", Message("shape.no_bool", "true or false")),
    int: ("integer", Message("shape.no_int", "a whole number")),
    float: ("number", Message("shape.no_number", "a number")),
}
_HINTS: dict[type[Any], Mapping[str, Any]] = {}
ABSOLUTE = "an absolute path on the server"


def hints(cls: type[Any]) -> Mapping[str, Any]:
    """The types of a dataclass's fields, with what `Annotated` adds."""
    if cls not in _HINTS:
        _HINTS[cls] = get_type_hints(cls, include_extras=True)
    return _HINTS[cls]


def name_of(field: Field[Any]) -> str:
    """The field's name in JSON: ``class_`` is "class"."""
    return field.name.rstrip("_")


def is_needed(field: Field[Any]) -> bool:
    return field.default is MISSING and field.default_factory is MISSING


# ---- to JSON ----


def plain(data: Any) -> Any:
    """``data`` with an object for each dataclass in it."""
    if data is None or isinstance(data, (str, int, float)):
        return data
    if is_dataclass(data) and not isinstance(data, type):
        told = {name_of(f): getattr(data, f.name) for f in fields(data)}
        return {name: plain(value) for name, value in told.items() if value is not ABSENT}
    if isinstance(data, Mapping):
        return {key: plain(value) for key, value in data.items()}
    if isinstance(data, (list, tuple)):
        return [plain(value) for value in data]
    return str(data) if isinstance(data, Path) else data


# ---- from JSON ----


def read(cls: type[T], data: Any) -> T:
    """The dataclass that ``data`` describes. Raises `Invalid` with everything that is wrong."""
    problems: list[Problem] = []
    found = _object(cls, data, "", problems)
    if problems:
        raise Invalid(problems)
    return found  # type: ignore[no-any-return]


def _object(cls: type[Any], data: Any, where: str, problems: list[Problem]) -> Any:
    if not isinstance(data, Mapping):
        return _wrong(problems, where, data, Message("shape.no_object", "an object"))
    known = {name_of(field): field for field in fields(cls)}
    for name in data.keys() - known.keys():
        problems.append(
            Problem(
                "shape.unknown",
                _place(where, str(name)),
                "is no part of it",
                "Known are {names}.",
                names=", ".join(known),
            )
        )
    values, before = {}, len(problems)
    for name, field in known.items():
        if name in data:
            kind = hints(cls)[field.name]
            values[field.name] = _value(kind, data[name], _place(where, name), problems)
        elif is_needed(field):
            problems.append(Problem("shape.missing", _place(where, name), "is missing"))
    return cls(**values) if len(problems) == before else None


def _value(kind: Any, value: Any, where: str, problems: list[Problem]) -> Any:
    origin, parts = get_origin(kind), get_args(kind)
    if origin is Annotated:
        return _limited(_value(parts[0], value, where, problems), parts[1:], where, problems)
    if origin in (Union, types.UnionType):
        return _one_of(parts, value, where, problems)
    if origin is Literal:
        if isinstance(value, str) and value in parts:
            return value
        choices = Message("shape.choices", "one of {names}", names=", ".join(map(str, parts)))
        return _wrong(problems, where, value, choices)
    if kind is Any:
        return value
    if kind is Path:
        return _path(value, where, problems)
    if is_dataclass(kind):
        return _object(kind, value, where, problems)  # type: ignore[arg-type]
    if kind in KINDS:
        return _scalar(kind, value, where, problems)
    return _many(origin, parts, value, where, problems)


def _many(origin: Any, parts: Any, value: Any, where: str, problems: list[Problem]) -> Any:
    if issubclass(origin, Mapping):
        if not isinstance(value, Mapping):
            return _wrong(problems, where, value, Message("shape.no_object", "an object"))
        return {k: _value(parts[1], v, _place(where, k), problems) for k, v in value.items()}
    if not isinstance(value, list):
        return _wrong(problems, where, value, Message("shape.no_list", "a list"))
    return [_value(parts[0], one, f"{where} {n}", problems) for n, one in enumerate(value, 1)]


def _scalar(kind: type, value: Any, where: str, problems: list[Problem]) -> Any:
    kinds = (int, float) if kind is float else (kind,)
    if isinstance(value, kinds) and (kind is bool or not isinstance(value, bool)):
        return value
    return _wrong(problems, where, value, KINDS[kind][1])


def _one_of(parts: Sequence[Any], value: Any, where: str, problems: list[Problem]) -> Any:
    """The first of several types that takes the value; else what the first one says of it."""
    if value is None and type(None) in parts:
        return None
    told: list[Problem] = []
    for part in (part for part in parts if part not in (Absent, type(None))):
        mine: list[Problem] = []
        found = _value(part, value, where, mine)
        if not mine:
            return found
        told = told or mine
    problems += told
    return None


def _limited(value: Any, marks: Sequence[Any], where: str, problems: list[Problem]) -> Any:
    limits = next((mark for mark in marks if isinstance(mark, Bounds)), None)
    if limits is None or value is None or value is ABSENT:
        return value
    size = len(value) if isinstance(value, (str, list)) else value
    if limits.least <= size <= limits.most:
        return value
    unit = " characters" if isinstance(value, str) else ""
    problems.append(
        Problem(
            "shape.outside",
            where,
            "{value} is outside {least} to {most}{unit}",
            value=short(value, 40),
            least=f"{limits.least:,}",
            most=f"{limits.most:,}",
            unit=unit,
        )
    )
    return None


def _path(value: Any, where: str, problems: list[Problem]) -> Path | None:
    text = value.strip().strip('"') if isinstance(value, str) else ""
    if not text or "\0" in text:
        _wrong(problems, where, value, Message("shape.no_path", "a path"))
        return None
    try:
        path = Path(text).expanduser()
    except RuntimeError:  # the home of nobody
        path = Path(text)
    if path.is_absolute():
        return path
    problems.append(
        Problem(
            "shape.relative",
            where,
            "{value} is not an absolute path",
            "Start with / or a drive letter.",
            value=repr(text),
        )
    )
    return None


def _wrong(problems: list[Problem], where: str, value: Any, kind: str) -> None:
    problems.append(
        Problem("shape.wrong", where, "{value} is not {kind}", value=short(value, 40), kind=kind)
    )


def _place(where: str, name: str) -> str:
    return f"{where}.{name}" if where else name


# ---- as JSON Schema ----


def schema(kind: Any, found: dict[str, Json]) -> Json:
    """The JSON Schema of a type; each dataclass in it is put into ``found`` under its name."""
    origin, parts = get_origin(kind), get_args(kind)
    if origin is Annotated:
        return {**schema(parts[0], found), **_marks(parts[1:], parts[0])}
    if origin in (Union, types.UnionType):
        several = [schema(part, found) for part in parts if part not in (Absent, type(None))]
        several += [{"type": "null"}] if type(None) in parts else []
        return several[0] if len(several) == 1 else {"anyOf": several}
    if origin is Literal:
        return {"enum": list(parts)}
    if kind is Any:
        return {}
    if kind is Path:
        return {"type": "string", "description": ABSOLUTE}
    if is_dataclass(kind):
        return _named(kind, found)  # type: ignore[arg-type]
    if kind in KINDS:
        return {"type": KINDS[kind][0]}
    if issubclass(origin, Mapping):
        return {"type": "object", "additionalProperties": schema(parts[1], found)}
    if origin is tuple and Ellipsis not in parts:
        return {"type": "array", "minItems": len(parts), "maxItems": len(parts)}
    return {"type": "array", "items": schema(parts[0], found)}


def title_of(cls: type[Any]) -> str:
    """What a dataclass is called outside: `DraftView` is a "Draft"."""
    return cls.__name__.removesuffix("View")


def _named(cls: type[Any], found: dict[str, Json]) -> Json:
    name = title_of(cls)
    if name not in found:
        found[name] = {}  # it may hold itself
        about = " ".join((cls.__doc__ or "").split())
        told = {name_of(f): schema(hints(cls)[f.name], found) for f in fields(cls)}
        needed = [name_of(f) for f in fields(cls) if is_needed(f)]
        found[name] = {
            "type": "object",
            "description": about,
            "properties": told,
            "required": needed,
        }
    return {"$ref": f"#/components/schemas/{name}"}


def _marks(marks: Sequence[Any], kind: Any) -> Json:
    said: Json = {}
    names = ("minLength", "maxLength") if str in (kind, *get_args(kind)) else ("minimum", "maximum")
    for mark in marks:
        if isinstance(mark, Bounds):
            said |= dict(zip(names, (mark.least, mark.most), strict=True))
        else:
            said["description"] = mark
    return said
