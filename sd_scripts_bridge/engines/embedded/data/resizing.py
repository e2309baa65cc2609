"""The resize and crop of sd-scripts."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ....datasets.framing.buckets import Size

Pixels = NDArray[np.uint8]


def resize(pixels: Pixels, size: Size) -> Pixels:
    """``pixels`` at ``size`` (width, height): area means where it shrinks,
    Lanczos where it grows.
    """
    from PIL import Image

    height, width = pixels.shape[:2]
    if (width, height) == size:
        return pixels
    if width >= size[0] and height >= size[1]:
        rows, columns = _area_weights(height, size[1]), _area_weights(width, size[0])
        smaller = np.einsum("oi,ijc->ojc", rows, pixels.astype(np.float32), optimize=True)
        smaller = np.einsum("pj,ojc->opc", columns, smaller, optimize=True)
        means: Pixels = np.clip(np.rint(smaller), 0, 255).astype(np.uint8)
        return means
    return np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.LANCZOS))


def _area_weights(old: int, new: int) -> NDArray[np.float32]:
    """[new, old]: the share that each old pixel has in each new one."""
    edges = np.arange(new + 1) * (old / new)
    starts = np.arange(old)
    overlap = np.minimum(edges[1:, None], starts + 1) - np.maximum(edges[:-1, None], starts)
    weights: NDArray[np.float32] = (np.clip(overlap, 0.0, None) * (new / old)).astype(np.float32)
    return weights


def centre_crop(pixels: Pixels, size: Size) -> Pixels:
    left, top = (pixels.shape[1] - size[0]) // 2, (pixels.shape[0] - size[1]) // 2
    left, top = max(0, left), max(0, top)
    return pixels[top : top + size[1], left : left + size[0]]
