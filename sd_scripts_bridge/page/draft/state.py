"""What the user has said so far, as one frozen value: the photos' list, his choices, his captions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any

from ...datasets.captions.edits import UNDO_LEVELS

UNDO_CAPTIONS = 5000
"""All levels together; a set of 1,000 photos keeps fewer of them."""


@dataclass(frozen=True)
class DraftPhoto:
    """One photo. ``file`` is a name in the draft's own folder where ``uploaded``, else a path of
    the user's.
    """

    id: int
    file: str
    uploaded: bool
    mark: str = ""
    """Size and time when it came, see `draft_check.mark`."""
    used: bool | None = None
    """The user's choice, where he made one."""
    caption: str | None = None
    """What the user or a bulk action wrote, as `draft_captions.bound` keeps it.
    None: what lies beside the photo, or the name and the class."""
    turn: int = 0
    """Quarters that the copy is turned clockwise."""
    move_x: float = 0.0
    """How far the frame is moved, -1 (left) to 1; see `framing.frame`."""
    move_y: float = 0.0

    @property
    def move(self) -> tuple[float, float]:
        return self.move_x, self.move_y


@dataclass(frozen=True)
class TrainingChoices:
    """The choices of the third step; None and "" mean: what the plan finds best."""

    base: str | None = None
    preset: str | None = None
    engine: str | None = None
    steps: int = 1500
    lora_name: str = ""
    model_folder: str = ""
    """A folder of the user's with base models, besides the host's."""
    gpus: str = ""
    """The GPUs, "1" or "0,1": one process on each."""
    v_parameterization: bool = False
    """Train a base as v-prediction whose file has no mark: an import said so."""
    values: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class State:
    """All of it. ``undo`` holds what captions were before each change, the newest last."""

    revision: int = 0
    name: str = ""
    class_token: str = ""
    source: str | None = None
    items: tuple[DraftPhoto, ...] = ()
    next_id: int = 1
    training: TrainingChoices = field(default_factory=TrainingChoices)
    undo: tuple[Mapping[int, str | None], ...] = ()
    photo_undo: tuple[tuple[DraftPhoto, ...], ...] = ()
    """Photos as they were before each change of use, turn or frame, the newest last."""
    before: Mapping[str, Any] | None = None
    """What an import has replaced, see `draft_import`."""

    def as_dict(self) -> dict[str, Any]:
        return {"version": 1, **asdict(self)}

    def item(self, pid: int) -> DraftPhoto | None:
        return next((item for item in self.items if item.id == pid), None)

    def with_items(self, changed: Mapping[int, DraftPhoto]) -> State:
        return replace(self, items=tuple(changed.get(item.id, item) for item in self.items))

    def with_photos(self, changed: Mapping[int, DraftPhoto]) -> State:
        """Some photos used, turned or framed otherwise; `photos_undone` takes it back."""
        before = tuple(i for i in self.items if i.id in changed and changed[i.id] != i)
        if not before:
            return self
        levels = (*self.photo_undo, before)[-UNDO_LEVELS:]
        return replace(self.with_items(changed), photo_undo=levels)

    def photos_undone(self) -> State:
        """The photos before the last change of them, their captions as they are now; itself where
        there was none.
        """
        if not self.photo_undo:
            return self
        *rest, before = self.photo_undo
        now = {item.id: item for item in self.items}
        changed = {
            old.id: replace(old, caption=now[old.id].caption) for old in before if old.id in now
        }
        return replace(self.with_items(changed), photo_undo=tuple(rest))

    def with_captions(self, captions: Mapping[int, str | None]) -> State:
        """Other captions for some photos; `undone` takes it back."""
        before = {
            item.id: item.caption
            for item in self.items
            if item.id in captions and item.caption != captions[item.id]
        }
        if not before:
            return self
        state = self.with_items(
            {i.id: replace(i, caption=captions[i.id]) for i in self.items if i.id in before}
        )
        return replace(state, undo=_shortened((*self.undo, before)))

    def undone(self) -> State:
        """The captions before the last change of them; itself where there was none."""
        if not self.undo:
            return self
        *rest, before = self.undo
        state = self.with_items(
            {i.id: replace(i, caption=before[i.id]) for i in self.items if i.id in before}
        )
        return replace(state, undo=tuple(rest))


def from_dict(data: Mapping[str, Any]) -> State:
    """The state that `State.as_dict` made; keys that only a newer version knows are left out.

    Raises ValueError, TypeError, KeyError or AttributeError for anything else.
    """
    apart = {"items": (), "training": TrainingChoices(), "undo": (), "photo_undo": ()}
    values = _known(State, {**data, **apart})
    values["items"] = _photos(data.get("items", ()))
    values["photo_undo"] = tuple(map(_photos, data.get("photo_undo", ())))
    values["training"] = TrainingChoices(**_known(TrainingChoices, data.get("training", {})))
    values["undo"] = tuple(
        {int(pid): _text(text) for pid, text in level.items()} for level in data.get("undo", ())
    )
    return State(**values)


def _photos(rows: Iterable[Mapping[str, Any]]) -> tuple[DraftPhoto, ...]:
    return tuple(DraftPhoto(**_known(DraftPhoto, row)) for row in rows)


_KINDS: Mapping[str, tuple[type, ...]] = {
    "int": (int,),
    "float": (int, float),
    "str": (str,),
    "bool": (bool,),
    "str | None": (str, type(None)),
    "bool | None": (bool, type(None)),
    "Mapping[str, Any]": (dict,),
}


def _known(cls: type[Any], data: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of ``cls`` in ``data``. Raises TypeError where one is of another kind."""
    kinds = {f.name: _KINDS.get(str(f.type), (object,)) for f in fields(cls)}
    found = {key: value for key, value in data.items() if key in kinds}
    for key, value in found.items():
        if not isinstance(value, kinds[key]) or (
            isinstance(value, bool) and bool not in kinds[key]
        ):
            raise TypeError(f"{key} is {type(value).__name__}")
    return found


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    raise TypeError(f"a caption is {type(value).__name__}")


def _shortened(
    levels: tuple[Mapping[int, str | None], ...],
) -> tuple[Mapping[int, str | None], ...]:
    """The newest levels, as many as may be kept; always the last one."""
    kept: list[Mapping[int, str | None]] = []
    for level in reversed(levels[-UNDO_LEVELS:]):
        if kept and sum(map(len, kept)) + len(level) > UNDO_CAPTIONS:
            break
        kept.append(level)
    return tuple(reversed(kept))
