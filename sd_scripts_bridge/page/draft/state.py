"""What the user has said so far, as one frozen value:
the photos' list, his choices, his captions.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from operator import attrgetter
from typing import Any

from ...datasets.captions.authors import HAND
from ...datasets.captions.edits import UNDO_LEVELS

UNDO_CAPTIONS = 25_000
"""All levels together; a set of thousands keeps fewer of them."""


@dataclass(frozen=True, slots=True)
class Words:
    """A photo's caption as it is kept (`captions.bound`), and who wrote it: "hand", or a captioner,
    whose words somebody may have ``edited`` since.
    """

    text: str | None
    by: str = ""
    edited: bool = False


@dataclass(frozen=True, slots=True)
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
    by: str = ""
    edited: bool = False
    """Of the caption, see `Words`."""
    reason: Mapping[str, Any] | None = None
    """Why the last captioner wrote none: a message, as plain data."""
    turn: int = 0
    """Quarters that the copy is turned clockwise."""
    move_x: float = 0.0
    """How far the frame is moved, -1 (left) to 1; see `framing.frame`."""
    move_y: float = 0.0
    held_out: bool | None = None
    """The user's choice, where he made one, see `looks.held_out`."""
    subject: int = 1
    """Whom it shows: a `DraftSubject`'s number; 1 is the first, whose name the state has itself."""
    repeats: int | None = None
    """How often an epoch shows it, where that isn't its subject's number."""
    mask: str = ""
    """The file with the mask that was painted here, see `looks.masks`."""

    @property
    def words(self) -> Words:
        return Words(self.caption, self.by, self.edited)

    def saying(self, words: Words) -> DraftPhoto:
        """The photo with another caption."""
        return replace(self, caption=words.text, by=words.by, edited=words.edited, reason=None)

    def by_hand(self, text: str | None) -> Words:
        """``text`` as the user has written it, or has made of what a captioner wrote."""
        if text is None:
            return Words(None)
        is_captioners = self.caption is not None and self.by not in ("", HAND)
        return Words(text, self.by if is_captioners else HAND, is_captioners)

    @property
    def move(self) -> tuple[float, float]:
        return self.move_x, self.move_y


@dataclass(frozen=True)
class DraftSubject:
    """One of several subjects. ``repeats`` None: so that all are shown equally often."""

    id: int
    name: str = ""
    class_token: str = ""
    repeats: int | None = None
    source: str | None = None
    """The folder whose photos show it."""


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
    masks: bool = False
    """Train only what the photos' masks show."""
    held_out: str = "auto"
    """Whether photos are held out to measure the result: "auto", or "none"."""
    publish: str = ""
    """The saved step to publish at the end: "last", "recommended", or as the settings say."""
    private: bool = False
    """Publish it without a caption word, path or name but the LoRA's own."""
    enough: bool = False
    """End at the first save whose held-out loss is significantly worse."""
    regularization: int = 0
    """Regularization pictures of each class that are trained beside the photos."""
    values: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class State:
    """All of it. ``undo`` holds what captions were before each change, the newest last."""

    revision: int = 0
    name: str = ""
    class_token: str = ""
    source: str | None = None
    repeats: int | None = None
    """Of the first subject, as a `DraftSubject` has them."""
    others: tuple[DraftSubject, ...] = ()
    """Further subjects."""
    items: tuple[DraftPhoto, ...] = ()
    next_id: int = 1
    training: TrainingChoices = field(default_factory=TrainingChoices)
    undo: tuple[Mapping[int, Words], ...] = ()
    redo: tuple[Mapping[int, Words], ...] = ()
    """What captions were before each undo of theirs."""
    caption_job: int = 0
    """The captioner's job whose captions come in now; 0: none."""
    coming: bool = False
    """Whether the newest step for undo is that of the captions that come in now."""
    video_jobs: tuple[tuple[int, int], ...] = ()
    """(the job that chooses a video's frames, the subject that these show), until they come in."""
    photo_undo: tuple[tuple[DraftPhoto, ...], ...] = ()
    """Photos as they were before each change of use, turn or frame, the newest last."""
    before: Mapping[str, Any] | None = None
    """What an import has replaced, see `draft_import`."""

    def as_dict(self) -> dict[str, Any]:
        """Plain data; of thousands of photos in a moment, which `asdict` isn't."""
        plain = {one.name: getattr(self, one.name) for one in fields(self)}
        levels = {
            name: [{pid: _plain(words) for pid, words in level.items()} for level in plain[name]]
            for name in ("undo", "redo")
        }
        return {
            "version": 1,
            **plain,
            **levels,
            "items": [*map(_as_dict, self.items)],
            "others": [vars(one) for one in self.others],
            "photo_undo": [[*map(_as_dict, level)] for level in self.photo_undo],
            "training": asdict(self.training),
        }

    @property
    def subjects(self) -> tuple[DraftSubject, ...]:
        """All of them, the first one first."""
        first = DraftSubject(1, self.name, self.class_token, self.repeats, self.source)
        return first, *self.others

    def subject(self, number: int) -> DraftSubject | None:
        return next((one for one in self.subjects if one.id == number), None)

    def of(self, item: DraftPhoto | None) -> State:
        """The state as it is said of this photo: with its own subject's name and class."""
        if item is None or item.subject == 1:
            return self
        own = self.subject(item.subject)
        return replace(self, name=own.name, class_token=own.class_token) if own else self

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
            old.id: replace(old.saying(now[old.id].words), reason=now[old.id].reason)
            for old in before
            if old.id in now
        }
        return replace(self.with_items(changed), photo_undo=tuple(rest))

    def with_captions(self, captions: Mapping[int, Words]) -> State:
        """Other captions for some photos; `undone` takes it back."""
        before = {i.id: i.words for i in self.items if i.id in captions}
        before = {pid: words for pid, words in before.items() if words != captions[pid]}
        if not before:
            return self
        undo = _shortened((*self.undo, before))
        return replace(self._saying(captions), undo=undo, redo=(), coming=False)

    def undone(self) -> State:
        """The captions before the last change of them; itself where there was none."""
        if not self.undo:
            return self
        *rest, before = self.undo
        after = {item.id: item.words for item in self.items if item.id in before}
        redo = _shortened((*self.redo, after))
        return replace(self._saying(before), undo=tuple(rest), redo=redo, coming=False)

    def redone(self) -> State:
        """The captions before the last undo of theirs; itself where there was none."""
        if not self.redo:
            return self
        *rest, after = self.redo
        before = {item.id: item.words for item in self.items if item.id in after}
        undo = _shortened((*self.undo, before))
        return replace(self._saying(after), redo=tuple(rest), undo=undo, coming=False)

    def _saying(self, captions: Mapping[int, Words]) -> State:
        return self.with_items(
            {i.id: i.saying(captions[i.id]) for i in self.items if i.id in captions}
        )


