"""A toy base model with the true layout and random weights: some MB, made in seconds, trained on a
CPU in minutes.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

VOCABULARY, POSITIONS = 49408, 77


@dataclass(frozen=True)
class Shape:
    """The sizes of one family's toy."""

    channels: tuple[int, ...]
    depths: tuple[int, ...]
    middle_depth: int
    linear_projection: bool
    text_width: tuple[int, ...]
    text_layers: int
    vae_channels: tuple[int, ...] = (32, 32, 32, 32)
    vae_blocks: int = 2
    """Residual blocks a level in the VAE's encoder; its decoder has one more."""
    size_width: int = 32
    """SDXL tells the U-Net six sizes, each in so many numbers."""

    @property
    def cross(self) -> int:
        return sum(self.text_width)


SHAPES = {
    "sd1": Shape((32, 64, 96, 96), (1, 1, 1, 0), 1, False, (32,), 2, (32, 64, 32, 32)),
    "sd2": Shape((32, 32, 64, 64), (1, 1, 1, 0), 1, True, (32,), 3),
    "sdxl": Shape((32, 32, 64), (0, 1, 2), 2, True, (32, 32), 2),
}

FULL_SIZE = {
    "sd1": Shape((320, 640, 1280, 1280), (1, 1, 1, 0), 1, False, (768,), 12, (128, 256, 512, 512)),
    "sd2": Shape((320, 640, 1280, 1280), (1, 1, 1, 0), 1, True, (1024,), 24, (128, 256, 512, 512)),
    "sdxl": Shape(
        (320, 640, 1280),
        (0, 2, 10),
        10,
        True,
        (768, 1280),
        32,
        (128, 256, 512, 512),
        size_width=256,
    ),
}
"""The families' own sizes, with random weights: for trying what takes no other size. 2 GB, 3 GB
and 7 GB.
"""

Named = Iterator[tuple[str, tuple[int, ...]]]


def make(
    path: str | Path,
    family: str = "sd1",
    seed: int = 0,
    *,
    full_size: bool = False,
    shape: Shape | None = None,
) -> Path:
    """Write a toy checkpoint of ``family`` ("sd1", "sd2", "sdxl") to ``path``, in fp16; same seed,
    same file. ``shape``: other sizes than the toy's or the family's own.
    """
    shape = shape or (FULL_SIZE[family] if full_size else SHAPES[family])
    dice = torch.Generator().manual_seed(seed)
    tensors = {name: _weights(name, size, dice) for name, size in sizes(shape, family).items()}
    return save(tensors, Path(path), family)


def sizes(shape: Shape, family: str) -> dict[str, tuple[int, ...]]:
    """The sizes of all weights of a checkpoint, by their names in it."""
    return dict([*_unet(shape, family), *_vae(shape), *_text(shape, family)])


def save(weights: Mapping[str, Tensor], path: Path, family: str) -> Path:
    """Write ``weights`` with the tables that the family's checkpoints carry along."""
    from safetensors.torch import save_file

    tensors = dict(weights)
    if family == "sd1":
        key = "cond_stage_model.transformer.text_model.embeddings.position_ids"
        tensors[key] = torch.arange(POSITIONS).unsqueeze(0)
    if family != "sdxl":
        tensors |= _diffusion_tables()
    aside = path.with_name(f".{path.name}.part")
    save_file(tensors, aside, metadata={"format": "pt"})
    aside.replace(path)
    return path


def _weights(name: str, size: tuple[int, ...], dice: torch.Generator) -> Tensor:
    if name.endswith("logit_scale"):
        return torch.tensor(math.log(100.0), dtype=torch.float16)
    if name.endswith("bias"):
        return torch.zeros(size, dtype=torch.float16)
    if len(size) == 1:
        return torch.ones(size, dtype=torch.float16)
    spread = 0.02 if "embedding" in name else 1.0 / math.sqrt(math.prod(size[1:]))
    return torch.empty(size).normal_(0.0, spread, generator=dice).half()


def _layer(name: str, *size: int, bias: bool = True) -> Named:
    yield f"{name}.weight", size
    if bias:
        yield f"{name}.bias", size[:1]


# ---- U-Net ----


