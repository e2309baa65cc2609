"""Which of a LoRA's modules the host finds a layer for.

A1111 1.10.1 (``extensions-builtin/Lora/networks.py``) turns a module's name into the name of a
layer of the loaded model, its dots as underscores, and passes over what isn't there, with a line
in its debug log. Forge reads the same names, and FLUX.1's.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Iterator

from .. import ldm_tensors

_RESIDUAL = {
    "conv1": "in_layers_2",
    "conv2": "out_layers_3",
    "norm1": "in_layers_0",
    "norm2": "out_layers_0",
    "time_emb_proj": "emb_layers_1",
    "conv_shortcut": "skip_connection",
}
_LEVEL = re.compile(r"lora_unet_(down|up)_blocks_(\d+)_(attentions|resnets)_(\d+)_(.+)")
_MIDDLE = re.compile(r"lora_unet_mid_block_(attentions|resnets)_(\d+)_(.+)")
_SAMPLER = re.compile(r"lora_unet_(down|up)_blocks_(\d+)_(?:down|up)samplers_0_conv")
_TIME = re.compile(r"lora_unet_time_embedding_linear_(\d+)(.*)")
_ENDS = {"lora_unet_conv_in": "input_blocks_0_0", "lora_unet_conv_out": "out_2"}
_TEXT = re.compile(r"lora_te([12]?)_text_model_(encoder_layers_(\d+)_(.+)|.+)")
_OPEN_CLIP = {"mlp_fc1": "mlp_c_fc", "mlp_fc2": "mlp_c_proj"}
_FUSED = re.compile(r"(.*)_[qkv]_proj")
_WIDENED = tuple(f"input_blocks.{block}.0.skip_connection" for block in (4, 7))
"""Where a level is wider than the one before: names that follow from widths, not from structure."""
_FLUX = re.compile(
    r"lora_unet_(?:double_blocks_(?:1[0-8]|\d)_(?:img|txt)_(?:attn_qkv|attn_proj|mlp_[02]|mod_lin)"
    r"|single_blocks_(?:3[0-7]|[12]\d|\d)_(?:linear[12]|modulation_lin)"
    r"|img_in|txt_in|(?:time|vector|guidance)_in_(?:in|out)_layer|final_layer_.+)"
    r"|lora_te1_text_model_encoder_layers_(?:1[01]|\d)_.+|lora_te2_encoder_block_.+"
)


def unmatched(modules: Iterable[str], family: str) -> list[str] | None:
    """The modules that the host would pass over;
    None for a family whose names aren't known here.
    """
    if family in ("flux1", "flux1-schnell"):
        return [name for name in modules if not _FLUX.fullmatch(name)]
    layers = _layers(family)
    if layers is None:
        return None
    return [name for name in modules if layers.isdisjoint(_candidates(name, family))]


def _candidates(name: str, family: str) -> Iterator[str]:
    """The names of layers that the host looks for, one after another."""
    wanted = _converted(name, family)
    yield wanted
    if fused := _FUSED.fullmatch(wanted):
        yield fused[1]
    yield name.replace("lora_unet", "diffusion_model")
    yield name.replace("lora_te1_text_model", "0_transformer_text_model")


def _converted(name: str, family: str) -> str:
    """diffusers' name as the model's own (CompVis)."""
    if name in _ENDS:
        return f"diffusion_model_{_ENDS[name]}"
    if time := _TIME.fullmatch(name):
        return f"diffusion_model_time_embed_{int(time[1]) * 2 - 2}{time[2]}"
    if level := _LEVEL.fullmatch(name):
        return _at_level(*level.groups())
    if middle := _MIDDLE.fullmatch(name):
        kind, number, rest = middle.groups()
        place = 1 if kind == "attentions" else int(number) * 2
        return f"diffusion_model_middle_block_{place}_{_part(kind, rest)}"
    if sampler := _SAMPLER.fullmatch(name):
        number = int(sampler[2])
        if sampler[1] == "down":
            return f"diffusion_model_input_blocks_{3 + number * 3}_0_op"
        return f"diffusion_model_output_blocks_{2 + number * 3}_{2 if number else 1}_conv"
    text = _TEXT.fullmatch(name)
    return _in_text_encoder(text, family) if text else name


def _at_level(side: str, level: str, kind: str, number: str, rest: str) -> str:
    place = int(level) * 3 + int(number) + (side == "down")
    half = "input" if side == "down" else "output"
    part = _part(kind, rest)
    return f"diffusion_model_{half}_blocks_{place}_{int(kind == 'attentions')}_{part}"


def _part(kind: str, rest: str) -> str:
    return _RESIDUAL.get(rest, rest) if kind == "resnets" else rest


def _in_text_encoder(found: re.Match[str], family: str) -> str:
    encoder, whole, layer, rest = found.groups()
    if encoder == "1" or (not encoder and family == "sd1"):
        return f"{'0_' if encoder else ''}transformer_text_model_{whole}"
    if rest is None:
        return found[0]
    part = _OPEN_CLIP.get(rest, rest.replace("self_attn", "attn"))
    return f"{'1_' if encoder else ''}model_transformer_resblocks_{layer}_{part}"


@functools.cache
def _layers(family: str) -> frozenset[str] | None:
    """Every layer of a full-size model of the family, and every part that holds layers."""
    if family not in ldm_tensors.FULL_SIZE_UNET:
        return None
    tensors = [f"diffusion_model.{name}" for name in ldm_tensors.unet_names({}, family)]
    tensors += [f"diffusion_model.{name}.weight" for name in _WIDENED]
    tensors += _text_encoders(family)
    return frozenset(
        "_".join(parts[:end])
        for parts in (name.split(".") for name in tensors)
        for end in range(1, len(parts))
    )


def _text_encoders(family: str) -> Iterator[str]:
    clip = [f"transformer.{name}" for name in ldm_tensors.clip_names({})]
    if family == "sd1":
        yield from clip
        return
    width = 1280 if family == "sdxl" else 1024
    shapes = {"token_embedding.weight": (1, width), "ln_final.weight": (width,)}
    large = [f"model.{name}" for name in ldm_tensors.open_clip_names(shapes, family == "sdxl")]
    yield from (f"1.{name}" for name in large) if family == "sdxl" else large
    yield from (f"0.{name}" for name in clip) if family == "sdxl" else ()
