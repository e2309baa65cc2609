"""slang: short names and slips of the finger find sd-scripts' option."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sd_scripts_bridge.errors import Invalid, NotFound
from sd_scripts_bridge.names import allowed, name_problems
from sd_scripts_bridge.options import presets
from sd_scripts_bridge.options.params import TrainingParams, fields_of_params
from sd_scripts_bridge.options.slang import SLANG, meant, names_for
from sd_scripts_bridge.paths import Home
from sd_scripts_bridge.planning import option_list

OURS = [field.name for field in fields_of_params()]


@pytest.mark.parametrize(
    ("typed", "option"),
    [
        ("lr", "learning_rate"),
        ("dim", "network_dim"),
        ("rank", "network_dim"),
        ("steps", "max_train_steps"),
        ("batch-size", "train_batch_size"),
        ("leraning_rate", "learning_rate"),
        ("qqqq", None),
    ],
)
def test_what_was_meant(typed: str, option: str | None) -> None:
    assert meant(typed, OURS) == option


def test_slang_never_hides_an_option_of_the_scripts() -> None:
    known = {
        name
        for file in (Path(presets.FOLDER).parent / "known").glob("*.json")
        for name in _names(json.loads(file.read_text(encoding="utf-8")))
    }
    assert len(known) > 100 and not known & set(SLANG) and set(SLANG.values()) <= known | {*OURS}


def _names(data: object) -> set[str]:
    """Every "name" in the file, however deep."""
    if isinstance(data, dict):
        own = {data["name"]} if isinstance(data.get("name"), str) else set()
        return own.union(*map(_names, data.values())) | set(data)
    return set().union(*map(_names, data)) if isinstance(data, list) else set()


def test_a_wrong_option_and_a_wrong_preset_are_asked_about() -> None:
    with pytest.raises(Invalid, match=r"Did you mean network_dim\?"):
        TrainingParams().with_values({"rank": 4})
    with pytest.raises(NotFound, match=r"Did you mean person-sd15\?"):
        presets.get("persn-sd15")
    with pytest.raises(NotFound, match="`sd-scripts-bridge presets` lists them"):
        presets.get("qqqq")


def test_the_search_knows_what_people_call_it(home: Home) -> None:
    rows = option_list.options(home, "sd1")
    assert option_list.search(rows, "batch_size")[0].name == "train_batch_size"
    assert "learning_rate" in [row.name for row in option_list.search(rows, "lr")]
    assert names_for("learning_rate") == ["lr"]


@pytest.mark.parametrize(
    ("typed", "near"),
    [
        ("Zoë O'Brien", "Zoë OBrien"),
        ("Ada/Bob", "Ada Bob"),
        ("<lora:Ada:1>", "lora Ada 1"),
        ("日本!", "日本"),
        ("''", None),
    ],
)
def test_a_name_is_taken_or_its_nearest_form_offered(typed: str, near: str | None) -> None:
    assert allowed(typed) == near
    (problem,) = name_problems(typed)
    assert near is None or f"for example {near!r}." in str(problem)
    assert near is None or not name_problems(near)
