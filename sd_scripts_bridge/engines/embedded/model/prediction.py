"""Whether a U-Net says the noise or the velocity, where the file doesn't tell: ask it, as A1111
does.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from . import base_model

LAST_TIMESTEP = 999
BELOW_IS_VELOCITY = -1.0


def prediction_of(base: str | Path, family: str = "sd2") -> str:
    """ "epsilon" or "v_prediction" for the checkpoint at ``base``."""
    return ask(base_model.load_unet(Path(base), family))


@torch.no_grad()
def ask(unet: Any) -> str:
    """At the last timestep an epsilon model repeats its input,
    and a v-model answers far below it.
    """
    weight = unet.conv_in.weight
    noisy = torch.full((1, 4, 8, 8), 0.5, device=weight.device, dtype=weight.dtype)
    text = torch.full(
        (1, 2, unet.config.cross_attention_dim), 0.5, device=weight.device, dtype=weight.dtype
    )
    timestep = torch.tensor([LAST_TIMESTEP], device=weight.device)
    answer = unet(noisy, timestep, text, return_dict=False)[0]
    return (
        "v_prediction" if float((answer - noisy).float().mean()) < BELOW_IS_VELOCITY else "epsilon"
    )
