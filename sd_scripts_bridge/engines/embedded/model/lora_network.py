"""The LoRA: its weights, how they act on the frozen layers, and their form in a file.

All weights of a part lie in two fp32 matrices, [rank, sum of the inputs] and [rank, sum of the
outputs]; a layer's LoRA is a column range of each. A step then casts, scales, clips and optimises a
handful of tensors instead of thousands.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from ....errors import Invalid, Problem
from .lora_names import Target


class Lora:
    """One layer's LoRA. ``down`` [in, rank] and ``up`` [rank, out] are this step's, already scaled."""

    __slots__ = ("down", "target", "up")

    def __init__(self, target: Target) -> None:
        self.target = target
        self.down: Tensor | None = None
        self.up: Tensor | None = None

    def attach(self) -> None:
        """From now on the layer's output is its own plus the LoRA's."""
        self.target.layer.forward = _forward(self.target.layer, self)


class Part(nn.Module):
    """The LoRAs of the text encoders, or of the U-Net."""

    def __init__(
        self, targets: Sequence[Target], rank: int, alpha: float, dice: torch.Generator
    ) -> None:
        super().__init__()
        self.rank, self.alpha = rank, alpha
        self.loras = [Lora(target) for target in targets]
        self.widths_in = [target.width_in for target in targets]
        self.widths_out = [target.width_out for target in targets]
        downs = [
            draw_down(rank, width, out, dice)
            for width, out in zip(self.widths_in, self.widths_out, strict=True)
        ]
        self.down = nn.Parameter(torch.cat(downs, dim=1))
        self.up = nn.Parameter(torch.zeros(rank, sum(self.widths_out)))

    def refresh(self, dtype: torch.dtype, multiplier: float) -> None:
        """Hand every LoRA its weights for this step, as differentiable views."""
        downs = self.down.to(dtype).t().split_with_sizes(self.widths_in)
        ups = (
            (self.up * (multiplier * self.alpha / self.rank))
            .to(dtype)
            .split_with_sizes(self.widths_out, dim=1)
        )
        for lora, down, up in zip(self.loras, downs, ups, strict=True):
            lora.down, lora.up = down, up

    def tensors(self) -> dict[str, Tensor]:
        """The weights under kohya's names and in its shapes."""
        found = {}
        downs = self.down.detach().split_with_sizes(self.widths_in, dim=1)
        ups = self.up.detach().t().split_with_sizes(self.widths_out)
        for lora, down, up in zip(self.loras, downs, ups, strict=True):
            kernel = lora.target.kernel
            found[f"{lora.target.name}.lora_down.weight"] = down.reshape(*down.shape, *kernel)
            found[f"{lora.target.name}.lora_up.weight"] = up.reshape(*up.shape, *kernel)
            found[f"{lora.target.name}.alpha"] = torch.tensor(float(self.alpha))
        return found


class LoraNetwork(nn.Module):
    """The LoRAs of a run; a part that isn't trained is left out."""

    def __init__(self, text_encoder: Part | None, unet: Part | None) -> None:
        super().__init__()
        self.text_encoder, self.unet = text_encoder, unet
        self.attach()

    @property
    def parts(self) -> list[Part]:
        return [part for part in (self.text_encoder, self.unet) if part is not None]

    @property
    def modules_count(self) -> int:
        return sum(len(part.loras) for part in self.parts)

    def attach(self) -> None:
        for part in self.parts:
            for lora in part.loras:
                lora.attach()

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
        mine = {name: value.shape for name, value in self.state_dict().items()}
        theirs = {name: value.shape for name, value in state.items()}
        if mine != theirs:
            raise Invalid(
                [
                    Problem(
                        "lora_network.saved_state_belongs_lora",
                        "resume",
                        "the saved state belongs to a LoRA of another dim or on other layers",
                        "Start the training anew, or use the job's own options.",
                    )
                ]
            )
        self.load_state_dict(dict(state))


def build(
    text_encoder: Sequence[Target],
    unet: Sequence[Target],
    rank: int,
    alpha: float,
    dice: torch.Generator,
    train_text_encoder: bool,
    train_unet: bool,
) -> LoraNetwork:
    """A new network. The text encoders' weights are drawn even if they aren't trained, as
    sd-scripts does.
    """
    text_part = Part(text_encoder, rank, alpha, dice)
    unet_part = Part(unet, rank, alpha, dice)
    return LoraNetwork(text_part if train_text_encoder else None, unet_part if train_unet else None)


def draw_down(rank: int, width_in: int, width_out: int, dice: torch.Generator) -> Tensor:
    """The first weights of a LoRA's down layer, by sd-scripts' three draws: both constructors',
    then its own.
    """
    bound = math.sqrt(3.0) * (math.sqrt(2.0 / (1 + math.sqrt(5) ** 2)) / math.sqrt(width_in))
    torch.empty(rank, width_in).uniform_(-1.0, 1.0, generator=dice)
    torch.empty(width_out, rank).uniform_(-1.0, 1.0, generator=dice)
    return torch.empty(rank, width_in).uniform_(-bound, bound, generator=dice)


def _forward(layer: Any, lora: Lora) -> Callable[[Tensor], Tensor]:
    """The layer with its LoRA, as matrix products over rows; the last one adds its result in place."""
    weight, bias = layer.weight.t(), layer.bias

    def forward(x: Tensor) -> Tensor:
        rows = x if x.dim() == 2 else x.reshape(-1, x.shape[-1])
        out = torch.mm(rows, weight) if bias is None else torch.addmm(bias, rows, weight)
        out.addmm_(torch.mm(rows, lora.down), lora.up)  # type: ignore[arg-type]
        return out if x.dim() == 2 else out.view(*x.shape[:-1], -1)

    return forward
