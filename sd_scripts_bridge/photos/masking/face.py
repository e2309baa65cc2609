"""A mask that leaves a box around the face."""

from __future__ import annotations

from collections.abc import Sequence

from PIL import Image

from ..faces import Box

MARGIN = 0.5
"""Of the face's width and height, on each side: the hair, the ears and the neck are in it."""


def face_mask(size: tuple[int, int], faces: Sequence[Box], margin: float = MARGIN) -> Image.Image:
    """L, of ``size``: white around the first of ``faces``, which is the largest; else black."""
    face = faces[0]
    wide, high = face.width * margin, face.height * margin
    box = Box(face.left - wide, face.top - high, face.width + 2 * wide, face.height + 2 * high)
    mask = Image.new("L", size)
    mask.paste(255, box.of(size))
    return mask
