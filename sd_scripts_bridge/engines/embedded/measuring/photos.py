"""Which photos are measured, and their latents:
all that are held out, and a few that are trained.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ....datasets.kohya_folder import held_out_folders
from ....options.params import TrainingParams
from ..data import pictures, subsets
from ..data.latents import PhotoEncoder
from ..data.pictures import Shelf
from ..data.placing import Placed, place
from ..data.subsets import SubsetPicture
from . import draws
from .draws import PhotoDraws

MOST_TRAINING = 2
"""Of the training photos so many are measured: their curve is for comparison only."""


@dataclass(frozen=True)
class MeasuredPhoto:
    """One photo on the device: row ``row`` of ``shelf``, with its fixed draws."""

    digest: str
    caption: str
    is_held_out: bool
    shelf: Shelf
    row: int
    draws: PhotoDraws
    pixels: int


def sample(
    training: Sequence[SubsetPicture],
    most: int = MOST_TRAINING,
    digest: Callable[[Path], str] = draws.digest_of,
) -> list[SubsetPicture]:
    """The training photos that are measured: by their digest, so the same ones everywhere."""
    own = {digest(one.path): one for one in training if not one.is_reg}
    return [own[digest] for digest in sorted(own)[:most]]


def encode(
    held_out: Sequence[SubsetPicture],
    training: Sequence[SubsetPicture],
    encoder: PhotoEncoder,
    params: TrainingParams,
    known: Mapping[Path, Placed] | None = None,
) -> list[MeasuredPhoto]:
    """The photos' latents: the mean of what the VAE says, never mirrored. ``known``: those that are
    placed already.

    Raises `Invalid` with all that can't be opened.
    """
    still = replace(params, cache_latents=False, flip_aug=False)
    chosen = [*held_out, *training]
    there = dict(known or {})
    new = place([one for one in chosen if one.path not in there], still, encoder.files)
    there |= {one.picture.path: one for one in new}
    placed = [there[one.path] for one in chosen]
    shelves = pictures.encode(placed, encoder, still)
    found = []
    for index, one in enumerate(placed):
        bucket, digest = one.place.bucket, one.digest
        shelf = shelves[bucket]
        found.append(
            MeasuredPhoto(
                digest,
                one.picture.caption,
                index < len(held_out),
                shelf,
                shelf.row(index, flipped=False),
                draws.of(digest),
                bucket[0] * bucket[1],
            )
        )
    return found


def held_out_of(dataset: Path) -> list[SubsetPicture]:
    """The photos in ``held_out/`` beside a dataset's folder of subsets, with their captions; of
    several subjects, in a folder of each.
    """
    if dataset.name != "img":
        return []
    return [one for folder in held_out_folders(dataset.parent) for one in subsets.loose(folder)]
