"""diffusers' U-Net with less ceremony: the same results from fewer operations.

At batch 1 a step waits for Python and for the launch of small operations, not for arithmetic. So
the network gets a forward of its own that knows what Stable Diffusion never has (masks, dropout,
adaptive norms), does what several layers do to one input as one product, and leaves the weights
where they are.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.checkpoint import checkpoint

from .layers.attention import attend
from .layers.projection import Projection

TIMESTEPS = 1000
Keys = tuple[Tensor, Tensor]
"""What the text offers one block: keys and values, [batch, tokens, heads, width of a head]."""


def trim(unet: Any, *, checkpointing: bool = False) -> LeanUNet:
    """Make ``unet`` compute in the lean way from now on. Raises ValueError for blocks that aren't
    Stable Diffusion's.

    ``checkpointing``: residual and transformer blocks are computed again in the backward pass
    instead of being remembered.
    """
    lean = LeanUNet(unet, checkpointing)
    unet.forward = lean.forward
    return lean


class LeanUNet(nn.Module):
    """The forward pass of ``unet``, over its own modules."""

    def __init__(self, unet: Any, checkpointing: bool) -> None:
        super().__init__()
        self.conv_in, self.norm, self.conv_out = unet.conv_in, unet.conv_norm_out, unet.conv_out
        self.down = nn.ModuleList(_Level(block, checkpointing) for block in unet.down_blocks)
        self.middle = _Level(unet.mid_block, checkpointing)
        self.up = nn.ModuleList(_Level(block, checkpointing) for block in unet.up_blocks)
        self.times = _Times(unet, [one for one in self.modules() if isinstance(one, _Residual)])
        self.text = _Text([one for one in self.modules() if isinstance(one, Block)])

    @property
    def projections(self) -> list[Projection]:
        """All that a LoRA can act on."""
        return [one for one in self.modules() if isinstance(one, Projection)]

    def forward(
        self,
        sample: Tensor,
        timestep: Tensor,
        encoder_hidden_states: Tensor,
        added_cond_kwargs: Mapping[str, Tensor] | None = None,
        return_dict: bool = False,  # noqa: ARG002 (as diffusers calls it)
    ) -> tuple[Tensor]:
        """What diffusers' U-Net answers, as its ``return_dict=False`` does."""
        shifts = self.times(sample, timestep, encoder_hidden_states, added_cond_kwargs)
        keys = self.text(encoder_hidden_states)
        x = self.conv_in(sample)
        skips = [x]
        level: Any
        for level in self.down:
            skips += level(skips[-1], shifts, keys)
            if level.resize is not None:
                skips.append(level.resize(skips[-1]))
        x = self.middle(skips[-1], shifts, keys)[-1]
        for level in self.up:
            x = level(x, shifts, keys, skips)[-1]
            if level.resize is not None:
                x = level.resize(F.interpolate(x, size=skips[-1].shape[2:]))
        return (self.conv_out(F.silu(self.norm(x))),)


class _Times(nn.Module):
    """The timestep (and SDXL's sizes and pooled text) to what every residual block adds: all their
    projections as one product, which takes the bias of their first convolution along.
    """

    def __init__(self, unet: Any, residuals: Sequence[_Residual]) -> None:
        super().__init__()
        self.embed, self.more = unet.time_embedding, unet.get_aug_embed
        self.waves, self.table = unet.time_proj, unet.time_proj(torch.arange(TIMESTEPS))
        layers = [residual.time for residual in residuals]
        self.widths = [len(layer.weight) for layer in layers]
        self.weight = torch.cat([layer.weight.detach() for layer in layers])
        self.bias = torch.cat([(one.time.bias + one.first.bias).detach() for one in residuals])
        for layer, piece in zip(layers, self.weight.split_with_sizes(self.widths), strict=True):
            layer.weight = nn.Parameter(piece, requires_grad=False)

    def forward(
        self, sample: Tensor, timestep: Tensor, text: Tensor, more: Mapping[str, Tensor] | None
    ) -> Iterator[Tensor]:
        """[batch, channels, 1, 1] for one residual block after the other."""
        state = self.embed(self._waves(timestep).to(sample.dtype))
        added = self.more(emb=state, encoder_hidden_states=text, added_cond_kwargs=more or {})
        state = state if added is None else state + added
        shifts = F.linear(F.silu(state), self.weight, self.bias)[:, :, None, None]
        return iter(shifts.split_with_sizes(self.widths, dim=1))

    def _waves(self, timestep: Tensor) -> Tensor:
        """Sines and cosines of the timestep: looked up, unless it lies between two steps."""
        if timestep.is_floating_point():
            return self.waves(timestep)  # type: ignore[no-any-return]
        if self.table.device != timestep.device:
            self.table = self.table.to(timestep.device)
        looked_up: Tensor = self.table[timestep]
        return looked_up


