"""The loss of a batch: a function of tensors that never waits for the device."""

from __future__ import annotations

from dataclasses import dataclass, fields
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

    @property
    def masks(self) -> Tensor | None:
        """See `Inputs.masks`."""
        return None if self.shelf.masks is None else self.shelf.masks[self.pictures]


@dataclass(frozen=True)
class Inputs:
    """All that a batch's loss is a function of, beside the weights: [batch, ...] on the device."""

    latents: Tensor
    noise: Tensor
    timesteps: Tensor
    weights: Tensor
    """Each picture's weight in the loss."""
    text: Tensor
    """The captions' states where they are known, else their tokens."""
    pooled: Tensor | None
    sizes: Tensor | None
    masks: Tensor | None = None
    """What the error of each latent weighs, of mean 1: [batch, 1, height / 8, width / 8]."""

    @property
    def tensors(self) -> list[Tensor]:
        found = (getattr(self, field.name) for field in fields(self))
        return [one for one in found if one is not None]


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
        """The mean squared error of each picture, weighted by its mask."""
        condition = condition or self.captions.condition(rows.captions)
        sizes = rows.shelf.size_ids[rows.pictures] if self.with_sizes else None
        return self._errors(latents, noise, timesteps, condition, sizes, rows.masks)

    def loss(self, inputs: Inputs) -> Tensor:
        """The weighted loss that the step follows down."""
        condition = self.captions.encode(inputs.text, inputs.pooled)
        weights = inputs.weights * self.schedule.weights[inputs.timesteps]
        errors = self._errors(
            inputs.latents,
            inputs.noise,
            inputs.timesteps,
            condition,
            inputs.sizes,
            inputs.masks,
        )
        return (errors * weights).mean()

    def _errors(
        self,
        latents: Tensor,
        noise: Tensor,
        timesteps: Tensor,
        condition: Condition,
        sizes: Tensor | None,
        masks: Tensor | None,
    ) -> Tensor:
        noisy = self.schedule.add_noise(latents, noise, timesteps)
        answer = self.unet(
            noisy.to(self.dtype),
            timesteps,
            condition.states.to(self.dtype),
            added_cond_kwargs=self._more(condition, sizes),
            return_dict=False,
        )[0]
        target = self.schedule.target(latents, noise, timesteps)
        squares = F.mse_loss(answer.float(), target, reduction="none")
        return (squares if masks is None else squares * masks).mean(dim=(1, 2, 3))

    def _more(self, condition: Condition, sizes: Tensor | None) -> dict[str, Tensor] | None:
        if sizes is None or condition.pooled is None:
            return None
        return {"text_embeds": condition.pooled.to(self.dtype), "time_ids": sizes}
