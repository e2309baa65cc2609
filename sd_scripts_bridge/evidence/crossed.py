"""One curve from several trainings, each measured on the photos that it left out, so that every
photo is held out once (cross-validation, Stone 1974).
"""

from __future__ import annotations

from collections.abc import Sequence

from .measured import MeasuredStep

PASSES = 2
"""The mean of several trainings is a smooth curve, its bumps are chance: each save counts twice as
much as its neighbours, so often in turn.
"""
FEWEST_SAVES = 4
"""Of a curve with an inside."""


def crossed(folds: Sequence[Sequence[MeasuredStep]], steps: Sequence[int]) -> list[MeasuredStep]:
    """``steps`` (the first is 0) as a training on all photos will save them; the nth measured step
    of each fold stands for the nth of those. Smoothed, but for step 0.

    Raises ValueError where a fold was measured at fewer steps.
    """
    found: dict[str, list[tuple[float, ...]]] = {}
    for fold in folds:
        for photo in fold[0].held_out:
            first, *saves = [step.held_out[photo] for step in fold]
            found[photo] = [first, *smoothed(saves)]
    rows = [{photo: at[number] for photo, at in found.items()} for number in range(len(steps))]
    measured = zip(steps, rows, strict=True)
    return [MeasuredStep(step, row, training={}, in_turn=True) for step, row in measured]


def smoothed(saves: Sequence[tuple[float, ...]]) -> list[tuple[float, ...]]:
    """[save][draw], each draw over the saves; beyond both ends the curve goes straight on."""
    curves = list(zip(*saves, strict=True))
    return list(zip(*(_smooth(curve) for curve in curves), strict=True))


def _smooth(curve: Sequence[float]) -> list[float]:
    for _ in range(PASSES if len(curve) > 1 else 0):
        first, last = 2 * curve[0] - curve[1], 2 * curve[-1] - curve[-2]
        around = [first, *curve, last]
        triples = zip(around, around[1:], around[2:], strict=False)
        curve = [(before + 2 * own + after) / 4 for before, own, after in triples]
    return list(curve)
