"""Several subjects in one dataset: who they are, and how often each one's photos are shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import Problem
from ..messages import Message, joined
from ..names import normal
from ..photos.printable import shown
from .kohya_folder import Dataset, Subset, leaf_name, naming_problems, repeats_for, spoken

EVEN = 1.25
"""Subjects are balanced as long as none is shown more than so many times as often as another."""


@dataclass(frozen=True)
class PhotoShare:
    """Photos of one subject that are shown equally often, ``repeats`` times an epoch; None: so
    that every subject is shown equally often. They become one kohya folder.
    """

    name: str
    class_token: str
    photos: tuple[Path, ...]
    repeats: int | None = None

    @property
    def words(self) -> str:
        return spoken(self.name, self.class_token)

    @property
    def problems(self) -> list[Problem]:
        return naming_problems(self.name, self.class_token)


def share(
    name: str, class_token: str, photos: Sequence[Path], repeats: int | None = None
) -> PhotoShare:
    """With names as they are kept, and paths that are absolute."""
    paths = tuple(Path(path).absolute() for path in photos)
    return PhotoShare(normal(name), normal(class_token), paths, repeats)


def repeats_of(shares: Sequence[tuple[PhotoShare, int]], steps: int) -> list[int]:
    """How often an epoch shows each photo of each share, which has so many photos: so that all
    subjects together make about ``steps`` steps, each the same part of them.
    """
    subjects = dict.fromkeys(one.words for one, _ in shares)
    return [
        one.repeats or repeats_for(_undecided(one.words, shares), steps / len(subjects))
        for one, _ in shares
    ]


def _undecided(words: str, shares: Sequence[tuple[PhotoShare, int]]) -> int:
    """Photos of the subject whose repeats nobody has said."""
    own = [count for one, count in shares if one.words == words and one.repeats is None]
    return max(1, sum(own))


def leaf_of(one: PhotoShare, repeats: int) -> Path:
    """Its folder below the dataset's root."""
    return Path("img", leaf_name(repeats, one.name, one.class_token))


def manifest_of(named: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """What a dataset's manifest says of its subjects (name, class), in their order; nothing where
    there is one.
    """
    found = list(dict.fromkeys(named))
    return {"subjects": [list(one) for one in found]} if len(found) > 1 else {}


def folders_of(dataset: Dataset) -> dict[str, tuple[Subset, ...]]:
    """The folders of each subject by its words."""
    return {
        words: tuple(one for one in dataset.subsets if one.words == words)
        for words in dataset.subjects
    }


# ---- said before a training ----


def notes(dataset: Dataset) -> list[str]:
    """What an epoch shows of each subject, and whether that is balanced; nothing of one subject in
    one folder.
    """
    found = [told(dataset) if len(dataset.subsets) > 1 else None, _unbalanced(dataset)]
    return [said for said in found if said is not None]


def told(dataset: Dataset) -> Message:
    """ "Pictures an epoch: Ada woman: 10 x 15 = 150; Bob man: 5 x 30 = 150." """
    listed = joined([_told(*one) for one in folders_of(dataset).items()], "; ")
    return Message("subjects.shown", "Pictures an epoch: {subjects}.", subjects=listed)


def _told(words: str, folders: Sequence[Subset]) -> Message:
    return Message(
        "subjects.share",
        "{subject} {sum} = {total}",
        subject=shown(words),
        sum=" + ".join(f"{one.images} x {one.repeats}" for one in folders),
        total=sum(one.steps for one in folders),
    )


def _unbalanced(dataset: Dataset) -> Message | None:
    """Who is shown much more often than another, and what would change it."""
    totals = {
        words: sum(one.steps for one in folders) for words, folders in folders_of(dataset).items()
    }
    most, least = max(totals, key=totals.__getitem__), min(totals, key=totals.__getitem__)
    if totals[most] <= EVEN * totals[least]:
        return None
    text = (
        "{most} is shown {times} times as often as {least}. To balance them, multiply the repeats "
        "of {least} by {times}."
    )
    times = f"{totals[most] / totals[least]:.2g}"
    return Message("subjects.unbalanced", text, most=shown(most), least=shown(least), times=times)
