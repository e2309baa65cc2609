"""The denoising errors of some photos, with whatever the networks hold at that moment."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from ....evidence.measured import MeasuredStep
from ..model.text import Condition
from ..training.loss import Objective, Rows
from .photos import MeasuredPhoto

PIXELS_AT_ONCE = 8 * 512 * 512

Encode = Callable[[str], Condition]
"""What the U-Net listens to for a caption, as the text encoders say it now: a batch of one."""


@torch.no_grad()
def measure(
    step: int,
    photos: Sequence[MeasuredPhoto],
    objective: Objective,
    encode: Encode,
    told: Callable[[int], object] = int,
) -> MeasuredStep:
    """Every photo's mean squared error at each of its draws, unweighted; ``told`` is called with
    the number of those that are done.
    """
    held_out: dict[str, tuple[float, ...]] = {}
    training: dict[str, tuple[float, ...]] = {}
    for done, photo in enumerate(photos, 1):
        errors = _errors(photo, objective, encode(photo.caption))
        (held_out if photo.is_held_out else training)[photo.digest] = errors
        told(done)
    return MeasuredStep(step, held_out, training)


def _errors(photo: MeasuredPhoto, objective: Objective, condition: Condition) -> tuple[float, ...]:
    latents = photo.shelf.mean[photo.row]
    noise, timesteps = photo.draws.noise(latents), photo.draws.timesteps
    at_once = max(1, PIXELS_AT_ONCE // photo.pixels)
    parts = [
        _some(
            photo,
            objective,
            condition,
            noise[first : first + at_once],
            timesteps[first : first + at_once],
        )
        for first in range(0, len(timesteps), at_once)
    ]
    return tuple(float(error) for error in torch.cat(parts).cpu())


def _some(
    photo: MeasuredPhoto,
    objective: Objective,
    condition: Condition,
    noise: Tensor,
    timesteps: Tensor,
) -> Tensor:
    device = photo.shelf.mean.device
    count = len(timesteps)
    rows = torch.full((count,), photo.row, device=device)
    nothing = torch.zeros(count, dtype=torch.long, device=device)
    return objective.errors(
        Rows(photo.shelf, rows, nothing, torch.ones(count, device=device)),
        photo.shelf.mean[rows],
        noise.to(device),
        timesteps.to(device),
        condition.pick(nothing),
    )
