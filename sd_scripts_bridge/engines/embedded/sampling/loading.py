"""A sampler from files: a checkpoint, and CLIP's vocabulary."""

from __future__ import annotations

from pathlib import Path

import torch

from ..model import base_model
from ..model import device as devices
from ..model.base_model import BaseModel
from ..model.text import TextEncoders, Tokenizer
from .sampler import Sampler


def load(
    path: Path,
    family: str,
    tokenizers: Path,
    *,
    prediction: str = "epsilon",
    dtype: torch.dtype = torch.float32,
    device: torch.device | str = "cpu",
    clip_skip: int | None = None,
) -> tuple[BaseModel, Sampler]:
    """The networks of the checkpoint at ``path``, and a sampler that draws with them.

    ``tokenizers`` is the folder that `caption_tokens.write_tokenizers` fills. Raises `Invalid`.
    """
    devices.spare_threads(torch.device(device), path)
    devices.make_quick(torch.device(device))
    base = base_model.load(path, family, dtype)
    for network in (base.unet, base.vae, *base.text_encoders):
        network.to(device)
    return base, over(base, tokenizers, prediction, clip_skip)


def on_best_device(
    path: Path,
    family: str,
    tokenizers: Path,
    prediction: str = "epsilon",
    clip_skip: int | None = None,
) -> tuple[BaseModel, Sampler]:
    """As `load`, on the GPU in half precision where there is one. Raises `Invalid`."""
    best = devices.best()
    return load(
        path,
        family,
        tokenizers,
        prediction="epsilon" if prediction == "ask-the-model" else prediction,
        dtype=devices.half(best),
        device=best,
        clip_skip=clip_skip,
    )


def over(
    base: BaseModel, tokenizers: Path, prediction: str = "epsilon", clip_skip: int | None = None
) -> Sampler:
    """A sampler that draws with the networks of ``base`` as they are at that moment."""
    tokenizer = Tokenizer(tokenizers, base.family)
    encoders = TextEncoders(base.text_encoders, base.family, clip_skip, tokenizer.end)
    return Sampler(base.unet, base.vae, tokenizer, encoders, base.latent_scale, prediction)