def from_dict(data: Mapping[str, Any]) -> State:
    """The state that `State.as_dict` made; keys that only a newer version knows are left out.

    Raises ValueError, TypeError, KeyError or AttributeError for anything else.
    """
    apart: dict[str, Any] = dict.fromkeys(
        ("items", "undo", "redo", "photo_undo", "others", "video_jobs"), ()
    )
    apart["training"] = TrainingChoices()
    values = _known(State, {**data, **apart})
    values["items"] = _photos(data.get("items", ()))
    values["others"] = tuple(
        DraftSubject(**_known(DraftSubject, row)) for row in data.get("others", ())
    )
    values["video_jobs"] = tuple(
        (int(job), int(subject)) for job, subject in data.get("video_jobs", ())
    )
    values["photo_undo"] = tuple(map(_photos, data.get("photo_undo", ())))
    values["training"] = TrainingChoices(**_known(TrainingChoices, data.get("training", {})))
    for name in ("undo", "redo"):
        values[name] = tuple(
            {int(pid): _words(words) for pid, words in level.items()}
            for level in data.get(name, ())
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
    "Mapping[str, Any] | None": (dict, type(None)),
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


_NAMES = tuple(one.name for one in fields(DraftPhoto))
_values_of = attrgetter(*_NAMES)


def _as_dict(item: DraftPhoto) -> dict[str, Any]:
    return dict(zip(_NAMES, _values_of(item), strict=True))


def _plain(words: Words) -> dict[str, Any]:
    return {"text": words.text, "by": words.by, "edited": words.edited}


def _words(value: Any) -> Words:
    """A kept caption; until 0.1.0 it was a text or nothing."""
    if value is None or isinstance(value, str):
        return Words(value)
    return Words(**_known(Words, value))


def _shortened(
    levels: tuple[Mapping[int, Words], ...],
) -> tuple[Mapping[int, Words], ...]:
    """The newest levels, as many as may be kept; always the last one."""
    kept: list[Mapping[int, Words]] = []
    for level in reversed(levels[-UNDO_LEVELS:]):
        if kept and sum(map(len, kept)) + len(level) > UNDO_CAPTIONS:
            break
        kept.append(level)
    return tuple(reversed(kept))
