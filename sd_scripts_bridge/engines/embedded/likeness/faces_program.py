"""``main()``: a vector of the face on each photo that it is told of.

Reads lines of JSON: first the yardstick (``kind``, ``path``, ``detectors``), then a photo each
(``sha256``, ``path``, ``face``: its box, which CLIP's vector is of). Answers with a line each
(``sha256``, ``vector``: null without a face), or with one that says ``why`` it can't.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ....errors import BridgeError
from ....likeness.statistics import Floats
from ....likeness.vectors import as_text
from ....likeness.yardstick import ARCFACE
from ....photos.faces import Box
from ....photos.measures import SIDE
from ....photos.reading import PhotoUnreadable, glance
from .opening import Embedder, opened

MARGIN = 0.25
"""Of the face's width and height, on each side: CLIP sees the hair, too."""


def main() -> int:
    """Returns 0."""
    lines = map(json.loads, sys.stdin)
    asked = next(lines)
    try:
        embedder = opened(asked["kind"], Path(asked["path"]), list(map(Path, asked["detectors"])))
    except BridgeError as error:
        tell({"why": error.message.as_dict()})
        return 0
    for photo in lines:
        vector = of_face(embedder, photo, whole=asked["kind"] == ARCFACE)
        tell({"sha256": photo["sha256"], "vector": as_text(vector)})
    return 0


def of_face(embedder: Embedder, photo: Mapping[str, Any], *, whole: bool) -> Floats | None:
    """``whole``: the network finds the face itself."""
    try:
        pixels = glance(Path(photo["path"]), SIDE).pixels.convert("RGB")
    except PhotoUnreadable:
        return None
    if whole:
        return embedder.of_picture(pixels)
    if photo["face"] is None:
        return None
    face = Box(*photo["face"])
    wide, high = MARGIN * face.width, MARGIN * face.height
    box = Box(face.left - wide, face.top - high, face.width + 2 * wide, face.height + 2 * high)
    return embedder.of_picture(pixels.crop(box.of(pixels.size)))


def tell(answer: Mapping[str, Any]) -> None:
    """One line for whoever reads along."""
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()
