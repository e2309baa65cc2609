"""One training of the benchmark: what is true of its saves, and what is recommended."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from sd_scripts_bridge.evidence.curve import curve
from sd_scripts_bridge.evidence.measured import MeasuredStep
from sd_scripts_bridge.evidence.recommendation import Recommendation, recommend

from .true_loss import Losses, error, mean

CLEAR = 0.01
"""The optimum is clear where every save more than one away from it has a true loss that is higher
by this share at least, and surely.
"""
ALIKE = 0.005
"""Saves are alike where the true losses differ by less than this share."""
USABLE = 0.05
"""A save is usable where its true loss is not surely higher than the lowest by more than this
share; the true usable range are the usable saves around the optimum without a gap.
"""
SURELY = 3
"""Standard errors of the difference, drawing by drawing."""


@dataclass(frozen=True)
class JudgedRun:
    """``truth`` [save, drawing]; ``steps`` as the product has measured them."""

    name: str
    truth: Losses
    steps: Sequence[MeasuredStep]
    in_turn: Sequence[MeasuredStep] = ()
    """What `find-step` has measured; nothing where it wasn't asked."""

    @property
    def saves(self) -> list[int]:
        return [step.step for step in self.steps if step.step > 0]

    @property
    def losses(self) -> NDArray[np.float64]:
        return np.array([mean(save) for save in self.truth])

    @property
    def best(self) -> int:
        """The save with the lowest true loss."""
        return int(self.losses.argmin())

    @property
    def kind(self) -> str:
        """flat, clear, or between."""
        losses = self.losses
        if float(np.ptp(losses)) < ALIKE * float(losses.min()):
            return "flat"
        away = [save for save in range(len(losses)) if abs(save - self.best) > 1]
        return "clear" if away and all(self._is_worse(save, CLEAR) for save in away) else "between"

    @property
    def usable(self) -> tuple[int, int]:
        """The true usable range: its first and last save (see `USABLE`)."""
        worse = [self._is_worse(save, USABLE) for save in range(len(self.truth))]
        first = max((save + 1 for save in range(self.best) if worse[save]), default=0)
        behind = range(self.best + 1, len(worse))
        return first, min((save - 1 for save in behind if worse[save]), default=len(worse) - 1)

    def said(self, photos: int) -> Recommendation:
        """What is recommended by the first ``photos`` of those that were held out."""
        chosen = sorted(self.steps[-1].held_out)[:photos]
        fewer = [
            replace(step, held_out={photo: step.held_out[photo] for photo in chosen})
            for step in self.steps
        ]
        return recommend(curve(fewer))

    def verdict(self, photos: int) -> Verdict:
        """On what is said by the first ``photos``; 0: by `find-step`."""
        said = self.said(photos) if photos else recommend(curve(self.in_turn))
        if said.step is None:
            return Verdict(False, None, True, True)
        chosen, (first, last) = self.saves.index(said.step), self.usable
        ends = [self.saves.index(step) for step in said.usable or ()]
        inside = all(first <= end <= last for end in ends)
        return Verdict(
            said.sure, abs(chosen - self.best) <= 1, first <= chosen <= last, inside, said
        )

    def _is_worse(self, save: int, share: float) -> bool:
        gaps = self.truth[save] - self.truth[self.best]
        gap = mean(gaps)
        return gap > share * float(self.losses[self.best]) and gap > SURELY * error(gaps)


@dataclass(frozen=True)
class Verdict:
    """``is_near``: within one save of the optimum; None where nothing could be told.
    ``is_inside``: the recommended range lies within the true one.
    """

    is_sure: bool
    is_near: bool | None
    is_usable: bool
    is_inside: bool
    said: Recommendation | None = None

    def __str__(self) -> str:
        if self.said is None:
            return "can't tell"
        ends = "{}-{}".format(*self.said.usable) if self.said.usable else "-"
        words = [
            f"{self.said.step} ({ends})",
            "sure" if self.is_sure else "unsure",
            "" if self.is_near else "FAR",
            "" if self.is_inside else "RANGE",
        ]
        return " ".join(filter(None, words))
