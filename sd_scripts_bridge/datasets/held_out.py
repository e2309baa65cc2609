"""Photos that are held out: never trained on, so that the result can be measured on them."""

from __future__ import annotations

import math
import os
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath
from statistics import median
from typing import TYPE_CHECKING, Any

from ..errors import Invalid, Problem
from ..photos import files as photo_files
from .kohya_folder import HELD_OUT, Dataset, Subset, repeats_for

if TYPE_CHECKING:
    from ..photos.measures import Measures

AUTO, NONE = "auto", "none"
GOOD = "good"
"""The doctor's verdict on a photo without a warning."""
ONE_FROM, TWO_FROM = 8, 20
"""How many photos there have to be for one, and for two of them, to be held out."""


def count_for(photos: int) -> int:
    """How many of this many photos are held out where nobody says otherwise."""
    return 2 if photos >= TWO_FROM else 1 if photos >= ONE_FROM else 0


def choose(measures: Mapping[int, Measures], good: Sequence[int], count: int) -> list[int]:
    """The ``count`` most typical of the ``good`` ones (of all, where too few are): those whose
    sharpness and brightness lie nearest to the median of all.
    """
    pool = list(good) if len(good) >= count else list(measures)
    looks = {index: _look(one) for index, one in measures.items()}
    usual = [median(values) for values in zip(*looks.values(), strict=True)]
    spread = [
        median(abs(value - middle) for value in values) or 1.0
        for values, middle in zip(zip(*looks.values(), strict=True), usual, strict=True)
    ]

    def distance(index: int) -> tuple[float, int]:
        gaps = [(v - m) / s for v, m, s in zip(looks[index], usual, spread, strict=True)]
        return math.hypot(*gaps), index

    return sorted(sorted(pool, key=distance)[:count])


def _look(measures: Measures) -> tuple[float, float]:
    return math.log1p(measures.sharpness), measures.brightness


def problems(wanted: Sequence[str], names: Sequence[str]) -> list[Problem]:
    """What is wrong with the photos that somebody wants held out, by their names."""
    missing = [name for name in wanted if name not in names]
    found = [
        Problem(
            "held_out.no_such_photo",
            "held_out",
            "there is no photo {name} among those that are used",
            "Give the name of one of them, or auto, or none.",
            name=repr(name),
        )
        for name in missing
    ]
    if not found and len(set(wanted)) >= len(names):
        found.append(
            Problem(
                "held_out.all",
                "held_out",
                "all {count} photos would be held out",
                "Leave some to train on.",
                count=len(names),
            )
        )
    return found


# ---- of a dataset ----


def is_wanted(wanted: Sequence[str] | None, photos: Iterable[int]) -> bool:
    """Whether any photo will be held out, where each subject has this many."""
    if not wanted or tuple(wanted) == (NONE,):
        return False
    return tuple(wanted) != (AUTO,) or any(count_for(count) for count in photos)


def wanted_of(dataset: Dataset, asked: Sequence[str] | None) -> tuple[str, ...]:
    """What shall be held out of ``dataset``: what was asked for, else what was decided when it was
    made. From a dataset that `dataset` wrote without a word about it, the usual number; from other
    folders nothing: they are trained as they lie.
    """
    if asked is None:
        is_open = dataset.wanted_steps is not None and not dataset.is_decided
        asked = (AUTO,) if is_open else ()
    counts = [sum(one.images for one in folders) for folders in _by_subject(dataset)]
    return tuple(asked) if is_wanted(asked, counts) else ()


def _by_subject(dataset: Dataset) -> list[list[Subset]]:
    """The folders of each subject."""
    return [[one for one in dataset.subsets if one.words == words] for words in dataset.subjects]


def _largest(folders: Sequence[Subset]) -> Subset:
    return max(folders, key=lambda subset: subset.images)


def reduced(dataset: Dataset, wanted: Sequence[str]) -> Dataset:
    """``dataset`` as it will be once ``wanted`` is held out of its copy: fewer pictures, more
    repeats. Raises `Invalid` for photos that aren't there.
    """
    if not wanted:
        return dataset
    if tuple(wanted) == (AUTO,):
        taken = {
            _largest(folders).folder: count_for(sum(one.images for one in folders))
            for folders in _by_subject(dataset)
        }
    else:
        names = {name: subset.folder for subset in dataset.subsets for name in _names(subset)}
        if found := problems(wanted, list(names)):
            raise Invalid(found)
        taken = dict(Counter(names[name] for name in set(wanted)))
    steps = dataset.wanted_steps if len(dataset.subsets) == 1 else None
    subsets = tuple(_fewer(one, taken.get(one.folder, 0), steps) for one in dataset.subsets)
    return replace(dataset, subsets=subsets, hold_out=tuple(wanted))


