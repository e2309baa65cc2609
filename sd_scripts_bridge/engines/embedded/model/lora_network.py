"""The LoRA: its weights, how they reach the frozen layers, and their form in a file.

All weights of a part lie in two flat fp32 tensors, in the order of its stacks; a layer's LoRA is a
range of each. A step then casts, scales, clips and optimises a handful of tensors instead of
thousands.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn

from ....errors import Invalid, Problem
from .layers import toy
from .layers.projection import Projection
from .layers.stack import stacks
from .lora_names import Target


class Lora(NamedTuple):
    """One layer's LoRA: where its weights begin in the part's flat tensors."""

    target: Target
    first_down: int
    first_up: int


class Part(nn.Module):
    """The LoRAs of the text encoders, or of the U-Net.

    ``draws`` are the first down weights [rank, in] of ``targets``, in the same order; the
    ``projections`` are made of the targets' layers.
    """

    def __init__(
        self,
        targets: Sequence[Target],
        draws: Sequence[Tensor],
        projections: Iterable[Projection],
        rank: int,
        alpha: float,
    ) -> None:
        super().__init__()
        self.rank, self.alpha = rank, alpha
        self.stacks = stacks(projections, rank)
        self.projections = [one for stack in self.stacks for one in stack.projections]
        sizes = [projection.sizes for projection in self.projections]
        self.downs = [rank * one.parts * one.width_in for one in sizes]
        self.ups = [rank * one.rows for one in sizes]
        starts = self._starts()
        self.loras = [Lora(target, *starts[id(target.layer)]) for target in targets]
        self.down = nn.Parameter(self._in_order(draws))
        self.up = nn.Parameter(torch.zeros(rank * sum(target.width_out for target in targets)))

    def _starts(self) -> dict[int, tuple[int, int]]:
        """Where each layer's weights begin, by its id."""
        found, down, up = {}, 0, 0
        for projection in self.projections:
            for layer in projection.layers:
                found[id(layer)] = down, up
                down += self.rank * projection.sizes.width_in
                up += self.rank * projection.sizes.width_out
        return found

    def _in_order(self, pieces: Sequence[Tensor]) -> Tensor:
        """One tensor a target, put together in the flat tensors' order."""
        order = sorted(range(len(pieces)), key=lambda index: self.loras[index].first_down)
        return torch.cat([pieces[index].flatten() for index in order])

    def refresh(self, dtype: torch.dtype, multiplier: float) -> None:
        """Hand the projections their weights for this step, differentiable,
        and fill the margins.
        """
        down = self.down.to(dtype)
        up = (self.up * (multiplier * self.alpha / self.rank)).to(dtype)
        by_stack = (
            down.split_with_sizes([math.prod(stack.down_shape) for stack in self.stacks]),
            up.split_with_sizes([math.prod(stack.up_shape) for stack in self.stacks]),
        )
        if toy.is_computed():
            for stack, *pair in zip(self.stacks, *by_stack, strict=True):
                (stack.merge if stack.is_small else stack.lend)(*pair)
            return
        downs, ups = down.split_with_sizes(self.downs), up.split_with_sizes(self.ups)
        for projection, *loras in zip(self.projections, downs, ups, strict=True):
            projection.loras[:] = loras
        with torch.no_grad():
            for stack, *pair in zip(self.stacks, *by_stack, strict=True):
                stack.fill(*pair)

    def tensors(self) -> dict[str, Tensor]:
        """The weights under kohya's names and in its shapes."""
        found = {}
        for target, first_down, first_up in self.loras:
            down = self.down.detach()[first_down:][: self.rank * target.width_in]
            up = self.up.detach()[first_up:][: self.rank * target.width_out]
            found[f"{target.name}.lora_down.weight"] = down.view(
                self.rank, target.width_in, *target.kernel
            )
            found[f"{target.name}.lora_up.weight"] = up.view(
                target.width_out, self.rank, *target.kernel
            )
            found[f"{target.name}.alpha"] = torch.tensor(float(self.alpha))
        return found

    def in_todays_form(self, down: Tensor, up: Tensor) -> tuple[Tensor, Tensor]:
        """Weights (or moments) of a state of version 0.1, where they were the matrices [rank, sum
        of the inputs] and [rank, sum of the outputs] in the targets' order.
        """
        if down.dim() == 1:
            return down, up
        targets = [lora.target for lora in self.loras]
        downs = down.split_with_sizes([target.width_in for target in targets], dim=1)
        ups = up.split_with_sizes([target.width_out for target in targets], dim=1)
        return self._in_order(downs), self._in_order([one.t() for one in ups])


