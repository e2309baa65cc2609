"""A JPEG decoded at a half, a quarter or an eighth of its size: enough to look at, at a part of the
cost.
"""

from __future__ import annotations

import io

from PIL import Image

from . import pixels

LARGEST_PIXELS = 100_000_000
"""More than this is not decoded."""


def decode(data: bytes, side: int) -> tuple[Image.Image, tuple[str, ...], tuple[int, int]] | None:
    """(pixels as `pixels.plain` makes them, its notes, the photo's own size when upright) of a JPEG
    that is larger than ``side``; None where there is nothing to gain, or it is damaged.

    The decoder scales in its inverse cosine transform (libjpeg's ``scale_denom``).
    """
    try:
        with Image.open(io.BytesIO(data), formats=["JPEG"]) as image:
            size = image.size
            if size[0] * size[1] > LARGEST_PIXELS:
                return None
            scale = side / max(size)
            image.draft("RGB", (round(size[0] * scale), round(size[1] * scale)))
            if image.size == size:
                return None
            if pixels.lies_on_its_side(image):
                size = size[::-1]
            return *pixels.plain(image), size
    except pixels.BROKEN:
        return None
