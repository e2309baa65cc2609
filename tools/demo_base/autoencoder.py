"""The VAE: trained by colours and edges, its latents brought to the scale that SD 1.5 takes for
granted, and then its decoder alone, for sharpness.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from sd_scripts_bridge.engines.embedded.model.base_config import LATENT_SCALE

from .course import Course

BATCH, RATE, SHARPENING_RATE = 8, 1.5e-3, 1e-3
EDGES, COLOURS, KL = 0.5, 1.0, 1e-5
"""Weights of the terms beside the mean absolute error: steps between neighbours, means of 8 x 8."""
SHARP_EDGES, SHAKEN = 0.75, 0.3
"""While the decoder learns alone: the weight of the edges, and the noise on its latents."""
SCALE = LATENT_SCALE["sd1"]

Saved = Callable[[], None]
Pictures = NDArray[np.uint8]


def train(vae: Any, pictures: Pictures, steps: int, seed: int, saved: Saved) -> None:
    """Train ``vae`` in place, and calibrate it. ``saved`` is called every 500 steps."""
    torch.manual_seed(seed)
    course = Course("VAE", [vae], steps, RATE)
    while course.done < steps:
        x = as_tensor(pictures[np.sort(torch.randint(len(pictures), (BATCH,)).numpy())])
        with torch.autocast("cpu", torch.bfloat16):
            mean, logvar = vae.quant_conv(vae.encoder(x)).chunk(2, dim=1)
            mean, logvar = mean.float(), logvar.float().clamp(-20, 10)
            z = mean + torch.exp(0.5 * logvar) * torch.randn_like(mean)
            y = vae.decoder(vae.post_quant_conv(z)).float()
        kl = 0.5 * (mean.square() + logvar.exp() - 1 - logvar).mean()
        colours = F.avg_pool2d(y - x, 8).abs().mean()
        course.step(_error(y - x, EDGES) + COLOURS * colours + KL * kl)
        if course.done % 500 == 0:
            saved()
    calibrate(vae, pictures[:1024])


def sharpen(vae: Any, pictures: Pictures, latents: Tensor, steps: int, saved: Saved) -> None:
    """Train the decoder alone on ``latents`` [n, 4, 8, 8] as `encode` gives them.

    The middle of a picture, where the face is, counts four times as much as its corners.
    """
    course = Course("decoder", [vae.post_quant_conv, vae.decoder], steps, SHARPENING_RATE)
    away = torch.linspace(-1, 1, pictures.shape[1]).square()
    weights = 0.5 + 1.5 * torch.exp(-2.3 * (away[:, None] + away[None, :]))
    weights = weights / weights.mean()
    while course.done < steps:
        rows = torch.randint(len(pictures), (BATCH,))
        z = latents[rows] / SCALE
        with torch.autocast("cpu", torch.bfloat16):
            y = vae.decoder(vae.post_quant_conv(z + SHAKEN * torch.randn_like(z))).float()
        course.step(_error((y - as_tensor(pictures[rows.numpy()])) * weights, SHARP_EDGES))
        if course.done % 500 == 0:
            saved()


def _error(difference: Tensor, edges: float) -> Tensor:
    steps = sum((difference.diff(dim=side).abs().mean() for side in (2, 3)), torch.tensor(0.0))
    return difference.abs().mean() + edges * steps


@torch.no_grad()
def calibrate(vae: Any, pictures: Pictures) -> None:
    """Shift and scale the latents, channel by channel, so that times 0.18215 they have mean 0 and
    deviation 1. The decoder's first layer undoes it: pictures come out as before.
    """
    means = encode(vae, pictures) / SCALE
    middle, spread = means.mean(dim=(0, 2, 3)), means.std(dim=(0, 2, 3))
    factor = 1 / (SCALE * spread)
    into, out = vae.quant_conv, vae.post_quant_conv
    into.weight[:4] *= factor[:, None, None, None]
    into.bias[:4] = (into.bias[:4] - middle) * factor
    into.bias[4:] += 2 * factor.log()
    out.bias += out.weight[:, :, 0, 0] @ middle
    out.weight /= factor[None, :, None, None]


@torch.no_grad()
def encode(vae: Any, pictures: Pictures) -> Tensor:
    """[n, 4, 8, 8], scaled as the U-Net sees them."""
    found = []
    for first in range(0, len(pictures), 64):
        with torch.autocast("cpu", torch.bfloat16):
            x = as_tensor(pictures[first : first + 64])
            found.append(vae.quant_conv(vae.encoder(x)).chunk(2, dim=1)[0].float())
    return torch.cat(found) * SCALE


def as_tensor(pictures: Pictures) -> Tensor:
    """[n, 64, 64, 3] of 0 to 255 as [n, 3, 64, 64] of -1 to 1."""
    return torch.from_numpy(np.array(pictures)).permute(0, 3, 1, 2).float() / 127.5 - 1