class LoraNetwork(nn.Module):
    """The LoRAs of a run; a part that isn't trained is left out."""

    def __init__(self, text_encoder: Part | None, unet: Part | None) -> None:
        super().__init__()
        self.text_encoder, self.unet = text_encoder, unet

    @property
    def parts(self) -> list[Part]:
        return [part for part in (self.text_encoder, self.unet) if part is not None]

    @property
    def modules_count(self) -> int:
        return sum(len(part.loras) for part in self.parts)

    def refresh(self, dtype: torch.dtype, multiplier: float = 1.0) -> None:
        """Put the present weights to work, at ``multiplier`` of their strength."""
        for part in self.parts:
            part.refresh(dtype, multiplier)

    def tensors(self, dtype: torch.dtype) -> dict[str, Tensor]:
        """What goes into the file."""
        return {
            name: value.to("cpu", dtype).contiguous()
            for part in self.parts
            for name, value in part.tensors().items()
        }

    def restore(self, state: Mapping[str, Tensor]) -> None:
        """Take over saved weights. Raises `Invalid` where they belong to another network."""
        if not self._fits(state):
            raise Invalid(
                [
                    Problem(
                        "lora_network.saved_state_belongs_lora",
                        "resume",
                        "the saved state belongs to a LoRA of another dim or on other layers",
                        "Start over, or use the job's own options.",
                    )
                ]
            )
        with torch.no_grad():
            for name, part in (("text_encoder", self.text_encoder), ("unet", self.unet)):
                if part is not None:
                    both = state[f"{name}.down"], state[f"{name}.up"]
                    for weights, saved in zip(
                        part.parameters(), part.in_todays_form(*both), strict=True
                    ):
                        weights.copy_(saved)

    def _fits(self, state: Mapping[str, Tensor]) -> bool:
        """By names and counts of weights, and by the rank where the state tells it."""
        mine = {name: value.numel() for name, value in self.state_dict().items()}
        theirs = {name: value.numel() for name, value in state.items()}
        ranks = {part.rank for part in self.parts}
        return mine == theirs and all(
            value.dim() == 1 or {value.shape[0]} == ranks for value in state.values()
        )


def build(
    text_encoder: Sequence[Target],
    unet: Sequence[Target],
    rank: int,
    alpha: float,
    dice: torch.Generator,
    *,
    text_projections: Iterable[Projection] | None,
    unet_projections: Iterable[Projection] | None,
) -> LoraNetwork:
    """A new network on the parts that have projections. The text encoders' weights are drawn even
    if they aren't trained, as sd-scripts does.
    """
    parts: list[Part | None] = []
    for targets, projections in ((text_encoder, text_projections), (unet, unet_projections)):
        draws = [draw_down(rank, one.width_in, one.width_out, dice) for one in targets]
        if projections is None:
            parts.append(None)
        else:
            parts.append(Part(targets, draws, projections, rank, alpha))
    return LoraNetwork(*parts)


def draw_down(rank: int, width_in: int, width_out: int, dice: torch.Generator) -> Tensor:
    """The first weights of a LoRA's down layer, by sd-scripts' three draws: both constructors',
    then its own.
    """
    bound = math.sqrt(3.0) * (math.sqrt(2.0 / (1 + math.sqrt(5) ** 2)) / math.sqrt(width_in))
    torch.empty(rank, width_in).uniform_(-1.0, 1.0, generator=dice)
    torch.empty(width_out, rank).uniform_(-1.0, 1.0, generator=dice)
    return torch.empty(rank, width_in).uniform_(-bound, bound, generator=dice)