def _unet(shape: Shape, family: str) -> Named:
    root, first = "model.diffusion_model.", shape.channels[0]
    wide = 4 * first
    yield from _layer(f"{root}time_embed.0", wide, first)
    yield from _layer(f"{root}time_embed.2", wide, wide)
    if family == "sdxl":
        yield from _layer(f"{root}label_emb.0.0", wide, shape.text_width[1] + 6 * shape.size_width)
        yield from _layer(f"{root}label_emb.0.2", wide, wide)
    yield from _layer(f"{root}input_blocks.0.0", first, 4, 3, 3)
    skips, index, current = [first], 1, first
    for level, (channels, depth) in enumerate(zip(shape.channels, shape.depths, strict=True)):
        for _ in range(2):
            yield from _residual(f"{root}input_blocks.{index}.0", current, channels, wide)
            yield from _transformer(f"{root}input_blocks.{index}.1", channels, depth, shape)
            current, index = channels, index + 1
            skips.append(current)
        if level < len(shape.channels) - 1:
            yield from _layer(f"{root}input_blocks.{index}.0.op", current, current, 3, 3)
            index += 1
            skips.append(current)
    yield from _residual(f"{root}middle_block.0", current, current, wide)
    yield from _transformer(f"{root}middle_block.1", current, shape.middle_depth, shape)
    yield from _residual(f"{root}middle_block.2", current, current, wide)
    index = 0
    for level in reversed(range(len(shape.channels))):
        channels, depth = shape.channels[level], shape.depths[level]
        for number in range(3):
            block = f"{root}output_blocks.{index}"
            yield from _residual(f"{block}.0", current + skips.pop(), channels, wide)
            yield from _transformer(f"{block}.1", channels, depth, shape)
            current, index = channels, index + 1
            if number == 2 and level > 0:
                yield from _layer(f"{block}.{2 if depth else 1}.conv", current, current, 3, 3)
    yield from _layer(f"{root}out.0", current)
    yield from _layer(f"{root}out.2", 4, current, 3, 3)


def _residual(name: str, inner: int, outer: int, wide: int) -> Named:
    yield from _layer(f"{name}.in_layers.0", inner)
    yield from _layer(f"{name}.in_layers.2", outer, inner, 3, 3)
    yield from _layer(f"{name}.emb_layers.1", outer, wide)
    yield from _layer(f"{name}.out_layers.0", outer)
    yield from _layer(f"{name}.out_layers.3", outer, outer, 3, 3)
    if inner != outer:
        yield from _layer(f"{name}.skip_connection", outer, inner, 1, 1)


def _transformer(name: str, channels: int, depth: int, shape: Shape) -> Named:
    if not depth:
        return
    kernel = () if shape.linear_projection else (1, 1)
    yield from _layer(f"{name}.norm", channels)
    yield from _layer(f"{name}.proj_in", channels, channels, *kernel)
    for number in range(depth):
        block = f"{name}.transformer_blocks.{number}"
        for attention, context in (("attn1", channels), ("attn2", shape.cross)):
            yield from _layer(f"{block}.{attention}.to_q", channels, channels, bias=False)
            yield from _layer(f"{block}.{attention}.to_k", channels, context, bias=False)
            yield from _layer(f"{block}.{attention}.to_v", channels, context, bias=False)
            yield from _layer(f"{block}.{attention}.to_out.0", channels, channels)
        yield from _layer(f"{block}.ff.net.0.proj", 8 * channels, channels)
        yield from _layer(f"{block}.ff.net.2", channels, 4 * channels)
        for norm in (1, 2, 3):
            yield from _layer(f"{block}.norm{norm}", channels)
    yield from _layer(f"{name}.proj_out", channels, channels, *kernel)


# ---- VAE ----


def _vae(shape: Shape) -> Named:
    root, channels = "first_stage_model.", shape.vae_channels
    yield from _layer(f"{root}encoder.conv_in", channels[0], 3, 3, 3)
    current = channels[0]
    for level, width in enumerate(channels):
        for block in range(shape.vae_blocks):
            yield from _vae_residual(f"{root}encoder.down.{level}.block.{block}", current, width)
            current = width
        if level < len(channels) - 1:
            yield from _layer(f"{root}encoder.down.{level}.downsample.conv", current, current, 3, 3)
    yield from _vae_ends(f"{root}encoder", current, 8)
    yield from _layer(f"{root}quant_conv", 8, 8, 1, 1)
    yield from _layer(f"{root}post_quant_conv", 4, 4, 1, 1)
    current = channels[-1]
    yield from _layer(f"{root}decoder.conv_in", current, 4, 3, 3)
    for level in reversed(range(len(channels))):
        for block in range(shape.vae_blocks + 1):
            yield from _vae_residual(
                f"{root}decoder.up.{level}.block.{block}", current, channels[level]
            )
            current = channels[level]
        if level > 0:
            yield from _layer(f"{root}decoder.up.{level}.upsample.conv", current, current, 3, 3)
    yield from _vae_middle(f"{root}decoder", channels[-1])
    yield from _layer(f"{root}decoder.norm_out", current)
    yield from _layer(f"{root}decoder.conv_out", 3, current, 3, 3)


def _vae_ends(name: str, width: int, out: int) -> Named:
    yield from _vae_middle(name, width)
    yield from _layer(f"{name}.norm_out", width)
    yield from _layer(f"{name}.conv_out", out, width, 3, 3)


