"""The latents of all pictures by bucket, kept on the device."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ....datasets.framing.buckets import Size, crop_corner
from ....options.params import TrainingParams
from ..model.device import normal
from . import masks
from .latents import Encoded, PhotoEncoder
from .placing import Placed


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
        return mean + self.spread[rows] * normal(mean.shape, generator, mean.device)


def encode(
    placed: Sequence[Placed], encoder: PhotoEncoder, params: TrainingParams
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
        encoded = [encoder.views(placed[index], params) for index in indexes]
        rows = [one for side in zip(*encoded, strict=True) for one in side]
        shelves[bucket] = _shelf(indexes, rows, placed, params, dice, encoder)
    return shelves


def _shelf(
    indexes: list[int],
    rows: list[Encoded],
    placed: Sequence[Placed],
    params: TrainingParams,
    dice: torch.Generator,
    encoder: PhotoEncoder,
) -> Shelf:
    scale, device = encoder.scale, encoder.device
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
