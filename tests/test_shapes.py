"""One reader for every body: all problems at once, each at its place; and one description."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest

from sd_scripts_bridge.errors import Invalid
from sd_scripts_bridge.shapes.marks import ABSENT, Absent, Bounds, Naming
from sd_scripts_bridge.shapes.plain import plain
from sd_scripts_bridge.shapes.reader import read
from sd_scripts_bridge.shapes.schema import schema


@dataclass(frozen=True)
class Part:
    """A part of it."""

    number: int
    share: float = 0.5


@dataclass(frozen=True)
class Whole:
    """All of it."""

    name: Annotated[str, Bounds(1, 8), "how it is called"]
    parts: Annotated[list[Part], Bounds(0, 3)]
    class_: Literal["man", "dog"] | None = None
    path: Path | None = None
    caption: str | Absent | None = ABSENT
    values: dict[str, int | str] | None = None
    more: Annotated[Part, Naming.OWN] | None = None
    share: Annotated[float | None, Bounds(0, 1)] = None
    note: Annotated[str, Bounds(0, 4)] | Absent | None = ABSENT
    count: Annotated[int, Bounds(1, 1000)] = 1


GOOD = {"name": "Ada", "parts": [{"number": 1}], "class": "dog"}


def wrong(**changes: Any) -> dict[str, str]:
    with pytest.raises(Invalid) as raised:
        read(Whole, {**GOOD, **changes})
    return {problem.where: str(problem.what) for problem in raised.value.problems}


def test_what_is_told_is_read_again() -> None:
    found = read(Whole, GOOD)
    assert found == Whole("Ada", [Part(1)], "dog")
    assert read(Whole, plain(found)) == found
    assert "caption" not in plain(found) and found.caption is ABSENT
    assert read(Whole, {**GOOD, "caption": None}).caption is None


def test_all_problems_come_at_once_each_at_its_place() -> None:
    said = wrong(name="", parts=[{"number": True}, {"share": "x"}, 3], odd=1, **{"class": "cat"})
    assert said == {
        "name": "'' is not a text of 1 to 8 characters",
        "parts 1.number": "True is not a whole number",
        "parts 2.share": "'x' is not a number",
        "parts 2.number": "is missing",
        "parts 3": "3 is not an object",
        "odd": "is not a known field",
        "class": "'cat' is not one of man, dog",
    }


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("name", 3, "3 is not a text of 1 to 8 characters"),
        ("name", "x" * 9, "'xxxxxxxxx' is not a text of 1 to 8 characters"),
        ("share", 2, "2 is not a number from 0 to 1"),
        ("share", "x", "'x' is not a number from 0 to 1"),
        ("note", "x" * 5, "'xxxxx' is not a text of up to 4 characters"),
        ("count", 0, "0 is not a whole number from 1 to 1,000"),
        ("count", 1.5, "1.5 is not a whole number from 1 to 1,000"),
        ("parts", [{"number": 1}] * 4, "is not a list of 0 to 3 entries"),
    ],
)
def test_bounds_are_said_with_the_kind(field: str, value: Any, said: str) -> None:
    assert said in wrong(**{field: value})[field]


def test_problems_may_name_a_field_without_its_object() -> None:
    assert wrong(more={"number": "x"}) == {"number": "'x' is not a whole number"}


@pytest.mark.parametrize("path", ["relative/x", "", 3, "a\0b"])
def test_a_path_is_absolute(path: Any) -> None:
    assert "path" in wrong(path=path)


@pytest.mark.parametrize("data", [None, 3, [], "x"])
def test_what_is_no_object_is_said(data: Any) -> None:
    with pytest.raises(Invalid, match="is not an object"):
        read(Whole, data)


def test_the_schema_says_the_same() -> None:
    found: dict[str, Any] = {}
    assert schema(Whole, found) == {"$ref": "#/components/schemas/Whole"}
    whole = found["Whole"]
    assert whole["required"] == ["name", "parts"] and set(found) == {"Whole", "Part"}
    assert whole["properties"]["name"] == {
        "type": "string",
        "minLength": 1,
        "maxLength": 8,
        "description": "how it is called",
    }
    assert whole["properties"]["class"] == {"anyOf": [{"enum": ["man", "dog"]}, {"type": "null"}]}
