"""Small .safetensors files with the names and shapes of real ones, built the way the models are
built, layer by layer.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

Shapes = dict[str, tuple[int, ...]]

NUMPY = {
    "F64": "<f8",
    "F32": "<f4",
    "F16": "<f2",
    "BF16": "<u2",
    "I64": "<i8",
    "F8_E4M3": "u1",
    "F8_E5M2": "u1",
    "U8": "u1",
}


def write(
    path: Path,
    tensors: Mapping[str, Any],
    metadata: Mapping[str, str] | None = None,
    dtype: str = "F16",
) -> Path:
    """A whole file. A tensor is an array, a shape (zeros of ``dtype``),
    or (dtype, shape, bytes).
    """
    header: dict[str, Any] = {} if metadata is None else {"__metadata__": dict(metadata)}
    data: list[bytes] = []
    place = 0
    for name, tensor in tensors.items():
        kind, shape, raw = described(tensor, dtype)
        header[name] = {
            "dtype": kind,
            "shape": list(shape),
            "data_offsets": [place, place + len(raw)],
        }
        data.append(raw)
        place += len(raw)
    return write_raw(path, header, b"".join(data))


def described(tensor: Any, dtype: str) -> tuple[str, tuple[int, ...], bytes]:
    if isinstance(tensor, np.ndarray):
        kind = next(name for name, code in NUMPY.items() if np.dtype(code) == tensor.dtype)
        return kind, tensor.shape, tensor.tobytes()
    if len(tensor) == 3 and isinstance(tensor[0], str):
        return tensor
    return dtype, tensor, bytes(int(np.prod(tensor)) * np.dtype(NUMPY[dtype]).itemsize)


def write_raw(path: Path, header: Any, data: bytes = b"") -> Path:
    """``header`` as JSON (or bytes as they are), and whatever follows it."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)
    return path


# ---- checkpoints ----


def checkpoint(family: str, width: int = 32) -> Shapes:
    """A whole checkpoint of ``family``: every part there, every number small."""
    context = 2 * width if family == "sdxl" else width
    parts = {
        "model.diffusion_model.": unet(family, width, context),
        "first_stage_model.": vae(width),
    }
    if family == "sd1":
        parts["cond_stage_model.transformer.text_model."] = clip(width, layers=2)
    elif family == "sd2":
        parts["cond_stage_model.model."] = open_clip(width, layers=2)
    else:
        parts["conditioner.embedders.0.transformer.text_model."] = clip(width, layers=2)
        parts["conditioner.embedders.1.model."] = open_clip(width, layers=2) | {
            "text_projection": (width, width)
        }
    return {prefix + name: shape for prefix, part in parts.items() for name, shape in part.items()}


def linear(name: str, out: int, inner: int, bias: bool = True) -> Shapes:
    return {f"{name}.weight": (out, inner)} | ({f"{name}.bias": (out,)} if bias else {})


def conv(name: str, out: int, inner: int, kernel: int = 3) -> Shapes:
    return {f"{name}.weight": (out, inner, kernel, kernel), f"{name}.bias": (out,)}


def norm(name: str, width: int) -> Shapes:
    return {f"{name}.weight": (width,), f"{name}.bias": (width,)}


