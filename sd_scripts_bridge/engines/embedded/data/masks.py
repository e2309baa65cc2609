"""A picture's mask: read beside its pixels, resized to its latents as sd-scripts does it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import IO

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor
from torch.nn import functional as F

from ....errors import Invalid, Problem
from ....photos.masking.masked import hidden


def read_pixels(file: Path | IO[bytes], *, masked: bool) -> NDArray[np.uint8]:
    """[height, width, 3], or where it has a mask [height, width, 4] with nothing left of what that
    hides. ``file`` is a clean copy, or as those are: RGB or RGBA.
    """
    with Image.open(file) as image:
        if not masked or image.mode != "RGBA":
            return np.array(image.convert("RGB"), np.uint8)
        return np.array(hidden(image, image.getchannel("A")), np.uint8)


def weights_of(alpha: Tensor, size: Sequence[int], file: Path) -> Tensor:
    """[1, height, width] of the latents, of mean 1: the mean of errors that are multiplied with it
    is their mean weighted by the mask.

    ``alpha`` is [height, width] in pixels, 0 to 255. Area means, as `apply_masked_loss` in
    sd-scripts' library/custom_train_functions.py takes them. Raises `Invalid` for one that hides
    all that the crop leaves.
    """
    small = F.interpolate(alpha.float()[None, None] / 255, size=tuple(size), mode="area")[0]
    if not small.any():
        raise Invalid(
            [
                Problem(
                    "masks.all_hidden",
                    str(file),
                    "its mask hides all that the crop leaves",
                    "Move its frame, paint more of it white, or leave the photo out.",
                )
            ]
        )
    return small / small.mean()


def stacked(masks: Sequence[Tensor | None], size: Sequence[int]) -> Tensor | None:
    """[pictures, 1, height, width]; a picture without a mask counts wholly, and where none has one
    there is nothing to multiply with.
    """
    if all(mask is None for mask in masks):
        return None
    return torch.stack([torch.ones(1, *size) if mask is None else mask for mask in masks])
