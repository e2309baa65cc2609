"""A photo with its mask as its fourth channel, and nothing left of what is hidden."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image

from ...messages import Message
from ..pixels import BROKEN
from ..printable import shown
from ..reading import PhotoUnreadable, Picture, read
from .names import mask_of

GREY = 128
"""What hidden pixels become: the VAE looks at the whole picture, so that any other colour would
reach what is trained."""
_RATIO = 1.02
"""Shapes may differ so much: a mask drawn smaller is rounded to whole pixels."""


def read_masked(path: Path, mask: Image.Image | None = None, unmasked: float = 0.0) -> Picture:
    """The photo at ``path``, RGBA where a part of it is ignored: with ``mask``, else with the one
    beside it, else with its own alpha channel. ``unmasked``: see `hidden`.

    Raises `PhotoUnreadable`, also for a mask that can't be used.
    """
    picture = read(path, masked=True)
    pixels, file = picture.pixels, mask_of(path)
    if mask is None and file is not None:
        mask = _from_file(path, file)
    if mask is None:
        mask = pixels.getchannel("A") if pixels.mode == "RGBA" else None
    if mask is None:
        return picture
    return replace(picture, pixels=hidden(pixels, _fitted(path, mask, pixels.size), unmasked))


def has_mask(picture: Picture) -> bool:
    """Whether a part of what `read_masked` gave is ignored."""
    return picture.pixels.mode == "RGBA"


def is_masked_file(copy: Path) -> bool:
    """Whether a clean copy of ours has a mask."""
    with Image.open(copy) as image:
        return image.mode == "RGBA"


def hidden(pixels: Image.Image, mask: Image.Image, unmasked: float = 0.0) -> Image.Image:
    """``pixels`` with ``mask`` (L, the same size) as alpha, `GREY` where it is 0; as RGB where it
    hides nothing. ``unmasked``: what the mask says at least, 0 to 1, as OneTrainer's
    ``unmasked_weight`` (modules/util/loss/masked_loss.py).
    """
    if mask.getextrema()[0] == 255:
        return pixels.convert("RGB")
    values, weights = np.array(pixels.convert("RGB")), np.asarray(mask)
    weights = np.maximum(weights, np.uint8(round(255 * unmasked)))
    values[weights == 0] = GREY
    return Image.fromarray(np.dstack([values, weights]), "RGBA")


def weights_of(picture: Image.Image) -> Image.Image:
    """A picture as a mask, L: its brightness; what is transparent is ignored."""
    if picture.mode != "RGBA":
        return picture.convert("L")
    paper = Image.new("RGB", picture.size)
    paper.paste(picture.convert("RGB"), mask=picture.getchannel("A"))
    return paper.convert("L")


def has_shape(mask: tuple[int, int], photo: tuple[int, int]) -> bool:
    """Whether these are the sizes of a photo and of a mask of it, which may be smaller."""
    ratio = (mask[0] / mask[1]) / (photo[0] / photo[1])
    return 1 / _RATIO <= ratio <= _RATIO or _is_rounded(mask, photo)


def fits(mask: Path, photo: tuple[int, int]) -> bool:
    """Whether the picture ``mask`` has the shape of a photo of this size, by its header."""
    try:
        with Image.open(mask) as image:
            return has_shape(image.size, photo)
    except BROKEN:
        return False


def _is_rounded(mask: tuple[int, int], photo: tuple[int, int]) -> bool:
    scale = max(mask) / max(photo)
    return all(abs(mask[at] - photo[at] * scale) <= 1 for at in (0, 1))


def _from_file(photo: Path, file: Path) -> Image.Image:
    try:
        return weights_of(read(file, masked=True).pixels)
    except PhotoUnreadable as error:
        text = "can't be used: its mask {mask} {reason}"
        raise PhotoUnreadable(
            photo, Message("mask.unreadable", text, mask=shown(file.name), reason=error.reason)
        ) from error


def _fitted(photo: Path, mask: Image.Image, size: tuple[int, int]) -> Image.Image:
    """``mask`` at the photo's size. Raises `PhotoUnreadable`."""
    if not has_shape(mask.size, size):
        text = (
            "can't be used: its mask has another shape ({width} x {height} for {width2} x "
            "{height2}). Make it the photo's size, or remove it."
        )
        (wide, high), (wide2, high2) = mask.size, size
        said = Message(
            "mask.other_shape", text, width=wide, height=high, width2=wide2, height2=high2
        )
        raise PhotoUnreadable(photo, said)
    if mask.getextrema()[1] == 0:
        text = "can't be used: its mask hides all of it. Paint something white, or remove it."
        raise PhotoUnreadable(photo, Message("mask.hides_all", text))
    return mask if mask.size == size else mask.resize(size, Image.Resampling.BOX)
