"""docs/rest.md against the routes: its generated parts, and its examples."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from sd_scripts_bridge.rest.openapi import description
from sd_scripts_bridge.rest.routes import RULES
from sd_scripts_bridge.rest.signature import Nothing, signature_of
from sd_scripts_bridge.shapes.marks import FromForm, bare, kinds, title_of
from sd_scripts_bridge.shapes.reader import read
from tools import rest_docs, rest_types

TEXT = rest_docs.DOCUMENT.read_text(encoding="utf-8")
SHAPE = re.compile(r"^### (\w+)\n.*?^```jsonc\n(.*?)^```", re.MULTILINE | re.DOTALL)
EXAMPLES: dict[str, Any] = {
    name: json.loads(re.sub(r"\s*(?<!\S)// .*", "", block)) for name, block in SHAPE.findall(TEXT)
}
BODIES = {
    title_of(body): body for rule in RULES if (body := signature_of(rule).body) is not Nothing
}


def test_it_is_up_to_date() -> None:
    assert rest_docs.renewed(TEXT) == TEXT, "run python -m tools.rest_docs"


def test_the_pages_scripts_are_checked_against_the_same_shapes() -> None:
    written = rest_types.TYPES.read_text(encoding="utf-8")
    assert written == rest_types.renewed(), "run python -m tools.rest_docs"


def test_it_names_every_route() -> None:
    missing = [rule for rule in RULES if f"| `{rest_docs.address(rule)}`" not in TEXT]
    assert not missing


def test_it_shows_every_shape_that_the_description_names() -> None:
    assert set(EXAMPLES) >= set(description()["components"]["schemas"])


@pytest.mark.parametrize("name", EXAMPLES)
def test_its_examples_are_as_described(name: str) -> None:
    jsonschema = pytest.importorskip("jsonschema", reason="pip install jsonschema")
    schema = {"$ref": f"#/components/schemas/{name}", "components": description()["components"]}
    jsonschema.Draft202012Validator(schema).validate(EXAMPLES[name])


@pytest.mark.parametrize("name", sorted(BODIES.keys() & EXAMPLES.keys()))
def test_its_bodies_can_be_sent(name: str) -> None:
    in_a_form = FromForm.FILES in bare(kinds(BODIES[name]).get("files"))[1]
    files: dict[str, Any] = {"files": []} if in_a_form else {}
    read(BODIES[name], {**EXAMPLES[name], **files})


def test_its_lines_fit_the_screen() -> None:
    assert [line for line in TEXT.splitlines() if len(line) > rest_docs.WIDTH] == []
