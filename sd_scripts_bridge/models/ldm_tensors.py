"""The names of the tensors that a Stable Diffusion checkpoint must have, and which of them a file
lacks.

Names follow from structure (levels, blocks, layers), never from a list: a full-size model has its
family's structure, a smaller one the structure that its own numbering implies. Both halves of a
U-Net, and encoder and decoder of a VAE, witness the same structure, so what is missing in one shows
in the other.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from ..messages import Message
from .safetensors_file import TensorInfo

UNET, VAE = "model.diffusion_model.", "first_stage_model."
CLIP = "cond_stage_model.transformer."
OPEN_CLIP = "cond_stage_model.model."
XL_CLIP, XL_OPEN_CLIP = "conditioner.embedders.0.transformer.", "conditioner.embedders.1.model."

Shapes = Mapping[str, tuple[int, ...]]
"""Shape by name, the part's prefix taken off."""


@dataclass(frozen=True)
class ModelPart:
    """One part of a checkpoint: how people call it, how many tensors it should have, and the full
    names it lacks.
    """

    title: str
    expected: int
    missing: tuple[str, ...]

    @property
    def absent(self) -> bool:
        return len(self.missing) == self.expected


@dataclass(frozen=True)
class UNetLayout:
    """Attention blocks at each level, in the middle; residual blocks per level."""

    depths: tuple[int, ...]
    middle: int
    residual: int = 2


FULL_SIZE_UNET = {
    "sd1": UNetLayout((1, 1, 1, 0), 1),
    "sd2": UNetLayout((1, 1, 1, 0), 1),
    "sdxl": UNetLayout((0, 2, 10), 10),
}
FULL_SIZE_CHANNELS, FULL_SIZE_VAE_CHANNELS = 320, 128
FULL_SIZE_LAYERS = {("clip", 768): 12, ("open_clip", 1024): 23, ("open_clip", 1280): 32}
"""Text encoder layers by kind and width.

SD 2 has 24, but uses the first 23 only, and some files leave the last out.
"""


def parts(tensors: Mapping[str, TensorInfo], family: str) -> list[ModelPart]:
    """Every part that a checkpoint of ``family`` consists of, with what this one lacks."""
    unet, vae = under(tensors, UNET), under(tensors, VAE)
    found = [
        _part("U-Net", UNET, unet_names(unet, family), unet),
        _part("VAE", VAE, vae_names(vae), vae),
    ]
    for title, prefix, kind in text_encoders(family):
        shapes = text_encoder(tensors, prefix)
        names = clip_names(shapes) if kind == "clip" else open_clip_names(shapes, family == "sdxl")
        found.append(_part(title, prefix, names, shapes))
    return found


def text_encoders(family: str) -> list[tuple[str, str, str]]:
    """(title, prefix, kind) of each text encoder of ``family``."""
    if family == "sdxl":
        return [
            (Message("tensors.first_text_encoder", "first text encoder"), XL_CLIP, "clip"),
            (
                Message("tensors.second_text_encoder", "second text encoder"),
                XL_OPEN_CLIP,
                "open_clip",
            ),
        ]
    return [
        (Message("tensors.text_encoder", "text encoder"), CLIP, "clip")
        if family == "sd1"
        else (Message("tensors.text_encoder", "text encoder"), OPEN_CLIP, "open_clip")
    ]


def under(tensors: Mapping[str, TensorInfo], prefix: str) -> dict[str, tuple[int, ...]]:
    """Shapes of the tensors under ``prefix``.

    A single number is no tensor of a network: it counts as missing.
    """
    return {
        name[len(prefix) :]: tensor.shape
        for name, tensor in tensors.items()
        if name.startswith(prefix) and tensor.shape
    }


def text_encoder(tensors: Mapping[str, TensorInfo], prefix: str) -> dict[str, tuple[int, ...]]:
    """A text encoder's shapes under the names of today: old files say ``encoder.`` for
    ``text_model.encoder.``, and Playground says ``text_projection.weight``.
    """
    shapes = under(tensors, prefix)
    old = ("embeddings.", "encoder.", "final_layer_norm.")
    renamed = {
        f"text_model.{name}" if name.startswith(old) else name: shape
        for name, shape in shapes.items()
    }
    if "text_projection.weight" in renamed:
        renamed["text_projection"] = renamed.pop("text_projection.weight")
    return renamed


def _part(title: str, prefix: str, names: Iterable[str], shapes: Shapes) -> ModelPart:
    expected = tuple(names)
    return ModelPart(
        title, len(expected), tuple(prefix + name for name in expected if name not in shapes)
    )


