"""The description of the routes, against the routes themselves."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from sd_scripts_bridge.cli import arguments
from sd_scripts_bridge.page.context import Context
from sd_scripts_bridge.rest.openapi import description
from sd_scripts_bridge.rest.routes import NONCE_HEADER, PREFIX, RULES
from tests.support.page import Page, filled

ONLY_TYPED = {
    "ui": "it serves these routes",
    "completion": "for a shell",
    "help": "this description is its page",
}
"""Verbs without a route, and why."""


def test_every_route_is_described_and_nothing_else() -> None:
    for path, methods in description()["paths"].items():
        for method, operation in methods.items():
            assert operation["summary"].endswith("."), f"{method} {path} needs a docstring"


def test_it_is_openapi() -> None:
    validator = pytest.importorskip(
        "openapi_spec_validator", reason="pip install openapi-spec-validator"
    )
    validator.validate(description())


def check(path: str, method: str, answer: Any) -> None:
    """The answer is one that the description knows, and looks as it says."""
    jsonschema = pytest.importorskip("jsonschema", reason="pip install jsonschema")
    whole = description()
    said = whole["paths"][path][method]["responses"].get(str(answer.status_code))
    assert said, f"{method} {path} answered {answer.status_code}: {answer.text}"
    ((media, content),) = said["content"].items()
    assert answer.headers["content-type"].partition(";")[0] == media
    if media == "application/json":
        schema = {**content["schema"], "components": whole["components"]}
        jsonschema.Draft202012Validator(schema).validate(answer.json())


def test_real_answers_look_as_described(ready: Page, tmp_path: Path) -> None:
    check("/train", "post", ready.post("train"))
    ready.over(1)
    for rule in RULES:
        if rule.method == "GET":
            check(rule.path, "get", ready.get(filled(rule.path)))
    check("/jobs/{job}", "get", ready.get("jobs/99"))
    check("/draft", "post", ready.post("draft", name="Eva"))
    check("/draft", "post", ready.post("draft", name=3))
    check("/draft/photo/{pid}", "post", ready.post("draft/photo/1", used=False))
    check("/draft/captions", "post", ready.post("draft/captions", action="undo"))
    check("/jobs/{job}/remove", "post", ready.post("jobs/1/remove"))
    check("/check", "post", ready.post("check", photos=[str(tmp_path)]))
    check(
        "/presets/copy",
        "post",
        ready.post("presets/copy", name="tiny", to=str(tmp_path / "mine.toml")),
    )
    nobody = ready.client.post(f"{PREFIX}/draft", json={})
    check("/draft", "post", nobody)


def test_every_get_in_it_can_be_asked(page: Page) -> None:
    for path in description()["paths"]:
        assert page.get(filled(path)).status_code in (200, 404, 405), path


def test_every_verb_has_its_route_in_the_table() -> None:
    """docs/rest.md's table "verb, route, place in the tab"."""
    text = (Path(__file__).parents[2] / "docs" / "rest.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([a-z-]+)[^`|]*`[^|]*\| ([^|]*) \| ([^|]*) \|$", text, re.MULTILINE)
    told: dict[str, str] = {}
    for verb, routes, _ in rows:
        told[verb] = told.get(verb, "") + routes
    verbs = arguments.verbs_of(arguments.parser())
    missing = verbs.keys() - told.keys() - ONLY_TYPED.keys()
    assert not missing, (
        f"docs/rest.md's first table and sd_scripts_bridge/rest/app.py lack {missing}"
    )
    known = {f"{rule.method} {re.sub('{[a-z]+}', 'ID', rule.path).lstrip('/')}" for rule in RULES}
    for verb in verbs.keys() - ONLY_TYPED.keys():
        routes = re.findall(r"`((?:GET|POST) [^`? ]+)", told[verb])
        assert routes and set(routes) <= known, f"{verb}: {routes}"


def test_a_stranger_is_told_how_to_get_in(context: Context) -> None:
    operation = description()["paths"]["/train"]["post"]
    assert {"name": NONCE_HEADER, "in": "header"}.items() <= operation["parameters"][0].items()
    assert {"401", "403", "415", "422", "503"} <= operation["responses"].keys()
    assert "data-nonce" in description()["info"]["description"]
