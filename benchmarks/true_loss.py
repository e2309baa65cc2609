"""The true loss of a saved LoRA: on drawings that nobody trains on."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file
from torch import Tensor

from sd_scripts_bridge.engines.embedded.measuring.photos import MeasuredPhoto
from sd_scripts_bridge.engines.embedded.measuring.program import Networks
from sd_scripts_bridge.engines.embedded.sampling.applied import applied
from sd_scripts_bridge.engines.embedded.training.loss import Rows

AT_ONCE = 50
STRATA = 8
TURNS = (0, 1, 0, 2, 0, 3, 1, 4, 0, 5, 2, 6, 0, 1, 7, 0)
"""Which stratum of the timesteps each drawing is measured at, again and again: most often where the
loss varies most, so that the mean of the strata's means is surest (Neyman 1934).
"""

Losses = NDArray[np.float64]
"""[save, drawing]: the loss of each save on each drawing, at the same noise and timestep."""


def stratum(drawing: int) -> int:
    return TURNS[drawing % len(TURNS)]


def mean(losses: Losses) -> float:
    """Of one save's losses [drawing], each stratum counting alike."""
    return float(np.mean([part.mean() for part in _parts(losses)]))


def error(losses: Losses) -> float:
    """The standard error of `mean`."""
    return float(np.sqrt(sum(part.var(ddof=1) / len(part) for part in _parts(losses))) / STRATA)


def _parts(losses: Losses) -> list[Losses]:
    turns = np.array([stratum(drawing) for drawing in range(len(losses))])
    return [losses[turns == number] for number in range(STRATA)]


class TrueLoss:
    """Measures LoRAs as `evaluate` does, many drawings at once: one draw of each."""

    def __init__(self, networks: Networks) -> None:
        self.networks = networks
        drawings = networks.photos
        self.turns = [
            self._turn(first, drawings[first : first + AT_ONCE])
            for first in range(0, len(drawings), AT_ONCE)
        ]

    @torch.no_grad()
    def of(self, file: Path, part: float = 1) -> Losses:
        """[drawing], of all of them or of the first ``part``."""
        turns = self.turns[: max(1, int(part * len(self.turns)))]
        with applied(self.networks.base, load_file(file)):
            parts = [self._errors(*turn) for turn in turns]
        found: Losses = torch.cat(parts).double().numpy()
        return found

    def _turn(
        self, first: int, drawings: list[MeasuredPhoto]
    ) -> tuple[Rows, Tensor, Tensor, Tensor, Tensor]:
        """Rows, latents, noise, timesteps and tokens of some drawings."""
        shelf, rows = drawings[0].shelf, torch.tensor([drawing.row for drawing in drawings])
        picks = [(one, stratum(first + number)) for number, one in enumerate(drawings)]
        noise = [one.draws.noise(shelf.mean[one.row])[pick] for one, pick in picks]
        timesteps = [one.draws.timesteps[pick] for one, pick in picks]
        captions = self.networks.captions
        tokens = captions.tokenizer([one.caption for one in drawings], captions.length)
        return (
            Rows(shelf, rows, rows, torch.ones(len(rows))),
            shelf.mean[rows],
            torch.stack(noise),
            torch.stack(timesteps),
            tokens,
        )

    def _errors(
        self, rows: Rows, latents: Tensor, noise: Tensor, timesteps: Tensor, tokens: Tensor
    ) -> Tensor:
        encoders = self.networks.captions.encoders
        assert encoders is not None
        condition = encoders(tokens)
        return self.networks.objective.errors(rows, latents, noise, timesteps, condition)
