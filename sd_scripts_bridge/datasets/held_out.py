"""Photos that are held out: never trained on, so that the result can be measured on them."""

from __future__ import annotations

import math
import os
from collections import Counter
from collections.abc import Mapping, Sequence
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
    """How many of so many photos are held out where nobody says otherwise."""
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


def is_wanted(wanted: Sequence[str] | None, photos: int) -> bool:
    """Whether any of so many photos will be held out."""
    if not wanted or tuple(wanted) == (NONE,):
        return False
    return tuple(wanted) != (AUTO,) or count_for(photos) > 0


def wanted_of(dataset: Dataset, asked: Sequence[str] | None) -> tuple[str, ...]:
    """What shall be held out of ``dataset``: what was asked for, else what was decided when it was
    made. From a dataset that `dataset` wrote without a word about it, the usual number; from other
    folders nothing: they are trained as they lie.
    """
    if asked is None:
        is_open = dataset.wanted_steps is not None and not dataset.is_decided
        asked = (AUTO,) if is_open else ()
    return tuple(asked) if is_wanted(asked, dataset.images) else ()


def reduced(dataset: Dataset, wanted: Sequence[str]) -> Dataset:
    """``dataset`` as it will be once ``wanted`` is held out of its copy: fewer pictures, more
    repeats. Raises `Invalid` for photos that aren't there.
    """
    if not wanted:
        return dataset
    if tuple(wanted) == (AUTO,):
        largest = max(dataset.subsets, key=lambda subset: subset.images)
        taken = {largest.folder: count_for(dataset.images)}
    else:
        names = {name: subset.folder for subset in dataset.subsets for name in _names(subset)}
        if found := problems(wanted, list(names)):
            raise Invalid(found)
        taken = dict(Counter(names[name] for name in set(wanted)))
    steps = dataset.wanted_steps if len(dataset.subsets) == 1 else None
    subsets = tuple(_fewer(one, taken.get(one.folder, 0), steps) for one in dataset.subsets)
    return replace(dataset, subsets=subsets, hold_out=tuple(wanted))


def whole(dataset: Dataset) -> Dataset:
    """``dataset`` as a copy of it will be with the photos of `HELD_OUT` back in its largest folder:
    more pictures, fewer repeats.
    """
    if not dataset.held_out:
        return dataset
    largest = max(dataset.subsets, key=lambda subset: subset.images)
    count = largest.images + len(dataset.held_out)
    steps = dataset.wanted_steps if len(dataset.subsets) == 1 else None
    back = replace(
        largest,
        images=count,
        repeats=repeats_for(count, steps or largest.steps),
        besides=dataset.held_out[0].parent,
    )
    subsets = tuple(back if one is largest else one for one in dataset.subsets)
    return replace(dataset, subsets=subsets, held_out=(), hold_out=(NONE,))


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
    each under its number, and rename their folder for the repeats that the rest needs.

    ``written`` and the result are the manifest's files. Raises `Invalid`.
    """
    training = {key: about for key, about in written.items() if key.startswith("img/")}
    chosen = _chosen(root, training, wanted)
    renamed = _leaves(training, chosen, steps)
    (root / HELD_OUT).mkdir()
    after = {key: about for key, about in written.items() if key not in training}
    for key, about in training.items():
        image = PurePosixPath(key)
        target = PurePosixPath(HELD_OUT, image.name) if key in chosen else image
        if key in chosen:
            for ending in (image.suffix, ".txt"):
                os.replace(root / image.with_suffix(ending), root / target.with_suffix(ending))
        else:
            target = renamed[image.parent] / image.name
        after[target.as_posix()] = about
    for before, now in renamed.items():
        if before != now:
            os.replace(root / before, root / now)
    return after


def _chosen(root: Path, training: Mapping[str, Any], wanted: Sequence[str]) -> list[str]:
    if tuple(wanted) != (AUTO,):
        names = {about["from"]: key for key, about in training.items()}
        if found := problems(wanted, list(names)):
            raise Invalid(found)
        return [names[name] for name in dict.fromkeys(wanted)]
    leaves = Counter(PurePosixPath(key).parent for key in training)
    largest = max(leaves, key=lambda leaf: leaves[leaf])
    keys = [key for key in training if PurePosixPath(key).parent == largest]
    measures = {number: _measured(root / key) for number, key in enumerate(keys)}
    good = [n for n, key in enumerate(keys) if training[key].get("verdict", GOOD) == GOOD]
    return [keys[number] for number in choose(measures, good, count_for(len(training)))]


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
