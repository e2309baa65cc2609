"""The configurations of a checkpoint's networks, read off its tensors' shapes: no other file is
needed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Protocol

from ....errors import Invalid, Problem

UNET = "model.diffusion_model."
VAE = "first_stage_model."
SD1_HEADS = 8
HEAD_CHANNELS = 64
LATENT_SCALE = {"sd1": 0.18215, "sd2": 0.18215, "sdxl": 0.13025}
TIME_IDS = 6
NORM_GROUPS, SMALLEST_GROUP = 32, 4
"""Stable Diffusion normalises in 32 groups. A small model has fewer: groups of a channel or two
would forget how bright and how colourful a picture is.
"""


class Shaped(Protocol):
    """A tensor, or a header's entry for one."""

    @property
    def shape(self) -> Any: ...


Tensors = Mapping[str, Shaped]


def unet_config(tensors: Tensors, family: str) -> dict[str, Any]:
    """``unet/config.json``. Raises `Invalid` for a U-Net that isn't made for plain
    text-to-image.
    """
    _check_plain(tensors)
    channels, depths, layers = _levels(tensors)
    has_attention = [depth > 0 for depth in depths]
    attention = next(
        key for key in tensors if key.endswith("attn2.to_k.weight") and key.startswith(UNET)
    )
    config: dict[str, Any] = {
        "_class_name": "UNet2DConditionModel",
        "in_channels": 4,
        "out_channels": 4,
        "block_out_channels": channels,
        "layers_per_block": layers,
        "cross_attention_dim": tensors[attention].shape[1],
        "down_block_types": [
            "CrossAttnDownBlock2D" if has else "DownBlock2D" for has in has_attention
        ],
        "up_block_types": [
            "CrossAttnUpBlock2D" if has else "UpBlock2D" for has in reversed(has_attention)
        ],
        "attention_head_dim": SD1_HEADS
        if family == "sd1"
        else [max(1, c // HEAD_CHANNELS) for c in channels],
        "use_linear_projection": len(tensors[f"{UNET}middle_block.1.proj_in.weight"].shape) == 2,
        "norm_num_groups": _norm_groups(channels),
        "sample_size": 64,
    }
    return config | _sdxl_config(tensors, depths) if family == "sdxl" else config


def _check_plain(tensors: Tensors) -> None:
    channels = tensors[f"{UNET}input_blocks.0.0.weight"].shape[1]
    if channels != 4:
        raise Invalid(
            [
                Problem(
                    "base_config.net_takes_channels_inpainting",
                    "base",
                    "its U-Net takes {first} channels (an inpainting or editing model)",
                    "Choose a model for plain text-to-image.",
                    first=channels,
                )
            ]
        )


def _sdxl_config(tensors: Tensors, depths: list[int]) -> dict[str, Any]:
    """What SDXL's U-Net has beside: sizes and crops beside the text, deeper levels."""
    middle = _count(tensors, rf"{re.escape(UNET)}middle_block\.1\.transformer_blocks\.(\d+)\.")
    label = tensors[f"{UNET}label_emb.0.0.weight"].shape[1]
    pooled = tensors["conditioner.embedders.1.model.text_projection"].shape[1]
    return {
        "addition_embed_type": "text_time",
        "addition_time_embed_dim": (label - pooled) // TIME_IDS,
        "projection_class_embeddings_input_dim": label,
        "transformer_layers_per_block": [depth or 1 for depth in depths[:-1]] + [middle],
    }


def vae_config(tensors: Tensors, family: str) -> dict[str, Any]:
    """``vae/config.json``."""
    levels = _count(tensors, rf"{re.escape(VAE)}encoder\.down\.(\d+)\.")
    channels = [
        tensors[f"{VAE}encoder.down.{i}.block.0.conv1.weight"].shape[0] for i in range(levels)
    ]
    return {
        "_class_name": "AutoencoderKL",
        "in_channels": 3,
        "out_channels": 3,
        "latent_channels": tensors[f"{VAE}post_quant_conv.weight"].shape[0],
        "block_out_channels": channels,
        "layers_per_block": _count(tensors, rf"{re.escape(VAE)}encoder\.down\.0\.block\.(\d+)\."),
        "down_block_types": ["DownEncoderBlock2D"] * levels,
        "up_block_types": ["UpDecoderBlock2D"] * levels,
        "scaling_factor": LATENT_SCALE[family],
        "norm_num_groups": _norm_groups(channels),
        "sample_size": 512,
    }


def _norm_groups(channels: list[int]) -> int:
    return min(NORM_GROUPS, min(channels) // SMALLEST_GROUP)


def _levels(tensors: Tensors) -> tuple[list[int], list[int], int]:
    """(channels, transformer depth, residual blocks) of the levels; the depth is 0 where a level
    has no attention.
    """
    channels: list[int] = []
    depths: list[int] = []
    blocks, layers, index, new_level = 0, 0, 1, True
    while True:
        block = f"{UNET}input_blocks.{index}."
        if f"{block}0.op.weight" in tensors:
            blocks, new_level = 0, True
        elif f"{block}0.out_layers.3.weight" in tensors:
            if new_level:
                channels.append(tensors[f"{block}0.out_layers.3.weight"].shape[0])
                depths.append(_count(tensors, rf"{re.escape(block)}1\.transformer_blocks\.(\d+)\."))
            blocks, new_level = blocks + 1, False
            layers = max(layers, blocks)
        else:
            return channels, depths, layers
        index += 1


def _count(tensors: Tensors, pattern: str) -> int:
    """How many different numbers the keys hold at the pattern's group; they count from 0."""
    numbers = {int(match.group(1)) for key in tensors if (match := re.match(pattern, key))}
    return len(numbers)
