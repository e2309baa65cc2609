"""One optimizer step: a function of tensors and of nothing else.

Whatever is random, looked up or counted happens before it, so that the step can be recorded once
and repeated. It never waits for the device.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from ..model.layers import toy
from ..model.lora_network import LoraNetwork
from ..training.loss import Inputs, Objective, Rows
from ..training.noise import draw
from ..training.optimizer import Optimizer


class Step:
    """Forward, backward, clipping and AdamW for the batches that make one step."""

    def __init__(
        self,
        network: LoraNetwork,
        objective: Objective,
        optimizer: Optimizer,
        *,
        is_toy: bool = False,
    ) -> None:
        self.network, self.objective, self.optimizer = network, objective, optimizer
        self.is_toy = is_toy

    def __call__(self, batches: Sequence[Inputs]) -> list[Tensor]:
        """The loss of each batch, on the device."""
        losses = self.gradients(batches)
        self.optimizer.update()
        return losses

    def gradients(self, batches: Sequence[Inputs]) -> list[Tensor]:
        """The same without moving the weights: it leaves them their gradients."""
        losses = []
        for inputs in batches:
            with toy.computing(self.is_toy):
                self.network.refresh(self.objective.dtype)
                loss = self.objective.loss(inputs)
                self.optimizer.backward(loss)
            losses.append(loss.detach())
        return losses


@torch.no_grad()
def inputs_of(
    rows: Rows, objective: Objective, offset: float | None, dice: torch.Generator
) -> Inputs:
    """A batch's inputs, with all that is random drawn in sd-scripts' order."""
    latents = rows.shelf.latents(rows.pictures, dice)
    noise, timesteps = draw(latents, offset, dice)
    text, pooled = objective.captions.pick(rows.captions)
    sizes = rows.shelf.size_ids[rows.pictures] if objective.with_sizes else None
    return Inputs(latents, noise, timesteps, rows.weights, text, pooled, sizes, rows.masks)
