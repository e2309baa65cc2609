"""Attention on tensors without memory."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F


@contextlib.contextmanager
def fused_attention() -> Iterator[None]:
    """On tensors without memory PyTorch would write attention's whole matrix out."""

    def attend(
        query: Tensor,
        key: Tensor,
        value: Tensor,
        attn_mask: Tensor | None = None,
        dropout_p: float | None = 0.0,
        is_causal: bool = False,
        **kwargs: Any,
    ) -> Any:
        fused = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu
        options = {"attn_mask": _written_out(attn_mask, query), **kwargs}
        return fused(query, key, value, dropout_p or 0.0, is_causal, **options)[0]

    usual = F.scaled_dot_product_attention
    F.scaled_dot_product_attention = attend  # type: ignore[assignment]
    try:
        yield
    finally:
        F.scaled_dot_product_attention = usual


def _written_out(mask: Tensor | None, query: Tensor) -> Tensor | None:
    """A mask of truth values becomes numbers first, one for each place that it is spread over
    (PyTorch, aten/src/ATen/native/transformers/attention.cpp, `convert_boolean_attn_mask`).
    """
    if mask is None or mask.dtype != torch.bool:
        return mask
    return torch.empty(mask.shape, dtype=query.dtype, device=query.device)
