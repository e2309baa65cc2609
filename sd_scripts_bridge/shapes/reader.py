"""A shape read from JSON, or from the texts of an address's query: all problems at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import is_dataclass
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin

from ..errors import Invalid, Problem, mistyped
from ..messages import Message
from .limits import between, fits
from .marks import (
    Absent,
    Bounds,
    FromForm,
    Naming,
    OneOf,
    bare,
    choices_of,
    is_needed,
    kinds,
    named,
    parts_of,
)

T = TypeVar("T")

KINDS: Mapping[Any, Message] = {
    str: Message("shape.no_text", "a text"),
    bool: Message("shape.no_bool", "true or false"),
    int: Message("shape.no_int", "a whole number"),
    float: Message("shape.no_number", "a number"),
}
NO_OBJECT = Message("shape.no_object", "an object")
NO_LIST = Message("shape.no_list", "a list")
NO_FILES = Message("shape.no_files", "files of a form")
YES_NO: Mapping[str, bool] = {"true": True, "false": False}
DIGITS = 18
"""Of a number in an address or a query; SQLite's end at 19."""


def read(cls: type[T], data: Any) -> T:
    """The dataclass that ``data`` describes. Raises `Invalid` with everything that is wrong."""
    problems: list[Problem] = []
    found = _object(cls, data, "", problems)
    if problems:
        raise Invalid(problems)
    return found  # type: ignore[no-any-return]


def read_query(cls: type[T], texts: Mapping[str, str]) -> T:
    """The dataclass that the texts of an address's query describe.

    An empty text is one that isn't there, and names that ``cls`` doesn't have are left out.
    Raises `Invalid`.
    """
    said = {name: kind for name, kind in kinds(cls).items() if texts.get(name)}
    data = {name: _from_text(kind, texts[name]) for name, kind in said.items()}
    return read(cls, data)


def _from_text(kind: Any, text: str) -> str | int:
    scalars = parts_of(bare(kind)[0])[0]
    if bool in scalars:
        return YES_NO.get(text, text)
    return int(text) if int in scalars and is_number(text) else text


def is_number(text: str) -> bool:
    """Whether it is a whole number from 0 on, as addresses hold them."""
    return text.isdecimal() and text.isascii() and len(text) <= DIGITS


def _object(cls: type[Any], data: Any, where: str, problems: list[Problem]) -> Any:
    if not isinstance(data, Mapping):
        return _wrong(problems, where, data, NO_OBJECT)
    known, types = named(cls), kinds(cls)
    problems += [
        _unknown(_place(where, name), known) for name in map(str, data) if name not in known
    ]
    values, before = {}, len(problems)
    for name, field in known.items():
        if name in data:
            values[field.name] = _value(types[name], data[name], _place(where, name), problems)
        elif is_needed(field):
            problems.append(_missing(types[name], _place(where, name)))
    return cls(**values) if len(problems) == before else None


def _missing(kind: Any, where: str) -> Problem:
    choices = choices_of(kind)
    if not choices:
        return Problem("shape.missing", where, "is missing")
    names = ", ".join(choices)
    return Problem("shape.no_choice", where, "is missing", "Use one of: {names}.", names=names)


def _unknown(where: str, known: Mapping[str, Any]) -> Problem:
    if not known:
        return Problem("shape.no_fields", where, "is not a known field", "This request takes none.")
    return Problem(
        "shape.unknown",
        where,
        "is not a known field",
        "Known fields: {names}.",
        names=", ".join(known),
    )


def _value(kind: Any, value: Any, where: str, problems: list[Problem]) -> Any:
    origin, parts = get_origin(kind), get_args(kind)
    if origin is Annotated:
        return _marked(parts[0], parts[1:], value, where, problems)
    if origin in (Union, UnionType):
        return _one_of(parts, value, where, problems)
    if origin is Literal:
        return _choice(parts, value, where, problems)
    if kind is Any:
        return value
    if kind is Path:
        return _path(value, where, problems)
    if is_dataclass(kind):
        return _object(kind, value, where, problems)  # type: ignore[arg-type]
    if kind in KINDS:
        return _scalar(kind, value, where, problems)
    return _many(origin, parts, value, where, problems)


def _marked(
    kind: Any, marks: Sequence[Any], value: Any, where: str, problems: list[Problem]
) -> Any:
    if FromForm.FILES in marks:
        return _files(get_args(kind)[0], value, where, problems)
    where = "" if Naming.OWN in marks else where
    for mark in marks:
        if isinstance(mark, OneOf):
            return _choice(mark.choices, value, where, problems)
    limits = next((mark for mark in marks if isinstance(mark, Bounds)), None)
    mine: list[Problem] = []
    found = _value(kind, value, where, mine)
    if limits is None or (mine and isinstance(value, list)):
        problems += mine
    elif mine or (found is not None and not fits(found, limits)):
        return _wrong(problems, where, value, between(kind, limits))
    return found


def _files(kind: type[Any], value: Any, where: str, problems: list[Problem]) -> Any:
    if isinstance(value, Sequence) and all(isinstance(one, kind) for one in value):
        return value
    return _wrong(problems, where, value, NO_FILES)


def _choice(choices: Sequence[Any], value: Any, where: str, problems: list[Problem]) -> Any:
    if isinstance(value, str) and value in choices:
        return value
    names = ", ".join(map(str, choices))
    kind = Message("shape.choices", "one of {names}", names=names)
    return _wrong(problems, where, value, kind)


def _many(origin: Any, parts: Any, value: Any, where: str, problems: list[Problem]) -> Any:
    if issubclass(origin, Mapping):
        if not isinstance(value, Mapping):
            return _wrong(problems, where, value, NO_OBJECT)
        return {k: _value(parts[1], v, _place(where, k), problems) for k, v in value.items()}
    if not isinstance(value, list):
        return _wrong(problems, where, value, NO_LIST)
    return [_value(parts[0], one, f"{where} {n}", problems) for n, one in enumerate(value, 1)]


def _scalar(kind: type, value: Any, where: str, problems: list[Problem]) -> Any:
    fits = (int, float) if kind is float else (kind,)
    if isinstance(value, fits) and (kind is bool or not isinstance(value, bool)):
        return value
    return _wrong(problems, where, value, KINDS[kind])


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
    said = mistyped(value, 40)
    problems.append(Problem("shape.wrong", where, "{value} is not {kind}", value=said, kind=kind))


def _place(where: str, name: str) -> str:
    return f"{where}.{name}" if where else name
