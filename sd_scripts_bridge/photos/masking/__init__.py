"""Which part of a photo is trained: a grey picture, white to train, black to ignore."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Masks:
    """Whether copies keep the photos' masks; ``around_faces``: those without one get a box around
    the face; ``unmasked``: what hidden pixels weigh, 0 to 1.
    """

    wanted: bool = False
    around_faces: bool = False
    unmasked: float = 0.0


NO_MASKS = Masks()