class _Text(nn.Module):
    """Keys and values of the text for all blocks: they all read the same states, so blocks of one
    width share one product.
    """

    def __init__(self, blocks: Sequence[Block]) -> None:
        super().__init__()
        groups: dict[int, list[int]] = {}
        for index, block in enumerate(blocks):
            groups.setdefault(block.width, []).append(index)
        self.groups, self.heads = list(groups.values()), [block.heads for block in blocks]
        self.projections = nn.ModuleList(
            Projection(*(layer for index in group for layer in blocks[index].of_text), kept=True)
            for group in self.groups
        )

    def forward(self, text: Tensor) -> Iterator[Keys]:
        """Keys and values for one block after the other."""
        found: dict[int, Keys] = {}
        rows = text.flatten(0, 1)
        for group, projection in zip(self.groups, self.projections, strict=True):
            pieces = _heads(projection(rows), len(text), 2 * len(group), self.heads[group[0]])
            found |= zip(group, zip(pieces[::2], pieces[1::2], strict=True), strict=True)
        return iter([found[index] for index in range(len(found))])


class _Level(nn.Module):
    """The blocks at one resolution: residual ones, each with a transformer behind it or not."""

    def __init__(self, block: Any, checkpointing: bool) -> None:
        super().__init__()
        self.residuals = nn.ModuleList(_Residual(one, checkpointing) for one in block.resnets)
        self.transformers = nn.ModuleList(
            _Transformer(one, checkpointing) for one in getattr(block, "attentions", ())
        )
        resizers = getattr(block, "downsamplers", None) or getattr(block, "upsamplers", None)
        self.resize: Any = resizers[0].conv if resizers else None

    def forward(
        self, x: Tensor, shifts: Iterator[Tensor], keys: Iterator[Keys], skips: Any = None
    ) -> list[Tensor]:
        """What each residual block (with its transformer) gives;
        takes one of ``skips`` for each.
        """
        found = []
        for number, residual in enumerate(self.residuals):
            x = residual(x if skips is None else torch.cat([x, skips.pop()], dim=1), next(shifts))
            if number < len(self.transformers):
                x = self.transformers[number](x, keys)
            found.append(x)
        return found


class _Residual(nn.Module):
    """Two convolutions past a shortcut. ``shift`` holds the first one's bias already."""

    def __init__(self, block: Any, checkpointing: bool) -> None:
        super().__init__()
        if block.output_scale_factor != 1.0 or block.time_embedding_norm != "default":
            raise ValueError("a residual block that isn't Stable Diffusion's")
        self.norm1, self.first, self.time = block.norm1, block.conv1, block.time_emb_proj
        self.norm2, self.second, self.shortcut = block.norm2, block.conv2, block.conv_shortcut
        self.checkpointing = checkpointing

    def forward(self, x: Tensor, shift: Tensor) -> Tensor:
        out: Tensor = _run(self._compute, self.checkpointing, x, shift)
        return out

    def _compute(self, x: Tensor, shift: Tensor) -> Tensor:
        inner = F.conv2d(F.silu(self.norm1(x)), self.first.weight, None, padding=1) + shift
        inner = self.second(F.silu(self.norm2(inner)))
        out: Tensor = (x if self.shortcut is None else self.shortcut(x)) + inner
        return out


