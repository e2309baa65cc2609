"""Pictures to latents: the resize and crop of sd-scripts, the VAE once per picture, everything kept
on the device.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ....datasets.framing.buckets import Buckets, Placement, Size, crop_corner
from ....errors import Invalid, Problem
from ....options.params import TrainingParams
from . import masks
from .subsets import SubsetPicture

Pixels = NDArray[np.uint8]


@dataclass(frozen=True)
class Placed:
    """A picture with its place in the buckets."""

    picture: SubsetPicture
    size: Size
    place: Placement


@dataclass
class Shelf:
    """The latents of one bucket: a row per picture, and behind them the mirrored ones."""

    rows: dict[int, int]
    mean: Tensor
    spread: Tensor | None
    """Where each step draws its own sample: the standard deviation."""
    size_ids: Tensor
    """SDXL's size conditioning of each row: original height and width, crop top and left, bucket
    height and width.
    """
    masks: Tensor | None = None
    """[rows, 1, height, width]: what each latent's error weighs, see `masks.weights_of`; None where
    no picture has a mask.
    """

    def row(self, picture: int, flipped: bool) -> int:
        return self.rows[picture] + (len(self.rows) if flipped else 0)

    def latents(self, rows: Tensor, generator: torch.Generator) -> Tensor:
        mean = self.mean[rows]
        if self.spread is None:
            return mean
        return mean + self.spread[rows] * torch.randn(
            mean.shape, generator=generator, device=mean.device
        )


def place(pictures: Sequence[SubsetPicture], params: TrainingParams) -> list[Placed]:
    """Every picture's size and bucket, read from the files' headers.

    Raises `Invalid` with all that can't be opened.
    """
    from PIL import Image

    buckets, placed, problems = Buckets(params), [], []
    for picture in pictures:
        try:
            with Image.open(picture.path) as image:
                size = image.size
        except OSError as error:
            problems.append(
                Problem(
                    "pictures.cant_opened_picture",
                    str(picture.path),
                    "can't be opened as a picture ({error})",
                    "Remove it.",
                    error=error,
                )
            )
            continue
        where = buckets.place(size)
        if min(where.bucket) <= 0:
            problems.append(
                Problem(
                    "pictures.pixels_too_few_bucket",
                    str(picture.path),
                    "{size}x{size2} pixels are too few for a bucket",
                    "Remove it, or switch bucket_no_upscale off.",
                    size=size[0],
                    size2=size[1],
                )
            )
        placed.append(Placed(picture, size, where))
    if problems:
        raise Invalid(problems)
    return placed


def encode(
    placed: Sequence[Placed], vae: Any, scale: float, params: TrainingParams, device: torch.device
) -> dict[Size, Shelf]:
    """The latents of all pictures, by bucket; each is encoded once, and once mirrored where
    pictures are mirrored.
    """
    dice = torch.Generator().manual_seed(params.seed)
    members: dict[Size, list[int]] = {}
    for index, one in enumerate(placed):
        members.setdefault(one.place.bucket, []).append(index)
    shelves = {}
    for bucket, indexes in members.items():
        encoded = [
            [_encoded(view, placed[index], vae, device) for view in _views(placed[index], params)]
            for index in indexes
        ]
        rows = [one for side in zip(*encoded, strict=True) for one in side]
        shelves[bucket] = _shelf(indexes, rows, placed, scale, params, dice, device)
    return shelves


def _shelf(
    indexes: list[int],
    rows: list[_Encoded],
    placed: Sequence[Placed],
    scale: float,
    params: TrainingParams,
    dice: torch.Generator,
    device: torch.device,
) -> Shelf:
    mean, spread = torch.stack([one.mean for one in rows]), torch.stack([r.spread for r in rows])
    weights = masks.stacked([one.mask for one in rows], mean.shape[2:])
    if params.cache_latents:
        mean = mean + spread * torch.randn(mean.shape, generator=dice)
    flips = [False, True] if params.flip_aug else [False]
    ids = [_size_ids(placed[index], flipped) for flipped in flips for index in indexes]
    return Shelf(
        rows={index: row for row, index in enumerate(indexes)},
        mean=(mean * scale).to(device),
        spread=None if params.cache_latents else (spread * scale).to(device),
        size_ids=torch.tensor(ids, device=device),
        masks=None if weights is None else weights.to(device),
    )


@dataclass(frozen=True)
class _Encoded:
    """Mean and standard deviation of the VAE's latents, and what their errors weigh; fp32 on the
    CPU.
    """

    mean: Tensor
    spread: Tensor
    mask: Tensor | None


def _encoded(view: Tensor, one: Placed, vae: Any, device: torch.device) -> _Encoded:
    pixels = view[:3].float().div(127.5).sub(1.0).unsqueeze(0)
    with torch.no_grad():
        distribution = vae.encode(pixels.to(device)).latent_dist
    mean, spread = distribution.mean[0].float().cpu(), distribution.std[0].float().cpu()
    if len(view) == 3:
        return _Encoded(mean, spread, None)
    return _Encoded(mean, spread, masks.weights_of(view[3], mean.shape[1:], one.picture.path))


def _views(one: Placed, params: TrainingParams) -> Iterator[Tensor]:
    """[3, height, width] in bytes, with its mask as a fourth; then the same mirrored, if it is."""
    pixels = masks.read_pixels(one.picture.path, masked=params.masked)
    pixels = centre_crop(resize(pixels, one.place.resized), one.place.bucket)
    values = torch.from_numpy(pixels.copy()).permute(2, 0, 1)
    yield values
    if params.flip_aug:
        yield values.flip(2)


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


def _size_ids(one: Placed, flipped: bool) -> list[float]:
    width, height = one.place.bucket
    left, top, right = crop_corner(one.place.bucket, one.size)
    if flipped:
        left = width - right
    return [
        float(one.size[1]),
        float(one.size[0]),
        float(int(top)),
        float(int(left)),
        float(height),
        float(width),
    ]