def unet(family: str, width: int, context: int, in_channels: int = 4) -> Shapes:
    """The LDM U-Net of ``family``, at any width."""
    xl = family == "sdxl"
    multipliers, depths, middle = (
        ((1, 2, 4), (0, 2, 10), 10) if xl else ((1, 2, 4, 4), (1, 1, 1, 0), 1)
    )
    time = 4 * width

    def attention(at: str, channels: int, depth: int) -> Shapes:
        project = conv(f"{at}.proj_in", channels, channels, 1) | conv(
            f"{at}.proj_out", channels, channels, 1
        )
        if family != "sd1":
            project = linear(f"{at}.proj_in", channels, channels) | linear(
                f"{at}.proj_out", channels, channels
            )
        found = norm(f"{at}.norm", channels) | project
        for index in range(depth):
            block = f"{at}.transformer_blocks.{index}"
            for number, heard in ((1, channels), (2, context)):
                inner = f"{block}.attn{number}"
                found |= linear(f"{inner}.to_q", channels, channels, bias=False)
                found |= linear(f"{inner}.to_k", channels, heard, bias=False)
                found |= linear(f"{inner}.to_v", channels, heard, bias=False)
                found |= linear(f"{inner}.to_out.0", channels, channels)
            found |= linear(f"{block}.ff.net.0.proj", 8 * channels, channels)
            found |= linear(f"{block}.ff.net.2", channels, 4 * channels)
            for number in (1, 2, 3):
                found |= norm(f"{block}.norm{number}", channels)
        return found

    def residual(at: str, inner: int, out: int) -> Shapes:
        found = norm(f"{at}.in_layers.0", inner) | conv(f"{at}.in_layers.2", out, inner)
        found |= linear(f"{at}.emb_layers.1", out, time)
        found |= norm(f"{at}.out_layers.0", out) | conv(f"{at}.out_layers.3", out, out)
        return found | (conv(f"{at}.skip_connection", out, inner, 1) if inner != out else {})

    found = linear("time_embed.0", time, width) | linear("time_embed.2", time, time)
    if xl:
        found |= linear("label_emb.0.0", time, 6 * width) | linear("label_emb.0.2", time, time)
    found |= conv("input_blocks.0.0", width, in_channels)
    stack, channels, block = [width], width, 1
    for level, multiplier in enumerate(multipliers):
        for _ in range(2):
            found |= residual(f"input_blocks.{block}.0", channels, multiplier * width)
            channels = multiplier * width
            if depths[level]:
                found |= attention(f"input_blocks.{block}.1", channels, depths[level])
            stack.append(channels)
            block += 1
        if level < len(multipliers) - 1:
            found |= conv(f"input_blocks.{block}.0.op", channels, channels)
            stack.append(channels)
            block += 1
    found |= residual("middle_block.0", channels, channels) | attention(
        "middle_block.1", channels, middle
    )
    found |= residual("middle_block.2", channels, channels)
    block = 0
    for level in reversed(range(len(multipliers))):
        for place in range(3):
            found |= residual(
                f"output_blocks.{block}.0", channels + stack.pop(), multipliers[level] * width
            )
            channels, after = multipliers[level] * width, 1
            if depths[level]:
                found |= attention(f"output_blocks.{block}.1", channels, depths[level])
                after = 2
            if level and place == 2:
                found |= conv(f"output_blocks.{block}.{after}.conv", channels, channels)
            block += 1
    return found | norm("out.0", width) | conv("out.2", 4, width)


def vae(width: int) -> Shapes:
    """The KL-8 autoencoder, at any width."""
    multipliers = (1, 2, 4, 4)
    top = 4 * width

    def residual(at: str, inner: int, out: int) -> Shapes:
        found = (
            norm(f"{at}.norm1", inner) | conv(f"{at}.conv1", out, inner) | norm(f"{at}.norm2", out)
        )
        found |= conv(f"{at}.conv2", out, out)
        return found | (conv(f"{at}.nin_shortcut", out, inner, 1) if inner != out else {})

    def middle(half: str) -> Shapes:
        found = residual(f"{half}.mid.block_1", top, top) | residual(
            f"{half}.mid.block_2", top, top
        )
        for part in ("q", "k", "v", "proj_out"):
            found |= conv(f"{half}.mid.attn_1.{part}", top, top, 1)
        return found | norm(f"{half}.mid.attn_1.norm", top)

    found = conv("quant_conv", 8, 8, 1) | conv("post_quant_conv", 4, 4, 1)
    found |= conv("encoder.conv_in", width, 3) | middle("encoder") | norm("encoder.norm_out", top)
    found |= conv("encoder.conv_out", 8, top)
    channels = width
    for level, multiplier in enumerate(multipliers):
        for block in range(2):
            found |= residual(f"encoder.down.{level}.block.{block}", channels, multiplier * width)
            channels = multiplier * width
        if level < 3:
            found |= conv(f"encoder.down.{level}.downsample.conv", channels, channels)
    found |= conv("decoder.conv_in", top, 4) | middle("decoder") | norm("decoder.norm_out", width)
    found |= conv("decoder.conv_out", 3, width)
    for level in reversed(range(4)):
        for block in range(3):
            found |= residual(
                f"decoder.up.{level}.block.{block}", channels, multipliers[level] * width
            )
            channels = multipliers[level] * width
        if level:
            found |= conv(f"decoder.up.{level}.upsample.conv", channels, channels)
    return found


