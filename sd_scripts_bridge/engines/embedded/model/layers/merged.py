"""Small layers' LoRAs added to the frozen weights before a step: a projection is then one product
forward and two backward, and the LoRAs' own products are a few for the whole network.

Each projection is used once between a step's weights and their backward pass: its gradient is
written, not added.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, cast

import torch
from torch import Tensor


class Merged(NamedTuple):
    """One projection's weights for a step."""

    weight: Tensor
    """[parts x out, in]."""
    gathered: Tensor
    """Where its gradient is written: its part of `Merging.gathered`."""

    def __call__(self, rows: Tensor, bias: Tensor | None) -> Tensor:
        apply = cast(Callable[..., Tensor], _Product.apply)
        return apply(rows, self.weight, bias, self.gathered)


class Merging:
    """Adds LoRAs to the weights of projections of one size.

    ``frozen``: [projections, parts x out, in]; ``width_out``: of a part. It keeps a copy, and as
    much room for the gradients.
    """

    def __init__(self, frozen: Tensor, width_out: int) -> None:
        self.frozen = frozen.reshape(-1, width_out, frozen.shape[2]).contiguous()
        self.gathered = torch.zeros_like(frozen, memory_format=torch.contiguous_format)

    def __call__(self, down: Tensor, up: Tensor) -> list[Merged]:
        """The step's weights by projection; ``down`` and ``up`` (scaled) are flat."""
        count, out, inner = self.frozen.shape
        pair = up.view(count, out, -1), down.view(count, -1, inner)
        apply = cast(Callable[..., tuple[Tensor, ...]], _Sum.apply)
        weights = apply(self.frozen, *pair, self.gathered)
        return [Merged(*one) for one in zip(weights, self.gathered.unbind(), strict=True)]


class _Sum(torch.autograd.Function):
    """frozen + up down, by projection. The gradients of all lie in ``gathered`` when the backward
    pass comes here.
    """

    @staticmethod
    def forward(
        ctx: Any, frozen: Tensor, up: Tensor, down: Tensor, gathered: Tensor
    ) -> tuple[Tensor, ...]:
        ctx.save_for_backward(up, down)
        ctx.gathered = gathered.view_as(frozen)
        return torch.baddbmm(frozen, up, down).view_as(gathered).unbind()

    @staticmethod
    def backward(ctx: Any, *_gradients: Tensor) -> tuple[None, Tensor, Tensor, None]:
        (up, down), grad = ctx.saved_tensors, ctx.gathered
        return None, torch.bmm(down, grad.mT).mT, torch.bmm(up.mT, grad), None


class _Product(torch.autograd.Function):
    """weight x + bias. The weight's gradient is written where those of its like are."""

    @staticmethod
    def forward(
        ctx: Any, rows: Tensor, weight: Tensor, bias: Tensor | None, gathered: Tensor
    ) -> Tensor:
        ctx.save_for_backward(rows, weight)
        ctx.gathered = gathered
        return torch.mm(rows, weight.t()) if bias is None else torch.addmm(bias, rows, weight.t())

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, Tensor, None, None]:
        rows, weight = ctx.saved_tensors
        grad = gradients[0]
        torch.mm(grad.t(), rows, out=ctx.gathered)
        grad_rows = torch.mm(grad, weight) if ctx.needs_input_grad[0] else None
        return grad_rows, ctx.gathered, None, None
