"""Frozen linear layers that read the same input as one matrix product, together with their LoRAs.

The LoRAs lie in the margins of the frozen matrix:

    [ weight  up ]
    [ down     0 ]

so that one product gives the layers' output and the LoRAs' middle, and in the backward pass one
gives the gradients of both.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from . import toy
from .merged import Merged


class Sizes(NamedTuple):
    """What a projection is made of. All its layers have the same widths."""

    parts: int
    width_out: int
    width_in: int
    biased: bool
    joins_forward: bool
    """The output and the LoRAs' middle come from one product, and so lie in one tensor: where the
    output is kept for the backward pass anyway."""
    joins_backward: bool

    @property
    def rows(self) -> int:
        return self.parts * self.width_out


class Weights(NamedTuple):
    """Views into a `Stack`, the same ones for the whole run."""

    forth: Tensor
    """[in, out] or [in, out + down]."""
    back: Tensor
    """[out, in] or [out, in + up]."""
    bias: Tensor | None
    down: Tensor
    """[parts x rank, in]."""
    up: Tensor
    """[parts, out, rank], scaled."""


MOST_JOINED_BACKWARD = 3
"""The margin at the side is a block diagonal: with many parts it would be mostly noughts."""


class Projection(nn.Module):
    """``layers`` side by side: rows [n, in] to [n, layers x out].

    `Part` lays its weights into a stack and, before each step, the LoRAs' down and up weights
    (flat) into ``loras``, for their gradients. Without them it is the layers alone.
    """

    def __init__(self, *layers: Any, kept: bool = False) -> None:
        super().__init__()
        self.layers = layers
        out, inner = layers[0].weight.shape
        self.sizes = Sizes(
            parts=len(layers),
            width_out=out,
            width_in=inner,
            biased=layers[0].bias is not None,
            joins_forward=kept,
            joins_backward=len(layers) <= MOST_JOINED_BACKWARD,
        )
        self.weights: Weights | None = None
        self.loras: list[Tensor] = []
        self.merged: Merged | None = None
        """What a toy's small layers compute with."""

    def forward(self, rows: Tensor) -> Tensor:
        if self.weights is None:
            alone = [F.linear(rows, layer.weight, layer.bias) for layer in self.layers]
            return alone[0] if len(alone) == 1 else torch.cat(alone, dim=1)
        if self.merged is not None and toy.is_computed():
            bias = self.weights.bias
            return self.merged(rows, None if bias is None else bias[: self.sizes.rows])
        if torch.compiler.is_compiling():
            return self._plain(rows, self.weights)
        apply = cast(Callable[..., Tensor], _WithLoras.apply)
        return apply(rows, *self.loras, *self.weights)

    def _plain(self, rows: Tensor, weights: Weights) -> Tensor:
        """The same in operations that a compiler knows and fuses itself."""
        parts, out, rank = weights.up.shape
        down, up = self.loras
        middle = torch.mm(rows, down.view(parts * rank, -1).t()).view(len(rows), parts, rank)
        added = torch.bmm(middle.transpose(0, 1), up.view(parts, out, rank).mT)
        bias = None if weights.bias is None else weights.bias[: parts * out]
        frozen = F.linear(rows, weights.forth[:, : parts * out].t(), bias)
        return frozen + added.transpose(0, 1).reshape(len(rows), parts * out)


class _WithLoras(torch.autograd.Function):
    """weight x + bias + up down x, for each part. ``_down`` and ``_up`` (flat) are there to be
    given their gradients; their values are in the margins.
    """

    @staticmethod
    def forward(
        ctx: Any,
        rows: Tensor,
        _down: Tensor,
        _up: Tensor,
        forth: Tensor,
        back: Tensor,
        bias: Tensor | None,
        down: Tensor,
        up: Tensor,
    ) -> Tensor:
        result = torch.mm(rows, forth) if bias is None else torch.addmm(bias, rows, forth)
        out, width = len(back), len(down)
        if result.shape[1] == out:
            middle = torch.mm(rows, down.t())
        else:
            result, middle = result[:, :out], result[:, out : out + width]
        parts = len(up)
        if parts == 1:
            result.addmm_(middle, up[0].t())
        else:
            by_part(result, parts).baddbmm_(by_part(middle, parts), up.mT)
        ctx.save_for_backward(rows, middle, back, down, up)
        return result

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        rows, middle, back, down, up = ctx.saved_tensors
        grad, parts = gradients[0], len(up)
        grad_rows, grad_middle = _through(ctx.needs_input_grad[0], grad, back, down, up)
        if grad_rows is not None:
            grad_rows.addmm_(grad_middle, down)
        grad_down = torch.mm(grad_middle.t(), rows)
        grad_up = _of_up(grad, middle, parts)
        return grad_rows, grad_down.view(-1), grad_up.reshape(-1), None, None, None, None, None


def _of_up(grad: Tensor, middle: Tensor, parts: int) -> Tensor:
    """The gradient of the LoRAs' up weights, [parts, out, rank]; turned over where narrow products
    are slow.
    """
    if parts > 1:
        grad, middle = by_part(grad, parts), by_part(middle, parts)
    product = torch.bmm if parts > 1 else torch.mm
    if toy.is_computed():
        return product(middle.mT, grad).mT
    return product(grad.mT, middle)


def _through(
    wanted: bool, grad: Tensor, back: Tensor, down: Tensor, up: Tensor
) -> tuple[Tensor | None, Tensor]:
    """The gradients of the input (where ``wanted``), as far as it comes through the frozen weights,
    and of the LoRAs' middle.
    """
    width, inner = down.shape
    if back.shape[1] > inner:
        first = 0 if wanted else inner
        both = torch.mm(grad, back[:, first:])
        return (both[:, :inner] if wanted else None), both[:, inner - first :]
    middle = grad.new_empty(len(grad), width)
    by_part(middle, len(up)).baddbmm_(by_part(grad, len(up)), up, beta=0)
    return (torch.mm(grad, back) if wanted else None), middle


def by_part(rows: Tensor, parts: int) -> Tensor:
    """[n, parts x width] seen as [parts, n, width]."""
    return rows.view(len(rows), parts, -1).transpose(0, 1)