# ---- U-Net ----


def unet_names(shapes: Shapes, family: str) -> Iterator[str]:
    """Names of the U-Net."""
    layout = unet_layout(shapes, family)
    levels, period = len(layout.depths), layout.residual + 1
    yield from _both("input_blocks.0.0", "time_embed.0", "time_embed.2", "out.0", "out.2")
    if family == "sdxl":
        yield from _both("label_emb.0.0", "label_emb.0.2")
    for block in range(1, levels * period):
        level, place = divmod(block - 1, period)
        if place == layout.residual:
            yield from _both(f"input_blocks.{block}.0.op")
        else:
            yield from _residual(f"input_blocks.{block}.0", shapes)
            yield from _attention(f"input_blocks.{block}.1", layout.depths[level])
    yield from _residual("middle_block.0", shapes)
    yield from _attention("middle_block.1", layout.middle)
    yield from _residual("middle_block.2", shapes)
    for block in range(levels * period):
        level = levels - 1 - block // period
        depth = layout.depths[level]
        yield from _residual(f"output_blocks.{block}.0", shapes, joined=True)
        yield from _attention(f"output_blocks.{block}.1", depth)
        if level and block % period == layout.residual:
            yield from _both(f"output_blocks.{block}.{2 if depth else 1}.conv")


def unet_layout(shapes: Shapes, family: str) -> UNetLayout:
    """The structure: the family's for a full-size model, otherwise what the numbering implies."""
    witnesses = ["input_blocks.0.0.bias", "out.0.weight", "out.0.bias"]
    if _width(shapes, witnesses, FULL_SIZE_CHANNELS) == FULL_SIZE_CHANNELS:
        return FULL_SIZE_UNET[family]
    ends = [int(m[1]) for m in _matches(r"input_blocks\.(\d{1,2})\.0\.op\.", shapes)]
    ends += [int(m[1]) + 1 for m in _matches(r"output_blocks\.(\d{1,2})\.[12]\.conv\.", shapes)]
    blocks = _highest(r"(?:in|out)put_blocks\.(\d{1,2})\.", shapes) + 1
    period = math.gcd(*ends) if ends else blocks
    levels = math.ceil(blocks / period)
    depths = [0] * levels
    for match in _matches(
        r"(in|out)put_blocks\.(\d{1,2})\.1\.transformer_blocks\.(\d{1,2})\.", shapes
    ):
        block, depth = int(match[2]), int(match[3]) + 1
        level = (block - 1) // period if match[1] == "in" else levels - 1 - block // period
        depths[level] = max(depths[level], depth)
    middle = _highest(r"middle_block\.1\.transformer_blocks\.(\d{1,2})\.", shapes) + 1
    return UNetLayout(tuple(depths), middle, period - 1)


def _residual(at: str, shapes: Shapes, joined: bool = False) -> Iterator[str]:
    yield from _both(
        *(
            f"{at}.{part}"
            for part in (
                "in_layers.0",
                "in_layers.2",
                "emb_layers.1",
                "out_layers.0",
                "out_layers.3",
            )
        )
    )
    if joined or _changes_width(shapes.get(f"{at}.in_layers.2.weight")):
        yield from _both(f"{at}.skip_connection")


def _attention(at: str, depth: int) -> Iterator[str]:
    if not depth:
        return
    yield from _both(f"{at}.norm", f"{at}.proj_in", f"{at}.proj_out")
    for index in range(depth):
        block = f"{at}.transformer_blocks.{index}"
        yield from _both(
            *(
                f"{block}.{part}"
                for part in ("norm1", "norm2", "norm3", "ff.net.0.proj", "ff.net.2")
            )
        )
        for attention in ("attn1", "attn2"):
            yield from (f"{block}.{attention}.to_{part}.weight" for part in ("q", "k", "v"))
            yield from _both(f"{block}.{attention}.to_out.0")


# ---- VAE ----


def vae_names(shapes: Shapes) -> Iterator[str]:
    """Names of the VAE: encoder and decoder with as many levels and blocks as either
    of them shows.
    """
    levels, blocks = vae_layout(shapes)
    yield from _both("quant_conv", "post_quant_conv")
    for half, side, count in (("encoder", "down", blocks), ("decoder", "up", blocks + 1)):
        yield from _both(f"{half}.conv_in", f"{half}.norm_out", f"{half}.conv_out")
        for level in range(levels):
            for block in range(count):
                yield from _vae_residual(f"{half}.{side}.{level}.block.{block}", shapes)
            if level != (levels - 1 if side == "down" else 0):
                yield from _both(f"{half}.{side}.{level}.{side}sample.conv")
        yield from _vae_residual(f"{half}.mid.block_1", shapes)
        yield from _both(
            *(f"{half}.mid.attn_1.{part}" for part in ("norm", "q", "k", "v", "proj_out"))
        )
        yield from _vae_residual(f"{half}.mid.block_2", shapes)


