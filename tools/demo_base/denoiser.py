"""U-Net and text encoder together, predicting the noise in the latents of the drawings."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from sd_scripts_bridge.engines.embedded.model import lean
from sd_scripts_bridge.engines.embedded.model.base_model import BaseModel
from sd_scripts_bridge.engines.embedded.model.text import TextEncoders
from sd_scripts_bridge.engines.embedded.training.noise import TIMESTEPS, NoiseSchedule

from .course import Course

BATCH, RATE, SAVE_EVERY = 64, 1e-3, 200
NO_CAPTION = 0.1
"""The share of pictures that are shown without their caption, for classifier-free guidance."""
MIN_SNR_GAMMA = 5.0


class Mean:
    """The moving average of networks' weights, which draws better than their last state."""

    def __init__(self, networks: Iterable[nn.Module], decay: float = 0.999) -> None:
        self.weights: list[Tensor] = [w for network in networks for w in network.parameters()]
        self.kept = [weight.detach().clone() for weight in self.weights]
        self.decay, self.count = decay, 0

    @torch.no_grad()
    def add(self) -> None:
        self.count += 1
        share = 1 - min(self.decay, (1 + self.count) / (10 + self.count))
        torch._foreach_lerp_(self.kept, self.weights, share)

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """Within it the networks have the average as their weights."""
        self._swap()
        try:
            yield
        finally:
            self._swap()

    @torch.no_grad()
    def _swap(self) -> None:
        for kept, weight in zip(self.kept, self.weights, strict=True):
            present = weight.detach().clone()
            weight.copy_(kept)
            kept.copy_(present)


def train(
    base: BaseModel,
    latents: Tensor,
    tokens: Tensor,
    empty: Tensor,
    steps: int,
    seed: int,
    saved: Callable[[], None],
) -> None:
    """Train in place. ``latents`` [n, 4, 8, 8], ``tokens`` [n, captions, 77], ``empty`` [77].

    ``saved`` is called every 200 steps and at the end, with the averaged weights in place.
    """
    lean.trim(base.unet)
    base.unet.requires_grad_(True)
    networks: list[Any] = [base.unet, *base.text_encoders]
    course, mean = Course("U-Net and text encoder", networks, steps, RATE), Mean(networks)
    schedule = NoiseSchedule(v_prediction=False, min_snr_gamma=MIN_SNR_GAMMA)
    text = TextEncoders(base.text_encoders, base.family, None, end=0)
    torch.manual_seed(seed)
    while course.done < steps:
        rows = torch.randint(len(latents), (BATCH,))
        captions = tokens[rows, torch.randint(tokens.shape[1], (BATCH,))]
        captions = torch.where(torch.rand(BATCH, 1) < NO_CAPTION, empty, captions)
        clean, at = latents[rows], torch.randint(TIMESTEPS, (BATCH,))
        noise = torch.randn_like(clean)
        states = text(captions[:, None, None]).states
        said = base.unet(schedule.add_noise(clean, noise, at), at, states, return_dict=False)[0]
        errors = F.mse_loss(said, noise, reduction="none").mean(dim=(1, 2, 3))
        course.step((errors * schedule.weights[at]).mean())
        mean.add()
        if course.done % SAVE_EVERY == 0 or course.done == steps:
            with mean.in_place():
                saved()
