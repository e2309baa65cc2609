"""Which layers get a LoRA, in which order and under which name: as kohya's networks.lora has it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from torch import nn

from .clip import text_model

TEXT_ENCODER, UNET = "text_encoder", "unet"
TEXT_PREFIX = "lora_te"
"""Of the names of all that is learned of text encoders."""
CLIP_PARTS = (
    "self_attn.k_proj",
    "self_attn.v_proj",
    "self_attn.q_proj",
    "self_attn.out_proj",
    "mlp.fc1",
    "mlp.fc2",
)
BLOCK_PARTS = (
    "attn1.to_q",
    "attn1.to_k",
    "attn1.to_v",
    "attn1.to_out.0",
    "ff.net.0.proj",
    "ff.net.2",
    "attn2.to_q",
    "attn2.to_k",
    "attn2.to_v",
    "attn2.to_out.0",
)
RESIDUALS_PER_DOWN_LEVEL, RESIDUALS_PER_UP_LEVEL = 2, 3
UP_LEVELS_WITH_ATTENTION = 2
"""Of SDXL's three: there an upsampler is the third part of its block, elsewhere the second."""


@dataclass(frozen=True)
class Target:
    """A layer that gets a LoRA."""

    name: str
    layer: Any
    kernel: tuple[int, ...] = ()
    """(1, 1) where the layer is a convolution in the file, whatever it is here."""

    @property
    def width_in(self) -> int:
        return int(self.layer.weight.shape[1])

    @property
    def width_out(self) -> int:
        return int(self.layer.weight.shape[0])


def text_encoder_targets(encoders: Sequence[nn.Module]) -> list[Target]:
    """The text encoders' layers: ``lora_te_...``, and with two encoders ``lora_te1_...`` and
    ``lora_te2_...``.
    """
    found = []
    for number, encoder in enumerate(encoders, start=1):
        prefix = f"{TEXT_PREFIX}{number}" if len(encoders) > 1 else TEXT_PREFIX
        for index, layer in enumerate(text_model(encoder).encoder.layers):
            for part in CLIP_PARTS:
                found.append(
                    _target(f"{prefix}.text_model.encoder.layers.{index}.{part}", layer, part)
                )
    return found


def unet_targets(unet: Any, family: str) -> list[Target]:
    """The layers of every transformer of the U-Net, named as the family's U-Net is named in
    sd-scripts.
    """
    found = []
    kernel = () if unet.config.use_linear_projection else (1, 1)
    for place, transformer in _transformers(unet, family == "sdxl"):
        root = f"lora_unet.{place}"
        found.append(_target(f"{root}.proj_in", transformer, "proj_in", kernel))
        for index, block in enumerate(transformer.transformer_blocks):
            for part in BLOCK_PARTS:
                found.append(_target(f"{root}.transformer_blocks.{index}.{part}", block, part))
        found.append(_target(f"{root}.proj_out", transformer, "proj_out", kernel))
    return found


def convolution_targets(unet: Any, family: str) -> list[Target]:
    """What a LoCon adds to: the residual blocks' layers, and what makes pictures smaller or larger,
    named as the family's U-Net is named in sd-scripts.
    """
    levels = [
        *((f"down_blocks.{n}", block) for n, block in enumerate(unet.down_blocks)),
        ("mid_block", unet.mid_block),
        *((f"up_blocks.{n}", block) for n, block in enumerate(unet.up_blocks)),
    ]
    found = []
    for path, block in levels:
        for name, layer in block.named_modules():
            if isinstance(layer, (nn.Conv2d, nn.Linear)) and not name.startswith("attentions."):
                place = _sai_place(path, name) if family == "sdxl" else f"{path}.{name}"
                found.append(Target(f"lora_unet.{place}".replace(".", "_"), layer))
    return found


SAI_PARTS = {
    "conv1": "in_layers.2",
    "time_emb_proj": "emb_layers.1",
    "conv2": "out_layers.3",
    "conv_shortcut": "skip_connection",
}


def _sai_place(path: str, name: str) -> str:
    """``resnets.1.conv1`` of ``down_blocks.0`` as Stability's code has it."""
    kind, number, part = name.split(".", 2)
    block, _, level = path.partition(".")
    if block == "mid_block":
        return f"middle_block.{2 * int(number)}.{SAI_PARTS[part]}"
    if block == "down_blocks":
        first = 1 + int(level) * (RESIDUALS_PER_DOWN_LEVEL + 1)
        if kind == "downsamplers":
            return f"input_blocks.{first + RESIDUALS_PER_DOWN_LEVEL}.0.op"
        return f"input_blocks.{first + int(number)}.0.{SAI_PARTS[part]}"
    first = int(level) * RESIDUALS_PER_UP_LEVEL
    if kind == "upsamplers":
        after = 2 if int(level) < UP_LEVELS_WITH_ATTENTION else 1
        return f"output_blocks.{first + RESIDUALS_PER_UP_LEVEL - 1}.{after}.conv"
    return f"output_blocks.{first + int(number)}.0.{SAI_PARTS[part]}"


def _transformers(unet: Any, sai_names: bool) -> Iterator[tuple[str, Any]]:
    """(place, transformer): down, up, middle as diffusers names them, or input, middle, output as
    Stability does.
    """
    down = list(_attentions(unet.down_blocks))
    up = list(_attentions(unet.up_blocks))
    if not sai_names:
        yield from ((f"down_blocks.{level}.attentions.{n}", module) for level, n, module in down)
        yield from ((f"up_blocks.{level}.attentions.{n}", module) for level, n, module in up)
        yield from (
            (f"mid_block.attentions.{n}", module)
            for n, module in enumerate(unet.mid_block.attentions)
        )
        return
    per_level = RESIDUALS_PER_DOWN_LEVEL + 1
    yield from (
        (f"input_blocks.{1 + level * per_level + n}.1", module) for level, n, module in down
    )
    yield "middle_block.1", unet.mid_block.attentions[0]
    yield from (
        (f"output_blocks.{level * RESIDUALS_PER_UP_LEVEL + n}.1", module) for level, n, module in up
    )


def _attentions(blocks: Sequence[Any]) -> Iterator[tuple[int, int, Any]]:
    for level, block in enumerate(blocks):
        for number, module in enumerate(getattr(block, "attentions", None) or ()):
            yield level, number, module


def _target(path: str, root: nn.Module, part: str, kernel: tuple[int, ...] = ()) -> Target:
    return Target(path.replace(".", "_"), root.get_submodule(part), kernel)
