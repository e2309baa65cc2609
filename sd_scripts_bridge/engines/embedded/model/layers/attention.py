"""Attention of heads so narrow that a processor loses most of its time on the shape of the
products.

A product of 8 columns takes a processor four times as long as the same one turned over, of 8 rows,
and PyTorch's flash attention takes the slow one. Its other virtue, keeping no probabilities, is
worth nothing for a few places.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import torch
from torch import Tensor
from torch.nn import functional as F

from . import toy

NARROW = 8
"""Channels of a head up to which it pays."""
FEW = 128 * 128
"""Places times keys up to which it pays, and their probabilities take little memory."""


def attend(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    """[batch, places, heads, width of a head] each, to rows [batch x places, heads x width]."""
    if toy.is_computed() and _is_narrow(query, key):
        return cast(Callable[..., Tensor], _Narrow.apply)(query, key, value)
    mixed = F.scaled_dot_product_attention(
        query.transpose(1, 2), key.transpose(1, 2), value.transpose(1, 2)
    )
    return mixed.transpose(1, 2).reshape(query.shape[0] * query.shape[1], -1)


def _is_narrow(query: Tensor, key: Tensor) -> bool:
    return query.shape[3] <= NARROW and query.shape[1] * key.shape[1] <= FEW


class _Narrow(torch.autograd.Function):
    """The probabilities are remembered, and every product with few channels has them as rows."""

    @staticmethod
    def forward(ctx: Any, query: Tensor, key: Tensor, value: Tensor) -> Tensor:
        scale = query.shape[3] ** -0.5
        by_head = [one.transpose(1, 2).flatten(0, 1) for one in (query, key, value)]
        shares = torch.softmax(_scaled(by_head[0], by_head[1].mT, scale), dim=2)
        mixed = torch.bmm(by_head[2].mT, shares.mT)
        ctx.save_for_backward(*by_head, shares)
        ctx.batch, ctx.scale = len(query), scale
        return _places(mixed, len(query)).reshape(query.shape[0] * query.shape[1], -1)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        query, key, value, shares = ctx.saved_tensors
        batch, scale = ctx.batch, ctx.scale
        heads, places = len(query) // batch, query.shape[1]
        grad = gradients[0].view(batch, places, heads, -1).transpose(1, 2).flatten(0, 1)
        of_value = torch.bmm(grad.mT, shares)
        of_scores = torch._softmax_backward_data(torch.bmm(grad, value.mT), shares, 2, shares.dtype)
        of_query = _scaled(key.mT, of_scores.mT, scale)
        of_key = _scaled(query.mT, of_scores, scale)
        return _places(of_query, batch), _places(of_key, batch), _places(of_value, batch)


def _scaled(left: Tensor, right: Tensor, scale: float) -> Tensor:
    """scale x left right, [n, rows, columns]."""
    result = left.new_empty(len(left), left.shape[1], right.shape[2])
    return result.baddbmm_(left, right, beta=0, alpha=scale)


def _places(turned: Tensor, batch: int) -> Tensor:
    """[batch x heads, width, places] seen as [batch, places, heads, width]."""
    return turned.view(batch, -1, *turned.shape[1:]).permute(0, 3, 1, 2)
