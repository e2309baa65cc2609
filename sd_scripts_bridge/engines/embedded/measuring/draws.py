"""The timesteps and the noise at which a photo is measured: fixed by its content alone, so that
every step, LoRA and machine is asked the same.
"""

from __future__ import annotations

import hashlib
import random
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from ....evidence.measured import STRATA
from ..training.noise import TIMESTEPS

DRAWS = 4
"""How often each stratum of the timesteps is drawn from."""


@dataclass(frozen=True)
class PhotoDraws:
    """``timesteps`` [32], one of each stratum in turn; ``seed`` is the noise's."""

    timesteps: Tensor
    seed: int

    def noise(self, latents: Tensor) -> Tensor:
        """[32, 4, height / 8, width / 8], drawn on the CPU: every device gets the same."""
        dice = torch.Generator().manual_seed(self.seed)
        return torch.randn(len(self.timesteps), *latents.shape, generator=dice)


def of(digest: str) -> PhotoDraws:
    """The draws of the photo with this SHA-256."""
    dice = random.Random(digest)  # noqa: S311  # no secret, but the same everywhere
    width = TIMESTEPS / STRATA
    timesteps = [
        int((stratum + dice.random()) * width) for _ in range(DRAWS) for stratum in range(STRATA)
    ]
    return PhotoDraws(torch.tensor(timesteps), int(digest[:15], 16))


def digest_of(file: Path) -> str:
    """The SHA-256 of a photo's file."""
    return hashlib.sha256(file.read_bytes()).hexdigest()
