"""Similarities of pictures by their vectors, and how sure they are. Pure arithmetic."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import numpy as np

Floats = np.ndarray[Any, np.dtype[np.float64]]
DRAWS = 2000
FEWEST = 8
"""Photos below which no interval is told: of fewer it covers too much."""
SURE = 0.95


@dataclass(frozen=True)
class Among:
    """How alike the photos are among themselves: the mean similarity of each to the others, with
    its 95 % interval, None of too few photos.
    """

    mean: float
    low: float | None
    high: float | None


def among(photos: Floats, seed: int = 0) -> Among:
    """Of photos' vectors, (photos, numbers), two at least.

    Leave one out: a photo is never compared with itself, nor with its copy in a bootstrap sample.
    The interval's percentiles are those of Student's t, after Hesterberg 2015 ("What Teachers
    Should Know About the Bootstrap"): the normal's cover too little of so few photos.
    """
    alike = cosines(photos, photos)
    np.fill_diagonal(alike, 0)
    count = len(alike)
    mean = float(alike.sum() / (count * (count - 1)))
    if count < FEWEST:
        return Among(mean, None, None)
    drawn = np.random.default_rng(seed).multinomial(count, np.full(count, 1 / count), size=DRAWS)
    pairs = count * count - (drawn**2).sum(axis=1)
    drawn, pairs = drawn[pairs > 0], pairs[pairs > 0]  # one photo drawn again and again has none
    means = ((drawn @ alike) * drawn).sum(axis=1) / pairs
    tail = NormalDist().cdf(-_t(count - 1))
    low, high = np.quantile(means, [tail, 1 - tail])
    return Among(mean, float(low), float(high))


def to_photos(samples: Floats, photos: Floats) -> float:
    """The mean similarity of the samples to the photos, every sample with every photo."""
    return float(cosines(samples, photos).mean())


def variety(samples: Floats, rows: list[int]) -> float | None:
    """How different pictures of one prompt are: 1 minus their mean similarity, over all prompts;
    None where no prompt has two. ``rows`` say which prompt each sample is of.
    """
    alike, of = cosines(samples, samples), np.asarray(rows)
    same = (of[:, None] == of[None, :]) & ~np.eye(len(rows), dtype=bool)
    return float(1 - alike[same].mean()) if same.any() else None


def following(samples: Floats, prompts: Floats) -> float:
    """The mean similarity of each sample to its own prompt, whose vectors are of the same space."""
    return float((_units(samples) * _units(prompts)).sum(axis=1).mean())


def cosines(one: Floats, other: Floats) -> Floats:
    """The cosine of each of ``one`` with each of ``other``."""
    found: Floats = _units(one) @ _units(other).T
    return found


def _units(vectors: Floats) -> Floats:
    found = np.asarray(vectors, np.float64)
    units: Floats = found / np.linalg.norm(found, axis=1, keepdims=True)
    return units


def _t(freedom: int) -> float:
    """Student's t that 2.5 % are above (Abramowitz and Stegun 26.7.5)."""
    z, v = NormalDist().inv_cdf(0.5 + SURE / 2), freedom
    first = (z**3 + z) / 4
    second = (5 * z**5 + 16 * z**3 + 3 * z) / 96
    third = (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384
    return z + first / v + second / v**2 + third / v**3
