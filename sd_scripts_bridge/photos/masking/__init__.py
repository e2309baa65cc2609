"""Which part of a photo is trained: a grey picture, white to train, black to ignore."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Masks:
    """Whether copies keep the photos' masks; ``around_faces``: those without one get a box around
    the face.
    """

    wanted: bool = False
    around_faces: bool = False


NO_MASKS = Masks()
