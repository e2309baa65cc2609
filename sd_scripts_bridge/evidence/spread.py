"""How far the held-out losses of saves may lie from the losses on all photos that there could be.

What one save has by chance its neighbours have, too, so this is a matrix. Only differences between
saves count: what every save shares is taken off.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import combinations_with_replacement

from .measured import STRATA

PHOTO_FACTOR = 9.0
"""The variance of a photo's mean difference between two saves is so many times what its 32 draws
alone would make it: photos differ. 4 to 16 in trainings of the demo's base, each measured on ten or
twelve photos that weren't trained. So more draws hardly help; more held-out photos do.
"""
PRIOR_PHOTOS = 6
"""How many photos' differences `PHOTO_FACTOR` counts for, beside those that were held out."""

Draws = tuple[float, ...]
Matrix = list[list[float]]


def mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values)


def covariance(saves: Sequence[Draws], photos: int) -> Matrix:
    """[save][save], of the mean errors; ``saves`` [save][draw], photo after photo, equally many of
    each. Infinite where a photo has but one draw.
    """
    size = len(saves[0]) // photos
    if size < 2:
        return [[math.inf] * len(saves) for _ in saves]
    of_draws = _product(_centred([_own(draws, photos) for draws in saves]))
    strata = _strata(size)
    share = PHOTO_FACTOR * (size / (size - strata)) / len(saves[0]) ** 2
    means = [[mean(part) for part in _parts(draws, photos)] for draws in saves]
    of_photos = _product([_off(one, mean(one)) for one in _centred(means)])
    weight = PRIOR_PHOTOS / (PRIOR_PHOTOS + photos - 1)
    return [
        [
            weight * share * drawn + (1 - weight) * seen / max(1, (photos - 1) * photos)
            for drawn, seen in zip(*rows, strict=True)
        ]
        for rows in zip(of_draws, of_photos, strict=True)
    ]


def _own(draws: Draws, photos: int) -> list[float]:
    """What each draw has beyond the others of its photo and its stratum of the timesteps."""
    found = []
    for part in _parts(draws, photos):
        strata = _strata(len(part))
        usual = [mean(part[stratum::strata]) for stratum in range(strata)]
        found += [value - usual[number % strata] for number, value in enumerate(part)]
    return found


def _strata(draws: int) -> int:
    """The draws of a photo take the strata in turn; 1 where they can't have."""
    return STRATA if draws % STRATA == 0 and draws >= 2 * STRATA else 1


def _parts(draws: Draws, photos: int) -> list[Draws]:
    size = len(draws) // photos
    return [draws[first : first + size] for first in range(0, len(draws), size)]


def _centred(rows: Sequence[Sequence[float]]) -> list[list[float]]:
    """Each column's mean taken off, where there is more than one row."""
    if len(rows) < 2:
        return [list(row) for row in rows]
    usual = [mean(column) for column in zip(*rows, strict=True)]
    return [[a - b for a, b in zip(row, usual, strict=True)] for row in rows]


def _off(values: Sequence[float], middle: float) -> list[float]:
    return [value - middle for value in values]


def _product(rows: Sequence[Sequence[float]]) -> Matrix:
    """rows times rows transposed."""
    found = [[0.0] * len(rows) for _ in rows]
    for i, j in combinations_with_replacement(range(len(rows)), 2):
        found[i][j] = found[j][i] = math.fsum(a * b for a, b in zip(rows[i], rows[j], strict=True))
    return found
