"""diffusers' U-Net with less ceremony: the same results from fewer operations.

At batch 1 a step waits for Python and for the launch of small operations, not for arithmetic. So
the transformer blocks get a forward of their own that knows what SD's blocks never have (masks,
dropout, adaptive norms), and SD1's 1x1 convolutions around them become the linear layers that they
are.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F


def trim(unet: Any) -> None:
    """Change ``unet`` in place. Raises ValueError for blocks that aren't Stable Diffusion's."""
    for module in unet.modules():
        kind = type(module).__name__
        if kind == "Transformer2DModel":
            _linear_projections(module)
        elif kind == "BasicTransformerBlock":
            if module.norm_type != "layer_norm" or module.only_cross_attention:
                raise ValueError(f"{kind} with norm_type {module.norm_type!r}")
            module.forward = _block(module)


def _linear_projections(transformer: Any) -> None:
    if transformer.use_linear_projection:
        return
    transformer.proj_in, transformer.proj_out = (
        _as_linear(transformer.proj_in),
        _as_linear(transformer.proj_out),
    )
    transformer.use_linear_projection = True


def _as_linear(conv: nn.Conv2d) -> nn.Linear:
    """The linear layer that does to the channels what the 1x1 convolution does."""
    with torch.device("meta"):
        linear = nn.Linear(conv.in_channels, conv.out_channels)
    linear.weight = nn.Parameter(conv.weight.detach().flatten(1), requires_grad=False)
    assert conv.bias is not None
    linear.bias = nn.Parameter(conv.bias.detach(), requires_grad=False)
    return linear


def _block(block: Any) -> Callable[..., Tensor]:
    norm1, norm2, norm3 = block.norm1, block.norm2, block.norm3
    attend_self, attend_text = _attention(block.attn1), _attention(block.attn2)
    widen, narrow = block.ff.net[0].proj, block.ff.net[2]

    def forward(
        hidden_states: Tensor,
        _mask: Any = None,
        encoder_hidden_states: Any = None,
        *_: Any,
        **__: Any,
    ) -> Tensor:
        shape = hidden_states.shape
        x, text = hidden_states.reshape(-1, shape[2]), encoder_hidden_states.flatten(0, 1)
        normed = norm1.forward(x)
        x = x + attend_self(normed, normed, shape[0])
        x = x + attend_text(norm2.forward(x), text, shape[0])
        value, gate = widen.forward(norm3.forward(x)).chunk(2, dim=1)
        x = x + narrow.forward(value * F.gelu(gate))
        out: Tensor = x.view(shape)
        return out

    return forward


def _attention(attention: Any) -> Callable[[Tensor, Tensor, int], Tensor]:
    to_query, to_key, to_value, to_out = (
        attention.to_q,
        attention.to_k,
        attention.to_v,
        attention.to_out[0],
    )
    heads = attention.heads

    def attend(x: Tensor, context: Tensor, batch: int) -> Tensor:
        query, key, value = (
            project.forward(source).view(batch, -1, heads, width).transpose(1, 2)
            for project, source in ((to_query, x), (to_key, context), (to_value, context))
        )
        mixed = F.scaled_dot_product_attention(query, key, value).transpose(1, 2)
        out: Tensor = to_out.forward(mixed.reshape(x.shape[0], -1))
        return out

    width = attention.to_q.weight.shape[0] // heads
    return attend