def vae_layout(shapes: Shapes) -> tuple[int, int]:
    """(levels, residual blocks per level of the encoder; the decoder has one more)."""
    witnesses = ["encoder.conv_in.bias", "decoder.norm_out.weight", "decoder.norm_out.bias"]
    if _width(shapes, witnesses, FULL_SIZE_VAE_CHANNELS) == FULL_SIZE_VAE_CHANNELS:
        return 4, 2
    levels = _highest(r"(?:encoder\.down|decoder\.up)\.(\d{1,2})\.", shapes) + 1
    encoder = _highest(r"encoder\.down\.\d{1,2}\.block\.(\d{1,2})\.", shapes) + 1
    return levels, max(encoder, _highest(r"decoder\.up\.\d{1,2}\.block\.(\d{1,2})\.", shapes))


def _vae_residual(at: str, shapes: Shapes) -> Iterator[str]:
    yield from _both(f"{at}.norm1", f"{at}.conv1", f"{at}.norm2", f"{at}.conv2")
    if _changes_width(shapes.get(f"{at}.conv1.weight")):
        yield from _both(f"{at}.nin_shortcut")


# ---- text encoders ----


def clip_names(shapes: Shapes) -> Iterator[str]:
    """Names of OpenAI's CLIP as transformers writes it."""
    at = "text_model"
    yield from (f"{at}.embeddings.{kind}_embedding.weight" for kind in ("token", "position"))
    yield from _both(f"{at}.final_layer_norm")
    embeddings = [f"{at}.embeddings.{kind}_embedding.weight" for kind in ("token", "position")]
    width = _width(shapes, [*embeddings, f"{at}.final_layer_norm.weight"], 768)
    for layer in range(_layers("clip", width, r"text_model\.encoder\.layers\.(\d{1,2})\.", shapes)):
        inner = ["layer_norm1", "layer_norm2", "mlp.fc1", "mlp.fc2"]
        inner += [f"self_attn.{part}_proj" for part in ("q", "k", "v", "out")]
        yield from _both(*(f"{at}.encoder.layers.{layer}.{part}" for part in inner))


def open_clip_names(shapes: Shapes, projected: bool) -> Iterator[str]:
    """Names of OpenCLIP as its authors write it; ``projected``: its text projection is used, as in
    SDXL.
    """
    yield from ("token_embedding.weight", "positional_embedding")
    yield from _both("ln_final")
    if projected:
        yield "text_projection"
    witnesses = ["token_embedding.weight", "positional_embedding", "ln_final.weight"]
    width = _width(shapes, witnesses, 1280 if projected else 1024)
    for layer in range(_layers("open_clip", width, r"transformer\.resblocks\.(\d{1,2})\.", shapes)):
        at = f"transformer.resblocks.{layer}"
        yield from (f"{at}.attn.in_proj_weight", f"{at}.attn.in_proj_bias")
        yield from _both(
            *(
                f"{at}.{part}"
                for part in ("ln_1", "ln_2", "attn.out_proj", "mlp.c_fc", "mlp.c_proj")
            )
        )


def _width(shapes: Shapes, witnesses: Iterable[str], full: int) -> int:
    """The last side of the first witness that is there; a full-size model's where none is."""
    return next((shapes[name][-1] for name in witnesses if name in shapes), full)


def _layers(kind: str, width: int, pattern: str, shapes: Shapes) -> int:
    return FULL_SIZE_LAYERS.get((kind, width)) or _highest(pattern, shapes) + 1


# ---- small ----


def _both(*stems: str) -> Iterator[str]:
    for stem in stems:
        yield f"{stem}.weight"
        yield f"{stem}.bias"


def _changes_width(convolution: tuple[int, ...] | None) -> bool:
    return convolution is not None and convolution[:1] != convolution[1:2]


def _highest(pattern: str, shapes: Shapes) -> int:
    """The highest number that ``pattern`` finds.

    Patterns take two digits: a name must not make us count to a billion.
    """
    return max((int(match[1]) for match in _matches(pattern, shapes)), default=0)


def _matches(pattern: str, shapes: Shapes) -> Iterator[re.Match[str]]:
    compiled = re.compile(pattern)
    return (match for match in map(compiled.match, shapes) if match)
