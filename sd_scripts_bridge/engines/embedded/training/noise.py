"""The diffusion process that SD was made with: how much noise each timestep has, and what the loss
weighs there.
"""

from __future__ import annotations

import torch
from torch import Tensor

from ..model.device import normal

TIMESTEPS = 1000
BETA_START, BETA_END = 0.00085, 0.012


class NoiseSchedule:
    """Tables over the 1000 timesteps, on the training device, so that a step is only look-ups."""

    def __init__(
        self, v_prediction: bool, min_snr_gamma: float | None, device: torch.device | str = "cpu"
    ) -> None:
        betas = torch.linspace(BETA_START**0.5, BETA_END**0.5, TIMESTEPS, dtype=torch.float32) ** 2
        kept = torch.cumprod(1.0 - betas, dim=0)
        self.v_prediction = v_prediction
        self.signal = kept.sqrt().to(device)
        self.noise = (1.0 - kept).sqrt().to(device)
        self.weights = loss_weights(kept, v_prediction, min_snr_gamma).to(device)

    def add_noise(self, latents: Tensor, noise: Tensor, timesteps: Tensor) -> Tensor:
        return self._at(self.signal, timesteps) * latents + self._at(self.noise, timesteps) * noise

    def target(self, latents: Tensor, noise: Tensor, timesteps: Tensor) -> Tensor:
        """What the U-Net has to say: the noise, or for a v-model the velocity."""
        if not self.v_prediction:
            return noise
        return self._at(self.signal, timesteps) * noise - self._at(self.noise, timesteps) * latents

    @staticmethod
    def _at(table: Tensor, timesteps: Tensor) -> Tensor:
        return table[timesteps].view(-1, 1, 1, 1)


def loss_weights(kept: Tensor, v_prediction: bool, gamma: float | None) -> Tensor:
    """The min-SNR weight of each timestep (arXiv:2303.09556); 1 where ``gamma`` is None."""
    if gamma is None:
        return torch.ones_like(kept)
    snr = kept / (1.0 - kept)
    return snr.clamp(max=gamma) / (snr + 1.0 if v_prediction else snr)


def draw(
    latents: Tensor, offset: float | None, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """(noise, timesteps) for a batch, in sd-scripts' order of draws."""
    device = latents.device
    noise = normal(latents.shape, generator, device)
    if offset:
        shape = (*latents.shape[:2], 1, 1)
        noise = noise + offset * normal(shape, generator, device)
    count = (latents.shape[0],)
    timesteps = torch.randint(0, TIMESTEPS, count, generator=generator, device=generator.device)
    return noise, timesteps.to(device)
