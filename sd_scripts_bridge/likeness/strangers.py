"""Which faces of a set are someone else's: a leave-one-out rule. Pure arithmetic.

Each photo's mean cosine to the others is set beside what the others have among themselves. A group
of the least alike is taken out together, so that two photos of one stranger don't hide each other.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..datasets.looking.people import Stranger
from .statistics import Floats, cosines
from .yardstick import ARCFACE, CLIP

Places = np.ndarray[Any, np.dtype[np.signedinteger[Any]]]
FEWEST = 5
"""Photos with a face below which nobody is called someone else."""


@dataclass(frozen=True)
class OutlierRule:
    """Someone else is less alike than the others' mean less ``spreads`` times their standard
    deviation (at least ``least``), and less than ``share`` of that mean.

    ``apart``: a mean below it isn't one person's.
    """

    spreads: float
    least: float
    share: float
    apart: float


RULES = {ARCFACE: OutlierRule(2.5, 0.03, 0.5, 0.2), CLIP: OutlierRule(5.0, 0.02, 1.0, -1.0)}
"""Chosen by `python -m benchmarks same_person`; docs/benchmarks.md has their error rates. Cosines
of ArcFace are near 0 for different people, those of CLIP are high for any two faces.
"""


@dataclass(frozen=True)
class StrangersFound:
    """Strangers by their place in the set, and the mean cosine of the others among themselves."""

    strangers: dict[int, Stranger]
    mean: float


def find(vectors: Floats, rule: OutlierRule) -> StrangersFound:
    """Of faces' vectors, (photos, numbers), `FEWEST` of them at least; always fewer than half."""
    alike = cosines(vectors, vectors)
    np.fill_diagonal(alike, np.nan)
    order = np.argsort(np.nanmedian(alike, axis=1))
    for out, rest in _splits(order):
        own = np.nanmean(alike[np.ix_(rest, rest)], axis=1)
        theirs = alike[np.ix_(out, rest)].mean(axis=1)
        if not len(out) or theirs.max() < _limit(own, rule):
            break
    ends = float(own.min()), float(own.max())
    strangers = {int(at): Stranger(float(of), *ends) for at, of in zip(out, theirs, strict=True)}
    return StrangersFound(dict(sorted(strangers.items())), float(own.mean()))


def _splits(order: Places) -> Iterator[tuple[Places, Places]]:
    """(the least alike, the others): fewer than half of all, then ever fewer, none at last."""
    for count in range((len(order) - 1) // 2, -1, -1):
        yield order[:count], order[count:]


def _limit(own: Floats, rule: OutlierRule) -> float:
    mean = float(own.mean())
    spread = max(float(own.std(ddof=1)), rule.least)
    return min(mean - rule.spreads * spread, rule.share * mean)