def _vae_middle(name: str, width: int) -> Named:
    yield from _vae_residual(f"{name}.mid.block_1", width, width)
    yield from _layer(f"{name}.mid.attn_1.norm", width)
    for part in ("q", "k", "v", "proj_out"):
        yield from _layer(f"{name}.mid.attn_1.{part}", width, width, 1, 1)
    yield from _vae_residual(f"{name}.mid.block_2", width, width)


def _vae_residual(name: str, inner: int, outer: int) -> Named:
    yield from _layer(f"{name}.norm1", inner)
    yield from _layer(f"{name}.conv1", outer, inner, 3, 3)
    yield from _layer(f"{name}.norm2", outer)
    yield from _layer(f"{name}.conv2", outer, outer, 3, 3)
    if inner != outer:
        yield from _layer(f"{name}.nin_shortcut", outer, inner, 1, 1)


# ---- text encoders ----


def _text(shape: Shape, family: str) -> Named:
    if family == "sd1":
        yield from _clip(
            "cond_stage_model.transformer.text_model.", shape.text_width[0], shape.text_layers
        )
    elif family == "sd2":
        yield from _open_clip("cond_stage_model.model.", shape.text_width[0], shape.text_layers)
    else:
        yield from _clip("conditioner.embedders.0.transformer.text_model.", shape.text_width[0], 12)
        yield from _open_clip(
            "conditioner.embedders.1.model.", shape.text_width[1], shape.text_layers
        )


def _clip(root: str, width: int, layers: int) -> Named:
    yield f"{root}embeddings.token_embedding.weight", (VOCABULARY, width)
    yield f"{root}embeddings.position_embedding.weight", (POSITIONS, width)
    for number in range(layers):
        layer = f"{root}encoder.layers.{number}"
        for part in ("k_proj", "v_proj", "q_proj", "out_proj"):
            yield from _layer(f"{layer}.self_attn.{part}", width, width)
        yield from _layer(f"{layer}.layer_norm1", width)
        yield from _layer(f"{layer}.mlp.fc1", 4 * width, width)
        yield from _layer(f"{layer}.mlp.fc2", width, 4 * width)
        yield from _layer(f"{layer}.layer_norm2", width)
    yield from _layer(f"{root}final_layer_norm", width)


def _open_clip(root: str, width: int, layers: int) -> Named:
    yield f"{root}positional_embedding", (POSITIONS, width)
    yield f"{root}text_projection", (width, width)
    yield f"{root}logit_scale", ()
    yield f"{root}token_embedding.weight", (VOCABULARY, width)
    for number in range(layers):
        layer = f"{root}transformer.resblocks.{number}"
        yield from _layer(f"{layer}.ln_1", width)
        yield f"{layer}.attn.in_proj_weight", (3 * width, width)
        yield f"{layer}.attn.in_proj_bias", (3 * width,)
        yield from _layer(f"{layer}.attn.out_proj", width, width)
        yield from _layer(f"{layer}.ln_2", width)
        yield from _layer(f"{layer}.mlp.c_fc", 4 * width, width)
        yield from _layer(f"{layer}.mlp.c_proj", width, 4 * width)
    yield from _layer(f"{root}ln_final", width)


# ---- the diffusion process ----


def _diffusion_tables() -> dict[str, Tensor]:
    """The schedule that SD1 and SD2 checkpoints carry along."""
    betas = torch.linspace(0.00085**0.5, 0.012**0.5, 1000, dtype=torch.float64) ** 2
    kept = torch.cumprod(1 - betas, 0)
    before = torch.cat([torch.ones(1, dtype=torch.float64), kept[:-1]])
    variance = betas * (1 - before) / (1 - kept)
    tables = {
        "betas": betas,
        "alphas_cumprod": kept,
        "alphas_cumprod_prev": before,
        "sqrt_alphas_cumprod": kept.sqrt(),
        "sqrt_one_minus_alphas_cumprod": (1 - kept).sqrt(),
        "log_one_minus_alphas_cumprod": (1 - kept).log(),
        "sqrt_recip_alphas_cumprod": (1 / kept).sqrt(),
        "sqrt_recipm1_alphas_cumprod": (1 / kept - 1).sqrt(),
        "posterior_variance": variance,
        "posterior_log_variance_clipped": variance.clamp(min=1e-20).log(),
        "posterior_mean_coef1": betas * before.sqrt() / (1 - kept),
        "posterior_mean_coef2": (1 - before) * (1 - betas).sqrt() / (1 - kept),
    }
    unused = {
        "model_ema.decay": torch.tensor(0.9999),
        "model_ema.num_updates": torch.tensor(0, dtype=torch.int32),
    }
    return {name: table.float() for name, table in tables.items()} | unused
