"""Which frames of a video to take: sharp ones with one face, as different as there are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..measures import Floats
from .look import FrameLook

SHARP, NEVER_SHARP = 0.05, 0.03
"""`FrameLook.sharpness` from which on a frame is sharp in any video, and below which in none."""
_OF_THE_BEST = 0.75
"""In a soft video: this share of what its best frames have."""
_OF_ITS_LIKE = 0.75
"""A frame is blurred that has less than this share of what is fine in one that looks like it: of
the same pose blurred over 6 pixels and more, nearly all had less than 0.6.
"""
ALIKE, SAME = 16.0, 4.0
"""Levels of 255 between small colour versions: frames of one scene, and frames to take only one
of.
"""
_ENOUGH_FACES = 0.1
"""Share of the sharp frames on which one face has to be found, or the detector knows none here (a
dog, a drawing)."""


@dataclass(frozen=True)
class Selection:
    """The frames to take, in the order of time, and how many were left out for which reason."""

    taken: tuple[FrameLook, ...]
    looked: int
    blurred: int
    faces: int
    """No face, or several."""
    is_soft: bool
    """Whether not even the sharpest that is taken is sharp."""


def choose(looks: Sequence[FrameLook], count: int) -> Selection:
    """At most ``count`` of ``looks``; fewer where no more are sharp and different."""
    sharp = sharp_ones(looks)
    alone = with_one_face(sharp)
    taken = most_different(alone, count)
    return Selection(
        tuple(sorted(taken, key=lambda look: look.time)),
        len(looks),
        len(looks) - len(sharp),
        len(sharp) - len(alone),
        bool(taken) and max(look.sharpness for look in taken) < SHARP,
    )


def sharp_ones(looks: Sequence[FrameLook]) -> list[FrameLook]:
    """Those that are sharp beside the others of their scene, and by themselves."""
    seen = [look for look in looks if not look.is_empty]
    fine = np.array([look.fine for look in seen])
    crisp = [
        look
        for look, apart in zip(seen, distances(seen), strict=True)
        if look.fine >= _OF_ITS_LIKE * fine[apart < ALIKE].max()
    ]
    if not crisp:
        return []
    best = _OF_THE_BEST * float(np.percentile([look.sharpness for look in crisp], 95))
    limit = min(max(best, NEVER_SHARP), SHARP)
    return [look for look in crisp if look.sharpness >= limit]


def with_one_face(looks: Sequence[FrameLook]) -> list[FrameLook]:
    """Those with one face. Where nobody looked, or next to none is found, those without several."""
    one = [look for look in looks if look.faces == 1]
    if one and len(one) >= _ENOUGH_FACES * len(looks):
        return one
    return [look for look in looks if look.faces is None or look.faces < 2]


def most_different(looks: Sequence[FrameLook], count: int) -> list[FrameLook]:
    """The sharpest first; then, each time, what differs most from those that are taken (farthest
    point sampling), in the sharpest of the frames that differ nearly as much.
    """
    if not looks or count < 1:
        return []
    apart = distances(looks)
    fine = np.array([look.fine for look in looks])
    taken = [int(fine.argmax())]
    nearest = apart[taken[0]].copy()
    while len(taken) < count and nearest.max() >= SAME:
        farthest = int(nearest.argmax())
        like = (apart[farthest] < ALIKE) & (nearest >= 0.8 * nearest[farthest])
        best = int(np.where(like, fine, 0.0).argmax())
        taken.append(best)
        nearest = np.minimum(nearest, apart[best])
    return [looks[number] for number in taken]


def distances(looks: Sequence[FrameLook]) -> Floats:
    """Root mean square between the small colour versions, in levels of 255: [count, count]."""
    rows = np.array([look.thumb.ravel() for look in looks], dtype=np.float64).reshape(-1, 768)
    squares = (rows**2).sum(axis=1)
    found = squares[:, None] + squares[None] - 2 * rows @ rows.T
    np.fill_diagonal(found, 0.0)
    apart: Floats = np.sqrt(np.maximum(found, 0.0) / 768).astype(np.float32)
    return apart
