"""The held-out loss over the saved steps, with its errors."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

from .measured import Errors, MeasuredStep

PHOTO_SHARE = 0.12
"""How alike two draws on one photo are: of the variance of a draw's difference between two saves,
this share belongs to the photo (its intraclass correlation; 0.06 to 0.13 in trainings of the demo's
base, each measured on ten held-out photos). So 32 draws on one photo tell as much as 7 on as many
photos: more draws hardly help, more held-out photos do.
"""


@dataclass(frozen=True)
class CurvePoint:
    """One save. ``held_out`` and ``training`` are mean denoising losses; ``error`` is the standard
    error of ``held_out`` against the other saves, whose noise and timesteps are the same.
    """

    step: int
    held_out: float
    error: float
    training: float | None
    draws: tuple[float, ...]
    """The held-out errors themselves, photo after photo, in the order that every save shares."""
    photos: int = 1


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
        CurvePoint(step.step, mean(own), error, _training(step, trained), own, len(photos))
        for step, own, error in zip(same, draws, _errors(draws, len(photos)), strict=True)
    ]


def mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values)


def paired(one: CurvePoint, other: CurvePoint) -> tuple[float, float]:
    """(mean, standard error) of ``one`` minus ``other``, draw by draw."""
    gaps = [a - b for a, b in zip(one.draws, other.draws, strict=True)]
    return mean(gaps), standard_error(gaps, one.photos)


def _draws(errors: Errors, photos: Sequence[str]) -> tuple[float, ...]:
    return tuple(chain.from_iterable(errors[photo] for photo in photos))


def _training(step: MeasuredStep, photos: Sequence[str]) -> float | None:
    return mean(_draws(step.training, photos)) if photos else None


def _errors(saves: Sequence[Sequence[float]], photos: int) -> list[float]:
    """Each save's standard error once what makes a draw hard at every save is taken off it
    (Cousineau 2005, with Morey's correction of 2008).
    """
    count = len(saves)
    if count < 2:
        return [standard_error(draws, photos) for draws in saves]
    usual = [mean(draw) for draw in zip(*saves, strict=True)]
    factor = math.sqrt(count / (count - 1))
    own = [[a - b for a, b in zip(draws, usual, strict=True)] for draws in saves]
    return [factor * standard_error(draws, photos) for draws in own]


def standard_error(values: Sequence[float], photos: int) -> float:
    """Of the mean of ``values``, equally many of each photo; infinite for less than two."""
    if len(values) < 2:
        return math.inf
    middle = mean(values)
    variance = math.fsum((value - middle) ** 2 for value in values) / (len(values) - 1)
    of_a_photo = len(values) / photos
    return math.sqrt(variance * (1 + (of_a_photo - 1) * PHOTO_SHARE) / len(values))
