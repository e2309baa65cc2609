"""Which photos have a mask, told from names and headers alone."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from pathlib import Path

from PIL import Image

from ..pixels import BROKEN
from .names import mask_of


def count(photos: Iterable[Path]) -> int:
    """How many of ``photos`` have a picture with their mask beside them, or may have one as their
    alpha channel.
    """
    return sum(mask_of(photo) is not None or _knows_transparency(photo) for photo in photos)


def _knows_transparency(photo: Path) -> bool:
    try:
        with warnings.catch_warnings(), Image.open(photo, formats=("PNG", "WEBP")) as image:
            warnings.simplefilter("ignore")
            return image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info
    except BROKEN:
        return False
