"""The choices of a draft's training: what may be kept, and a state with them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any, Literal

from ...errors import Problem
from ...names import name_problems
from ...options.params import MOST_STEPS
from ...shapes.marks import ABSENT, Absent, Bounds, Naming
from ...system.files import mark
from .state import DraftPhoto, State

LONGEST_TEXT = 10_000
WORDS = ("lora_name", "model_folder", "gpus")
"""Choices that are "" where there are none."""
Choice = Annotated[str | None, Bounds(0, 1000)]


@dataclass(frozen=True)
class TrainingChange:
    """Choices of a draft's training; null goes back to the default."""

    base: Choice | Absent = ABSENT
    preset: Choice | Absent = ABSENT
    engine: Choice | Absent = ABSENT
    steps: Annotated[int, Bounds(1, MOST_STEPS)] | Absent = ABSENT
    lora_name: Choice | Absent = ABSENT
    model_folder: Annotated[Choice | Absent, "a folder with base models of your own"] = ABSENT
    regularization: (
        Annotated[int, Bounds(0, 10_000), "pictures of each class, trained beside the photos"]
        | Absent
    ) = ABSENT
    gpus: Annotated[Choice | Absent, '"0,1": one process on each GPU'] = ABSENT
    v_parameterization: Annotated[
        bool | Absent, "train a base that isn't marked so as v-prediction"
    ] = ABSENT
    held_out: Annotated[
        Literal["auto", "none"] | Absent,
        "auto: the photos chosen to be, else 1 from 8 photos on, 2 from 20; none: train on all",
    ] = ABSENT
    publish: Annotated[
        Literal["", "last", "recommended"] | Absent,
        'the saved step to publish at the end; "": as the settings say',
    ] = ABSENT
    private: Annotated[
        bool | Absent, "publish it without a caption word, path or name but the LoRA's own"
    ] = ABSENT
    enough: Annotated[
        bool | Absent, "end at the first save whose held-out loss is significantly worse"
    ] = ABSENT
    masks: Annotated[bool | Absent, "train only what the photos' masks show"] = ABSENT
    values: Annotated[
        Mapping[str, Any] | Absent, "options by sd-scripts' names; null: the preset's value"
    ] = ABSENT


@dataclass(frozen=True)
class DraftChange:
    """A change of the draft: any part of it."""

    name: Annotated[str | Absent, "of the subject"] = ABSENT
    class_token: str | Absent = ABSENT
    training: Annotated[TrainingChange, Naming.OWN] | Absent = ABSENT
    was: Annotated[
        Sequence[Mapping[str, Any]], "what this window has seen: earlier values of the same parts"
    ] = ()


@dataclass(frozen=True)
class Move:
    """How far a frame is moved from the middle towards an edge of the photo."""

    x: Annotated[float, Bounds(-1, 1), "-1: left, 1: right"] = 0.0
    y: Annotated[float, Bounds(-1, 1), "-1: up, 1: down"] = 0.0


@dataclass(frozen=True)
class PhotoChange:
    """A choice about one photo; null goes back to the default."""

    used: bool | Absent | None = ABSENT
    caption: Annotated[str, Bounds(0, LONGEST_TEXT)] | Absent | None = ABSENT
    turn: Annotated[int, Bounds(0, 3), "quarters that the copy is turned clockwise"] | Absent = (
        ABSENT
    )
    move: Annotated[Move, "where its frame is; null: in the middle"] | Absent | None = ABSENT
    held_out: Annotated[
        bool | Absent | None,
        "true: measure the result on it, never train it; the user's choices replace the doctor's",
    ] = ABSENT
    subject: Annotated[int, "whom it shows: a subject's number"] | Absent = ABSENT
    repeats: Annotated[
        Annotated[int, Bounds(1, MOST_STEPS)] | Absent | None,
        "how often an epoch shows it; null: as often as the others of its subject",
    ] = ABSENT
    was: Annotated[Sequence[Mapping[str, Any]], "what this window has seen: earlier captions"] = ()


def refuse(word: str) -> None:
    raise ValueError(f"it holds {word}")


def value_problems(values: Mapping[str, Any]) -> list[Problem]:
    """What no option can be set to; which options there are is the plan's question."""
    if not any(isinstance(value, Mapping) for value in values.values()):
        return []
    return [Problem("draft.object_option_value", "values", "is not an object of option: value")]


def unkeepable(key: str, name: str) -> list[Problem]:
    """A name may be wrong as long as it is typed, and the page says so; a text far too long is not
    even kept.
    """
    return name_problems(name, "class" if key == "class_token" else key) if len(name) > 200 else []


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
        plain |= {key: plain[key] or "" for key in WORDS if key in plain}
        kept = {key: value for key, value in values.items() if value is not None}
        after = replace(after, training=replace(state.training, **plain, values=kept))
    return after


def holding(state: State) -> State:
    """``state`` with photos held out, where that was switched off."""
    return replace(state, training=replace(state.training, held_out="auto"))


def with_files(state: State, names: Sequence[str], folder: Path, subject: int = 1) -> State:
    """New photos of a subject."""
    new = tuple(
        DraftPhoto(state.next_id + n, name, True, mark(folder / name), subject=subject)
        for n, name in enumerate(names)
    )
    return replace(state, items=(*state.items, *new), next_id=state.next_id + len(new))


def with_folder(state: State, path: Path | None, found: Sequence[Path], subject: int = 1) -> State:
    """A subject's photos that stay keep their number, choice and caption."""
    had = {i.file: i for i in state.items if not i.uploaded and i.subject == subject}
    items = [i for i in state.items if i.uploaded or i.subject != subject]
    number = state.next_id
    for file in map(str, found):
        fresh = DraftPhoto(number, file, False, subject=subject)
        items.append(replace(had.get(file) or fresh, mark=mark(Path(file))))
        number += file not in had
    source = str(path) if path else None
    after = replace(state, items=tuple(items), next_id=number)
    if subject == 1:
        return replace(after, source=source)
    others = tuple(
        replace(one, source=source) if one.id == subject else one for one in state.others
    )
    return replace(after, others=others)
