"""Loading a base model from its one .safetensors file, without looking anywhere else."""

from __future__ import annotations

import json
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from ....errors import Invalid, Problem
from .. import TINY_BYTES
from . import base_config, clip


@dataclass
class BaseModel:
    """The frozen networks of a checkpoint, on the CPU."""

    family: str
    unet: Any
    vae: Any
    text_encoders: list[nn.Module]

    @property
    def latent_scale(self) -> float:
        return base_config.LATENT_SCALE[self.family]


def is_tiny(path: Path) -> bool:
    """Whether the file holds a toy model, for which one thread is the fastest."""
    return path.stat().st_size < TINY_BYTES


def load(path: Path, family: str, dtype: torch.dtype) -> BaseModel:
    """The networks of ``path``: U-Net and text encoders in ``dtype``, the VAE in fp32.

    Raises `Invalid`.
    """
    tensors = _read(path)
    return BaseModel(
        family=family,
        unet=_load_unet(tensors, family, dtype),
        vae=_load_vae(tensors, family),
        text_encoders=clip.load(tensors, family, dtype),
    )


def load_unet(path: Path, family: str, dtype: torch.dtype = torch.float32) -> Any:
    """The U-Net alone."""
    return _load_unet(_read(path), family, dtype)


def _read(path: Path) -> dict[str, torch.Tensor]:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        tensors: dict[str, torch.Tensor] = load_file(path)
    except (OSError, SafetensorError) as error:
        raise Invalid(
            [
                Problem(
                    "base_model.cant_read_safetensors_file",
                    str(path),
                    "can't be read as a .safetensors file ({error})",
                    "Download or convert the model again.",
                    error=error,
                )
            ]
        ) from None
    if f"{base_config.UNET}input_blocks.0.0.weight" not in tensors:
        raise Invalid(
            [
                Problem(
                    "base_model.holds_stable_diffusion_net",
                    str(path),
                    "holds no Stable Diffusion U-Net in the one-file layout",
                    "Choose a complete checkpoint, not a LoRA, a VAE or part of a diffusers "
                    "folder.",
                )
            ]
        )
    return tensors


def _load_unet(tensors: dict[str, torch.Tensor], family: str, dtype: torch.dtype) -> Any:
    from diffusers import UNet2DConditionModel

    return _from_single_file(
        UNet2DConditionModel,
        tensors,
        base_config.UNET,
        base_config.unet_config(tensors, family),
        dtype,
    )


def _load_vae(tensors: dict[str, torch.Tensor], family: str) -> Any:
    from diffusers import AutoencoderKL

    if f"{base_config.VAE}encoder.conv_in.weight" not in tensors:
        raise Invalid(
            [
                Problem(
                    "base_model.vae",
                    "base",
                    "has no VAE",
                    "Choose a checkpoint with the VAE baked in.",
                )
            ]
        )
    return _from_single_file(
        AutoencoderKL,
        tensors,
        base_config.VAE,
        base_config.vae_config(tensors, family),
        torch.float32,
    )


def _from_single_file(
    cls: Any,
    tensors: dict[str, torch.Tensor],
    prefix: str,
    config: dict[str, Any],
    dtype: torch.dtype,
) -> Any:
    """A network by diffusers' own conversion; the local ``config`` keeps it from asking the hub."""
    from diffusers.utils import logging

    logging.set_verbosity_error()  # else it warns of modules kept in float32: an empty list
    part = {key: value for key, value in tensors.items() if key.startswith(prefix)}
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "config.json").write_text(json.dumps(config), encoding="utf-8")
        network = cls.from_single_file(
            part, config=folder, local_files_only=True, torch_dtype=dtype
        )
    network.requires_grad_(False)
    return network.eval()
