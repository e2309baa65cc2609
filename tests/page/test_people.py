"""Who is on the draft's photos: told for each subject, after they were looked at."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sd_scripts_bridge.likeness.vectors import KeptVectors
from sd_scripts_bridge.likeness.yardstick import find
from sd_scripts_bridge.paths import Home
from tests.support import messy
from tests.support.page import Page, base, context, page

__all__ = ["base", "context", "page"]


@pytest.fixture
def vectors(home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> KeptVectors:
    """What CLIP has found before. It need not run, and couldn't: it has no weights."""
    monkeypatch.delenv("HF_HUB_CACHE", raising=False)
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    folder = tmp_path / "hf" / "hub" / "models--openai--clip" / "snapshots" / "a"
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps({"model_type": "clip"}), encoding="utf-8")
    (folder / "model.safetensors").touch()
    by = find(home)
    assert by is not None
    return KeptVectors(home.faces, by)


def photos(folder: Path, persons: list[int], vectors: KeptVectors) -> Path:
    """A photo of each of these persons, numbered from 1, and its vector."""
    folder.mkdir()
    dice = np.random.default_rng(len(persons))
    for number, person in enumerate(persons, 1):
        file = folder / f"{number}.png"
        messy.photo(10 * len(persons) + number, (600, 600)).save(file)
        noise = 0.05 * dice.standard_normal(8)
        vectors.put(hashlib.sha256(file.read_bytes()).hexdigest(), np.eye(8)[person] + noise)
    return folder


def draft(page: Page) -> dict[str, Any]:
    """Once all is looked at and compared."""
    page.seen()
    people = page.context.draft.check.people
    assert people is not None and people.wait() and page.context.draft.check.wait()
    told: dict[str, Any] = page.get("draft").json()
    return told


def person(told: dict[str, Any]) -> dict[str, Any]:
    facet: dict[str, Any] = next(one for one in told["coverage"] if one["name"] == "same person")
    return facet


def test_a_photo_of_someone_else_is_named_and_left_out_by_a_click_only(
    page: Page, tmp_path: Path, vectors: KeptVectors
) -> None:
    page.post("draft/folder", path=str(photos(tmp_path / "set", [0] * 6 + [1], vectors)))
    told = draft(page)
    assert person(told)["text"].startswith("same person: 6 of 7 alike"), told
    assert person(told)["missing"].startswith("7.png looks like someone else: ")
    odd = told["photos"][6]
    assert odd["used"] and odd["verdict"] == "mind" and told["used"] == 7
    (found,) = [one for one in odd["findings"] if "someone else" in one["reason"]]
    assert (found["severity"], found["fix"]) == ("serious", "leave out") and found["remedy"]
    assert told["comparing"] is None
    page.post("draft/photos/fix", fix="leave out", photos=[odd["id"]])
    facet = person(page.get("draft").json())
    assert facet["text"].startswith("same person: 6 of 6 alike") and not facet["missing"]


def test_two_subjects_arent_compared_with_each_other(
    page: Page, tmp_path: Path, vectors: KeptVectors
) -> None:
    page.post("draft", name="Ada", class_token="woman")
    page.post("draft/folder", path=str(photos(tmp_path / "ada", [0] * 5, vectors)))
    page.post("draft/subjects")
    page.post("draft/subjects/2", name="Bo", class_token="man")
    page.post("draft/folder", path=str(photos(tmp_path / "bo", [1] * 6, vectors)), subject=2)
    facet = person(draft(page))
    assert "Ada: 5 of 5 alike" in facet["text"] and "Bo: 6 of 6 alike" in facet["text"], facet
    assert not facet["missing"]
