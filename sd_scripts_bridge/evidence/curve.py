"""The held-out loss over the saved steps, with its errors."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

from .measured import Errors, MeasuredStep
from .spread import Draws, covariance, mean


@dataclass(frozen=True)
class CurvePoint:
    """One save. ``held_out`` and ``training`` are mean denoising losses; ``error`` is the standard
    error of ``held_out`` against the other saves, whose noise and timesteps are the same.
    """

    step: int
    held_out: float
    error: float
    training: float | None
    draws: Draws
    """The held-out errors themselves, photo after photo, in the order that every save shares."""
    photos: int = 1
    in_turn: bool = False
    """Whether each photo was held out of another training."""


def curve(steps: Sequence[MeasuredStep]) -> list[CurvePoint]:
    """The points of those saves at which the newest one's held-out photos were measured, in order.

    Empty where no photo is held out.
    """
    if not steps or not steps[-1].held_out:
        return []
    photos, trained = sorted(steps[-1].held_out), sorted(steps[-1].training)
    same = [step for step in steps if step.covers(photos, trained)]
    draws = [_draws(step.held_out, photos) for step in same]
    return [
        CurvePoint(
            step.step,
            mean(own),
            error,
            _training(step, trained),
            own,
            len(photos),
            step.in_turn,
        )
        for step, own, error in zip(same, draws, _errors(draws, len(photos)), strict=True)
    ]


def _draws(errors: Errors, photos: Sequence[str]) -> Draws:
    return tuple(chain.from_iterable(errors[photo] for photo in photos))


def _training(step: MeasuredStep, photos: Sequence[str]) -> float | None:
    return mean(_draws(step.training, photos)) if photos else None


def _errors(saves: Sequence[Draws], photos: int) -> list[float]:
    """Each save's standard error once what makes a photo hard at every save is taken off it
    (Cousineau 2005, with Morey's correction of 2008).
    """
    count = len(saves)
    spread = covariance(saves, photos)
    factor = count / (count - 1) if count > 1 else 1
    return [math.sqrt(factor * spread[save][save]) for save in range(count)]