def whole(dataset: Dataset) -> Dataset:
    """``dataset`` as a copy of it will be with the photos of `HELD_OUT` back, each subject's in its
    largest folder: more pictures, fewer repeats.
    """
    if not dataset.held_out:
        return dataset
    steps = dataset.wanted_steps if len(dataset.subsets) == 1 else None
    back = {}
    for folder, photos in _held_folders(dataset).items():
        own = [one for one in dataset.subsets if one.words == folder.name] or dataset.subsets
        largest = _largest(own)
        count = largest.images + photos
        repeats = repeats_for(count, steps or largest.steps)
        back[largest.folder] = replace(largest, images=count, repeats=repeats, besides=folder)
    subsets = tuple(back.get(one.folder, one) for one in dataset.subsets)
    return replace(dataset, subsets=subsets, held_out=(), hold_out=(NONE,))


def _held_folders(dataset: Dataset) -> dict[Path, int]:
    """Each folder of held-out photos, and how many lie there."""
    return dict(Counter(photo.parent for photo in dataset.held_out))


def _fewer(subset: Subset, taken: int, steps: int | None) -> Subset:
    rest = subset.images - taken
    if not taken:
        return subset
    return replace(subset, images=rest, repeats=repeats_for(rest, steps or subset.steps))


def _names(subset: Subset) -> list[str]:
    """The pictures' file names, in what they are called in the folder."""
    return [file.name for file in photo_files.find([subset.folder])]


def set_aside(
    root: Path, written: Mapping[str, Any], wanted: Sequence[str], steps: int | None
) -> dict[str, Any]:
    """Move the photos that are held out from ``img/`` of the dataset at ``root`` to `HELD_OUT`,
    each under its number (of several subjects, each into one's own folder), and rename their folder
    for the repeats that the rest needs.

    ``written`` and the result are the manifest's files. Raises `Invalid`.
    """
    training = {key: about for key, about in written.items() if key.startswith("img/")}
    chosen = _chosen(root, training, wanted)
    renamed = _leaves(training, chosen, steps)
    after = {key: about for key, about in written.items() if key not in training}
    several = len({_words(leaf) for leaf in renamed}) > 1
    for key, about in training.items():
        image = PurePosixPath(key)
        if key in chosen:
            folder = PurePosixPath(HELD_OUT, _words(image.parent) if several else "")
            target = _moved(root, image, folder)
        else:
            target = renamed[image.parent] / image.name
        after[target.as_posix()] = about
    for before, now in renamed.items():
        if before != now:
            os.replace(root / before, root / now)
    return after


def _moved(root: Path, image: PurePosixPath, folder: PurePosixPath) -> PurePosixPath:
    """Where a photo and its caption lie in ``folder`` now: under its number, or the next one that
    is free.
    """
    (root / folder).mkdir(parents=True, exist_ok=True)
    number, target = int(image.stem), folder / image.name
    while (root / target).exists():
        number += 1
        target = folder / f"{number}{image.suffix}"
    for ending in (image.suffix, ".txt"):
        os.replace(root / image.with_suffix(ending), root / target.with_suffix(ending))
    return target


def _words(leaf: PurePosixPath) -> str:
    """The subject that a folder's name says."""
    return leaf.name.partition("_")[2]


def _chosen(root: Path, training: Mapping[str, Any], wanted: Sequence[str]) -> list[str]:
    if tuple(wanted) != (AUTO,):
        names = {about["from"]: key for key, about in training.items()}
        if found := problems(wanted, list(names)):
            raise Invalid(found)
        return [names[name] for name in dict.fromkeys(wanted)]
    subjects = dict.fromkeys(_words(PurePosixPath(key).parent) for key in training)
    own = [[key for key in training if _words(PurePosixPath(key).parent) == s] for s in subjects]
    return [key for keys in own for key in _typical(root, training, keys)]


def _typical(root: Path, training: Mapping[str, Any], own: Sequence[str]) -> list[str]:
    """Of one subject's photos those that are held out: typical ones of its largest folder."""
    count = count_for(len(own))
    if not count:
        return []
    leaves = Counter(PurePosixPath(key).parent for key in own)
    largest = max(leaves, key=lambda leaf: leaves[leaf])
    keys = [key for key in own if PurePosixPath(key).parent == largest]
    measures = {number: _measured(root / key) for number, key in enumerate(keys)}
    good = [n for n, key in enumerate(keys) if training[key].get("verdict", GOOD) == GOOD]
    return [keys[number] for number in choose(measures, good, count)]


def _leaves(
    training: Mapping[str, Any], chosen: Sequence[str], steps: int | None
) -> dict[PurePosixPath, PurePosixPath]:
    """Each folder's name before and after."""
    had = Counter(PurePosixPath(key).parent for key in training)
    taken = Counter(PurePosixPath(key).parent for key in chosen)
    found = {}
    for leaf, count in had.items():
        repeats, _, rest = leaf.name.partition("_")
        wanted = steps if steps and len(had) == 1 else count * int(repeats)
        if taken[leaf] and count > taken[leaf]:
            repeats = str(repeats_for(count - taken[leaf], wanted))
        found[leaf] = leaf.with_name(f"{repeats}_{rest}")
    return found


def _measured(image: Path) -> Measures:
    from PIL import Image

    from ..photos.measures import measure

    with Image.open(image) as opened:
        return measure(opened.convert("RGB"))