def clip(width: int, layers: int) -> Shapes:
    found: Shapes = {
        "embeddings.token_embedding.weight": (16, width),
        "embeddings.position_embedding.weight": (77, width),
    }
    for layer in range(layers):
        at = f"encoder.layers.{layer}"
        for part in ("q_proj", "k_proj", "v_proj", "out_proj"):
            found |= linear(f"{at}.self_attn.{part}", width, width)
        found |= linear(f"{at}.mlp.fc1", 4 * width, width) | linear(
            f"{at}.mlp.fc2", width, 4 * width
        )
        found |= norm(f"{at}.layer_norm1", width) | norm(f"{at}.layer_norm2", width)
    return found | norm("final_layer_norm", width)


def open_clip(width: int, layers: int) -> Shapes:
    found: Shapes = {"token_embedding.weight": (16, width), "positional_embedding": (77, width)}
    for layer in range(layers):
        at = f"transformer.resblocks.{layer}"
        found |= {
            f"{at}.attn.in_proj_weight": (3 * width, width),
            f"{at}.attn.in_proj_bias": (3 * width,),
        }
        found |= linear(f"{at}.attn.out_proj", width, width)
        found |= linear(f"{at}.mlp.c_fc", 4 * width, width) | linear(
            f"{at}.mlp.c_proj", width, 4 * width
        )
        found |= norm(f"{at}.ln_1", width) | norm(f"{at}.ln_2", width)
    return found | norm("ln_final", width)


# ---- LoRAs ----

METADATA = {
    "ss_base_model_version": "sd_v1",
    "ss_output_name": "run",
    "ss_v2": "False",
    "ss_steps": "1500",
    "ss_sd_model_name": "v1-5-pruned.safetensors",
    "ss_training_comment": "None",
    "ss_dataset_dirs": '{"150_AlvaroBadia man": {"n_repeats": 150, "img_count": 10}}',
    "ss_tag_frequency": '{"150_AlvaroBadia man": {"alvarobadia man": 10, "outdoors": 3}}',
    "modelspec.architecture": "stable-diffusion-v1/lora",
    "modelspec.title": "run",
}
"""What sd-scripts writes into a LoRA, shortened."""


def lora(
    rank: int = 4, width: int = 32, text: int = 32, seed: int = 0
) -> dict[str, np.ndarray[Any, Any]]:
    """Three modules of a LoRA of sd-scripts, two of them in the U-Net, in the order in which it
    saves them.
    """
    numbers = np.random.default_rng(seed)
    found: dict[str, np.ndarray[Any, Any]] = {}
    for module, out, inner in (
        ("lora_te_text_model_encoder_layers_0_mlp_fc1", 4 * text, text),
        ("lora_unet_down_blocks_0_attentions_0_transformer_blocks_0_attn1_to_q", width, width),
        ("lora_unet_down_blocks_0_attentions_0_transformer_blocks_0_attn2_to_k", width, text),
    ):
        found[f"{module}.alpha"] = np.array(rank / 2, "<f4")
        found[f"{module}.lora_down.weight"] = numbers.normal(0, 0.02, (rank, inner)).astype("<f4")
        found[f"{module}.lora_up.weight"] = numbers.normal(0, 0.02, (out, rank)).astype("<f4")
    return found


def full_size_sd15(path: Path) -> Path:
    """A checkpoint with the names and sizes of SD 1.5, its 2 GB a hole in the file."""
    shapes = {
        **{f"model.diffusion_model.{name}": shape for name, shape in unet("sd1", 320, 768).items()},
        **{f"first_stage_model.{name}": shape for name, shape in vae(128).items()},
        **{
            f"cond_stage_model.transformer.text_model.{name}": shape
            for name, shape in clip(768, 12).items()
        },
    }
    header, place = {}, 0
    for name, shape in shapes.items():
        size = 2 * int(np.prod(shape))
        header[name] = {"dtype": "F16", "shape": list(shape), "data_offsets": [place, place + size]}
        place += size
    path.parent.mkdir(parents=True, exist_ok=True)
    write_raw(path, header)
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size + place)
    return path
