"""What a shape is: a frozen dataclass whose fields' types may carry marks in `Annotated`: a text
that describes the field, the `Bounds` of its value, an `Example` of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, Field, dataclass, fields
from enum import Enum
from types import MappingProxyType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

Json = dict[str, Any]


class Absent(Enum):
    """What a body didn't say, where null means something else."""

    ABSENT = "absent"


ABSENT = Absent.ABSENT


@dataclass(frozen=True)
class Bounds:
    """The least and the most of a number, of a text's characters, or of a list's entries."""

    least: int
    most: int


@dataclass(frozen=True, eq=False)  # a type with marks is hashed, which a list can't be
class Example:
    """What the field holds in docs/rest.md's example."""

    value: Any


@dataclass(frozen=True)
class OneOf:
    """The texts that a field may hold."""

    choices: tuple[str, ...]


class FromForm(Enum):
    """The mark of files that only a form can bring: JSON never is one."""

    FILES = "files"


class Naming(Enum):
    """How problems name the fields of an object in another."""

    OWN = "own"
    """By their own names ("steps"), not below the object's ("training.steps")."""


BESIDE: Mapping[str, Any] = MappingProxyType({"beside": True})
"""``field(metadata=BESIDE)``: a mapping whose keys stand beside the other fields, not below it."""


_HINTS: dict[type[Any], Mapping[str, Any]] = {}


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


def named(cls: type[Any]) -> dict[str, Field[Any]]:
    """The fields by their names in JSON, without the one whose keys stand beside them."""
    return {name_of(field): field for field in fields(cls) if not field.metadata.get("beside")}


def kinds(cls: type[Any]) -> dict[str, Any]:
    """The fields' types by the same names."""
    return {name: hints(cls)[field.name] for name, field in named(cls).items()}


def choices_of(kind: Any) -> tuple[str, ...]:
    """The texts that a value may be; none where it may be any."""
    plain, marks = bare(kind)
    if get_origin(plain) is Literal:
        return get_args(plain)
    return next((mark.choices for mark in marks if isinstance(mark, OneOf)), ())


def title_of(cls: type[Any]) -> str:
    """What a dataclass is called outside: `DraftView` is a "Draft"."""
    return cls.__name__.removesuffix("View")


def bare(kind: Any) -> tuple[Any, tuple[Any, ...]]:
    """(the type without its marks, the marks)."""
    if get_origin(kind) is Annotated:
        return get_args(kind)[0], get_args(kind)[1:]
    return kind, ()


def parts_of(kind: Any) -> tuple[tuple[Any, ...], bool]:
    """(the types that a value may be of, whether it may be null)."""
    parts = get_args(kind) if get_origin(kind) in (Union, UnionType) else (kind,)
    known = tuple(part for part in parts if part not in (Absent, type(None)))
    return known, type(None) in parts
