"""The loss of a batch: a function of tensors that never waits for the device."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from ..data.captions import Captions
from ..data.pictures import Shelf
from ..model.text import Condition
from .noise import NoiseSchedule


@dataclass(frozen=True)
class Rows:
    """A batch as row numbers on the device: into its shelf, into the captions, and each picture's
    loss weight.
    """

    shelf: Shelf
    pictures: Tensor
    captions: Tensor
    weights: Tensor


@dataclass
class Objective:
    """What the U-Net is asked, and how its answer is scored."""

    unet: Any
    captions: Captions
    schedule: NoiseSchedule
    dtype: torch.dtype
    with_sizes: bool

    def errors(
        self,
        rows: Rows,
        latents: Tensor,
        noise: Tensor,
        timesteps: Tensor,
        condition: Condition | None = None,
    ) -> Tensor:
        """The mean squared error of each picture."""
        condition = condition or self.captions.condition(rows.captions)
        noisy = self.schedule.add_noise(latents, noise, timesteps)
        answer = self.unet(
            noisy.to(self.dtype),
            timesteps,
            condition.states.to(self.dtype),
            added_cond_kwargs=self._sizes(rows, condition),
            return_dict=False,
        )[0]
        target = self.schedule.target(latents, noise, timesteps)
        return F.mse_loss(answer.float(), target, reduction="none").mean(dim=(1, 2, 3))

    def loss(self, rows: Rows, latents: Tensor, noise: Tensor, timesteps: Tensor) -> Tensor:
        """The weighted loss that the step follows down."""
        weights = rows.weights * self.schedule.weights[timesteps]
        return (self.errors(rows, latents, noise, timesteps) * weights).mean()

    def _sizes(self, rows: Rows, condition: Condition) -> dict[str, Tensor] | None:
        if not self.with_sizes or condition.pooled is None:
            return None
        return {
            "text_embeds": condition.pooled.to(self.dtype),
            "time_ids": rows.shelf.size_ids[rows.pictures],
        }
