"""The choices of a draft's training: what may be kept, and a state with them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from ...errors import Problem, short
from ...names import name_problems
from ...system.files import mark
from .state import DraftPhoto, State

LONGEST_TEXT = 10_000


_WORDS = ("lora_name", "model_folder", "gpus")


_STRINGS = ("base", "preset", "engine", *_WORDS)


def refuse(word: str) -> None:
    raise ValueError(f"it holds {word}")


def training_problems(training: Any) -> list[Problem]:
    """What can't be stored as training choices; whether they can be trained is the plan's question."""
    if not isinstance(training, Mapping):
        return [
            Problem(
                "draft.object", "training", "{training} is not an object", training=short(training)
            )
        ]
    found = [
        Problem("draft.training_choice", key, "is no training choice")
        for key in training.keys() - {*_STRINGS, "steps", "values", "v_parameterization"}
    ]
    for key in _STRINGS:
        if training.get(key) is not None and not is_text(training[key], 1000):
            found.append(
                Problem(
                    "draft.text_characters_2",
                    key,
                    "{training} is not a text of up to 1000 characters",
                    training=short(training[key]),
                )
            )
    steps = training.get("steps", 1)
    if not isinstance(steps, int) or isinstance(steps, bool) or not 1 <= steps <= 1_000_000:
        found.append(
            Problem(
                "draft.whole_number",
                "steps",
                "{steps} is not a whole number from 1 to 1,000,000",
                steps=short(steps),
            )
        )
    if not isinstance(training.get("v_parameterization", False), bool):
        said = short(training["v_parameterization"])
        text = "{value} is neither true nor false"
        found.append(Problem("draft.yes_or_no", "v_parameterization", text, value=said))
    values = training.get("values", {})
    if not isinstance(values, Mapping) or any(
        isinstance(value, Mapping) for value in values.values()
    ):
        found.append(
            Problem("draft.object_option_value", "values", "is not an object of option: value")
        )
    return found


def unkeepable(key: str, name: Any) -> list[Problem]:
    """A name may be wrong as long as it is typed, and the page says so; a text far too long is not
    even kept.
    """
    if not isinstance(name, str):
        return [Problem("draft.text", key, "{name} is not a text", name=short(name))]
    return name_problems(name, "class" if key == "class_token" else key) if len(name) > 200 else []


def is_text(value: Any, longest: int) -> bool:
    return isinstance(value, str) and len(value) <= longest


def described(state: State, names: Mapping[str, str], training: Mapping[str, Any]) -> State:
    """Options set to null are the preset's again."""
    after = replace(
        state,
        name=names.get("name", state.name),
        class_token=names.get("class_token", state.class_token),
    )
    if training:
        values = {**state.training.values, **training.get("values", {})}
        plain = {key: value for key, value in training.items() if key != "values"}
        plain |= {key: plain[key] or "" for key in _WORDS if key in plain}
        kept = {key: value for key, value in values.items() if value is not None}
        after = replace(after, training=replace(state.training, **plain, values=kept))
    return after


def with_files(state: State, names: Sequence[str], folder: Path) -> State:
    new = tuple(
        DraftPhoto(state.next_id + n, name, True, mark(folder / name))
        for n, name in enumerate(names)
    )
    return replace(state, items=(*state.items, *new), next_id=state.next_id + len(new))


def with_folder(state: State, path: Path | None, found: Sequence[Path]) -> State:
    """Photos that stay keep their number, choice and caption."""
    had = {item.file: item for item in state.items if not item.uploaded}
    items, number = [item for item in state.items if item.uploaded], state.next_id
    for file in map(str, found):
        items.append(
            replace(had.get(file) or DraftPhoto(number, file, False), mark=mark(Path(file)))
        )
        number += file not in had
    return replace(state, items=tuple(items), next_id=number, source=str(path) if path else None)
