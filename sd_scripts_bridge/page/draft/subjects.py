"""Several subjects in a draft: added, changed, removed; kohya's folders taken as they are; and the
folders that they become.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any

from ...datasets.kohya_folder import Dataset, Subset, leaf_name, open_dataset, repeats_for
from ...errors import BridgeError, Conflict, NotFound
from ...names import normal
from ...options.params import MOST_STEPS
from ...photos import files as photo_files
from ...shapes.marks import ABSENT, Absent, Bounds
from ...system.files import mark
from .choices import unkeepable
from .state import DraftPhoto, DraftSubject, State

MOST = 20
"""Subjects in one draft."""


@dataclass(frozen=True)
class SubjectChange:
    """A change of one of the draft's subjects."""

    name: str | Absent = ABSENT
    class_token: str | Absent = ABSENT
    repeats: Annotated[
        Annotated[int, Bounds(1, MOST_STEPS)] | Absent | None,
        "how often an epoch shows each of its photos; null: so that all are shown equally often",
    ] = ABSENT
    was: Annotated[Sequence[Mapping[str, Any]], "what this window has seen; not compared"] = ()


@dataclass(frozen=True)
class SubjectFolder:
    """Photos of one subject that are shown equally often: a folder of the dataset."""

    subject: DraftSubject
    repeats: int
    items: tuple[DraftPhoto, ...]

    @property
    def leaf(self) -> str:
        return leaf_name(self.repeats, self.subject.name, self.subject.class_token)


# ---- changing ----


def added(state: State) -> State:
    """One more. Raises `Conflict` where there are too many."""
    if len(state.others) + 1 >= MOST:
        raise Conflict("draft.most_subjects", "{count} subjects are the most.", count=MOST)
    number = max((one.id for one in state.others), default=1) + 1
    return replace(state, others=(*state.others, DraftSubject(number)))


def changed(state: State, number: int, said: SubjectChange) -> State:
    """Another name, class or number of repeats. Raises `NotFound`."""
    own = known(state, number)
    values: dict[str, Any] = {
        key: normal(text)
        for key in ("name", "class_token")
        if isinstance(text := getattr(said, key), str)
    }
    if said.repeats is not ABSENT:
        values["repeats"] = said.repeats
    return _with(state, replace(own, **values))


def change_problems(said: SubjectChange) -> list[Any]:
    """What is too long to be kept."""
    texts = [(key, getattr(said, key)) for key in ("name", "class_token")]
    return [p for key, text in texts if isinstance(text, str) for p in unkeepable(key, text)]


def removed(state: State, number: int) -> State:
    """Without the subject and its photos. Raises `NotFound`, and `Conflict` for the last one."""
    known(state, number)
    if not state.others:
        raise Conflict("draft.last_subject", "It is the only subject.")
    left = tuple(item for item in state.items if item.subject != number)
    if number != 1:
        others = tuple(one for one in state.others if one.id != number)
        return replace(state, others=others, items=left, photo_undo=())
    first, *rest = state.others
    own = tuple(replace(item, subject=1) if item.subject == first.id else item for item in left)
    return _with(replace(state, others=tuple(rest), items=own, photo_undo=()), replace(first, id=1))


def known(state: State, number: int) -> DraftSubject:
    """Raises `NotFound`."""
    own = state.subject(number)
    if own is None:
        raise NotFound("draft.no_subject", "There is no subject {number}.", number=number)
    return own


def _with(state: State, own: DraftSubject) -> State:
    if own.id != 1:
        others = tuple(own if one.id == own.id else one for one in state.others)
        return replace(state, others=others)
    said = {name: getattr(own, name) for name in ("name", "class_token", "repeats", "source")}
    return replace(state, **said)


# ---- kohya's folders ----


def kohyas(path: Path) -> Dataset | None:
    """Kohya's folders at ``path``, where there are several of them."""
    try:
        found = open_dataset(path)
    except BridgeError:  # whoever takes the folder says what is wrong with it
        return None
    leaves = [photo_files.LEAF.fullmatch(one.folder.name) for one in found.subsets]
    return found if len(leaves) > 1 and all(leaves) else None


def with_folders(state: State, path: Path, data: Dataset) -> State:
    """The folders' photos, each with its subject and its repeats, in the place of all that came
    from a folder before; uploaded photos stay the first subject's.
    """
    words = dict.fromkeys((one.subject, one.class_token) for one in data.subsets)
    numbers = {own: number for number, own in enumerate(words, 1)}
    items = [item for item in state.items if item.uploaded]
    had = {item.file: item for item in state.items if not item.uploaded}
    for subset in data.subsets:
        number = numbers[subset.subject, subset.class_token]
        for file in map(str, photo_files.find([subset.folder])):
            fresh = DraftPhoto(state.next_id + len(items), file, False)
            kept = replace(had.get(file) or fresh, mark=mark(Path(file)))
            items.append(replace(kept, subject=number, repeats=subset.repeats))
    usual = {number: _usual(items, number) for number in numbers.values()}
    items = [
        replace(item, repeats=None) if item.repeats == usual.get(item.subject) else item
        for item in items
    ]
    found = [DraftSubject(n, *own, usual[n], str(path)) for own, n in numbers.items()]
    after = replace(
        state,
        items=tuple(items),
        next_id=state.next_id + len(items),
        others=tuple(found[1:]),
        photo_undo=(),
    )
    return _with(after, found[0])


def _usual(items: Sequence[DraftPhoto], number: int) -> int | None:
    counts = Counter(item.repeats for item in items if item.subject == number and item.repeats)
    return counts.most_common(1)[0][0] if counts else None


# ---- what they become ----


def folders(state: State, items: Sequence[DraftPhoto], steps: int) -> list[SubjectFolder]:
    """The folders for ``items``, with repeats that show every subject equally often in about
    ``steps`` steps, as far as nobody has said others.
    """
    shown = [one for one in state.subjects if any(item.subject == one.id for item in items)]
    found = []
    for one in shown:
        own = [item for item in items if item.subject == one.id]
        free = sum(item.repeats is None for item in own)
        usual = one.repeats or repeats_for(max(1, free), steps / len(shown))
        for repeats in dict.fromkeys(item.repeats or usual for item in own):
            some = tuple(item for item in own if (item.repeats or usual) == repeats)
            found.append(SubjectFolder(one, repeats, some))
    return found


def unwritten(root: Path, parts: Sequence[SubjectFolder]) -> Dataset:
    """The dataset that they will be."""
    image_dir = root / "img"
    subsets = [
        Subset(
            image_dir / one.leaf,
            one.repeats,
            one.subject.name,
            one.subject.class_token,
            len(one.items),
        )
        for one in parts
    ]
    return Dataset(root, image_dir, tuple(subsets))
