"""The demo base's three networks: made as the engine loads them, saved under Stable Diffusion's
names.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from sd_scripts_bridge.engines.embedded.model import base_model, tiny
from sd_scripts_bridge.engines.embedded.model.base_model import BaseModel

FAMILY = "sd1"
SHAPE = tiny.Shape(
    channels=(64, 64, 64, 32),
    depths=(1, 1, 1, 0),
    middle_depth=1,
    linear_projection=False,
    text_width=(32,),
    text_layers=3,
    vae_channels=(16, 32, 64, 64),
    vae_blocks=1,
)
LITTLE_NOISE = -6.0
"""The logarithm of the variance that untrained latents get; with 0 the pictures drown in noise."""


def fresh(seed: int) -> BaseModel:
    """Untrained networks, with PyTorch's own first weights; the U-Net's residual branches begin at
    0.
    """
    torch.manual_seed(seed)
    base = _load({name: torch.zeros(size) for name, size in _sizes().items()})
    for network in (base.unet, base.vae, *base.text_encoders):
        network.requires_grad_(True).train()
        for module in network.modules():
            if hasattr(module, "reset_parameters"):
                module.reset_parameters()
    for module in base.unet.modules():
        if type(module).__name__ == "ResnetBlock2D":
            nn.init.zeros_(module.conv2.weight)
    for module in base.text_encoders[0].modules():
        if isinstance(module, nn.Embedding):
            nn.init.normal_(module.weight, std=0.05)
    nn.init.constant_(base.vae.quant_conv.bias[4:], LITTLE_NOISE)
    return base


def save(base: BaseModel, path: Path) -> None:
    """A whole checkpoint in fp16, over an old one only when it is complete."""
    sizes, names = _sizes(), _names()
    halves = {
        names[own]: weight.detach().half().reshape(sizes[names[own]]).contiguous()
        for own, weight in _weights(base).items()
    }
    tiny.save(halves, path, FAMILY)


def _sizes() -> dict[str, tuple[int, ...]]:
    return tiny.sizes(SHAPE, FAMILY)


def _names() -> dict[str, str]:
    """Name in a checkpoint by name in the loaded network: found by loading one whose tensors hold
    their own numbers.
    """
    names = list(_sizes())
    numbered = _load({name: torch.full(size, names.index(name)) for name, size in _sizes().items()})
    return {own: names[int(weight.flatten()[0])] for own, weight in _weights(numbered).items()}


def _weights(base: BaseModel) -> dict[str, Tensor]:
    networks: dict[str, Any] = {"unet": base.unet, "vae": base.vae, "text": base.text_encoders[0]}
    return {
        f"{part}:{name}": weight
        for part, network in networks.items()
        for name, weight in network.named_parameters()
    }


def _load(tensors: Mapping[str, Tensor]) -> BaseModel:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "base.safetensors")
        save_file({name: value.float() for name, value in tensors.items()}, path)
        return base_model.load(path, FAMILY, torch.float32)