class _Transformer(nn.Module):
    """Blocks that work on rows: one row a place in the picture."""

    def __init__(self, transformer: Any, checkpointing: bool) -> None:
        super().__init__()
        _make_linear(transformer)
        self.norm = transformer.norm
        self.enter = Projection(transformer.proj_in)
        self.blocks = nn.ModuleList(Block(one) for one in transformer.transformer_blocks)
        self.leave = Projection(transformer.proj_out)
        self.checkpointing = checkpointing

    def forward(self, x: Tensor, keys: Iterator[Keys]) -> Tensor:
        batch, channels, height, width = x.shape
        rows = self.enter(self.norm(x).permute(0, 2, 3, 1).reshape(-1, channels))
        for block in self.blocks:
            rows = _run(block, self.checkpointing, rows, *next(keys))
        picture = self.leave(rows).view(batch, height, width, channels).permute(0, 3, 1, 2)
        out: Tensor = x + picture
        return out


class Block(nn.Module):
    """Attention among the places, attention to the text, and two wide layers."""

    def __init__(self, block: Any) -> None:
        super().__init__()
        if block.norm_type != "layer_norm" or block.only_cross_attention:
            raise ValueError(f"a transformer block with norm_type {block.norm_type!r}")
        own, text, wide = block.attn1, block.attn2, block.ff.net
        self.norm1, self.norm2, self.norm3 = block.norm1, block.norm2, block.norm3
        self.own = Projection(own.to_q, own.to_k, own.to_v, kept=True)
        self.own_out = Projection(own.to_out[0])
        self.ask = Projection(text.to_q, kept=True)
        self.of_text = text.to_k, text.to_v
        self.text_out = Projection(text.to_out[0])
        self.widen, self.narrow = Projection(wide[0].proj, kept=True), Projection(wide[2])
        self.heads, self.width = own.heads, own.to_q.weight.shape[0]

    def forward(self, x: Tensor, key: Tensor, value: Tensor) -> Tensor:
        batch = len(key)
        own = _heads(self.own(self.norm1(x)), batch, 3, self.heads)
        x = x + self.own_out(attend(*own))
        (query,) = _heads(self.ask(self.norm2(x)), batch, 1, self.heads)
        x = x + self.text_out(attend(query, key, value))
        inner, gate = self.widen(self.norm3(x)).chunk(2, dim=1)
        out: Tensor = x + self.narrow(inner * F.gelu(gate))
        return out


def _heads(rows: Tensor, batch: int, parts: int, heads: int) -> tuple[Tensor, ...]:
    """[batch x places, parts x width] to a [batch, places, heads,
    width of a head] for each part.
    """
    return rows.view(batch, len(rows) // batch, parts, heads, -1).unbind(2)


def _run(compute: Any, checkpointing: bool, *inputs: Tensor) -> Tensor:
    if not (checkpointing and torch.is_grad_enabled()):
        return compute(*inputs)  # type: ignore[no-any-return]
    out: Tensor = checkpoint(compute, *inputs, use_reentrant=False, preserve_rng_state=False)
    return out


def _make_linear(transformer: Any) -> None:
    """SD1's 1x1 convolutions around the blocks as the linear layers that they are."""
    if transformer.use_linear_projection:
        return
    transformer.proj_in = _as_linear(transformer.proj_in)
    transformer.proj_out = _as_linear(transformer.proj_out)
    transformer.use_linear_projection = True


def _as_linear(conv: nn.Conv2d) -> nn.Linear:
    """The linear layer that does to the channels what the 1x1 convolution does."""
    with torch.device("meta"):
        linear = nn.Linear(conv.in_channels, conv.out_channels)
    linear.weight = nn.Parameter(conv.weight.detach().flatten(1), requires_grad=False)
    assert conv.bias is not None
    linear.bias = nn.Parameter(conv.bias.detach(), requires_grad=False)
    return linear
