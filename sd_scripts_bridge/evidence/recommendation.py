"""Which saved step to use, from the held-out loss at each of them, and how sure that is."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

from ..messages import Message
from .curve import CurvePoint, curve, paired
from .measured import MeasuredStep

ERROR_RATE = 0.05
"""How often saves that are alike may be taken for different ones, all comparisons together."""
MATTERS = 0.005
"""Of the loss: two saves whose losses differ by less are alike, however sure the difference is."""


@dataclass(frozen=True)
class Recommendation:
    """``step`` and ``usable`` (first and last save that is as good as the best) are None where
    nothing can be told; ``sure``: the saves really differ.
    """

    step: int | None
    usable: tuple[int, int] | None
    sure: bool
    reason: Message


def recommend(points: Sequence[CurvePoint]) -> Recommendation:
    """What the curve says; step 0, which isn't a save, is never recommended."""
    saves = [point for point in points if point.step > 0]
    if len(saves) < 2:
        text = "Can't tell: {count:one save was|fewer than two saves were} measured."
        return _unknown(Message("best.too_few", text, count=len(saves)))
    best = lowest(saves)
    worse = [is_worse(point, saves[best], len(saves)) for point in saves]
    if not any(worse):
        return _unknown(Message("best.alike", "Can't tell: these saves are alike."))
    first, last = _around(best, worse)
    usable = (saves[first].step, saves[last].step)
    return Recommendation(saves[best].step, usable, True, _reason(saves[best], saves, last))


def enough(points: Sequence[CurvePoint]) -> Message | None:
    """Why a training should end with the newest of these saves: it is worse than an earlier one."""
    saves = [point for point in points if point.step > 0]
    if len(saves) < 2:
        return None
    newest, best = saves[-1], saves[lowest(saves)]
    if newest is best or not is_worse(newest, best, len(saves)):
        return None
    return Message(
        "best.enough",
        "Ended at step {step}, since it no longer gets better: the held-out loss was lowest at "
        "step "
        "{best} ({lowest}) and is {now} now. Saved: steps {saved}.",
        step=newest.step,
        best=best.step,
        lowest=f"{best.held_out:.4f}",
        now=f"{newest.held_out:.4f}",
        saved=", ".join(str(point.step) for point in saves),
    )


def lowest(saves: Sequence[CurvePoint]) -> int:
    """The best save: of those that aren't significantly worse than the lowest held-out loss, the
    one that is lowest once each is evened with its neighbours (1, 2, 1). Neighbours are nearly the
    same LoRA, so what one has by chance the others haven't.
    """
    losses = [save.held_out for save in saves]
    least = saves[losses.index(min(losses))]
    padded = [losses[0], *losses, losses[-1]]
    even = [a + 2 * b + c for a, b, c in zip(padded, padded[1:], padded[2:], strict=False)]
    alike = [n for n, save in enumerate(saves) if not is_worse(save, least, len(saves))]
    return min(alike, key=lambda number: even[number])


def is_worse(point: CurvePoint, best: CurvePoint, saves: int) -> bool:
    """Whether ``point`` is significantly worse than ``best``, one of ``saves``, draw by draw."""
    gap, error = paired(point, best)
    return gap > MATTERS * best.held_out and gap > _threshold(saves, len(point.draws)) * error


def _threshold(saves: int, draws: int) -> float:
    """How many standard errors are significant: one-sided, each save against the best (Bonferroni);
    Student's t by its expansion in the normal quantile (Fisher and Cornish 1960).
    """
    z = NormalDist().inv_cdf(1 - ERROR_RATE / max(1, saves - 1))
    freedom = max(1, draws - 1)
    return z + (z**3 + z) / (4 * freedom) + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * freedom**2)


def _around(best: int, worse: Sequence[bool]) -> tuple[int, int]:
    """The saves before and behind ``best`` up to the first that is worse."""
    first = next((n + 1 for n in range(best - 1, -1, -1) if worse[n]), 0)
    last = next((n - 1 for n in range(best + 1, len(worse)) if worse[n]), len(worse) - 1)
    return first, last


def _unknown(reason: Message) -> Recommendation:
    return Recommendation(None, None, False, reason)


def _reason(best: CurvePoint, saves: Sequence[CurvePoint], last: int) -> Message:
    values = {
        "step": best.step,
        "loss": f"{best.held_out:.4f}",
        "error": f"{best.error:.4f}" if math.isfinite(best.error) else "?",
        "end": saves[-1].step,
        "end_loss": f"{saves[-1].held_out:.4f}",
        "last": saves[last].step,
    }
    if best is saves[-1]:
        text = (
            "Held-out loss is lowest at the last save ({loss} ± {error}): more steps may be better "
            "still."
        )
        return Message("best.still_falling", text, **values)
    if last == len(saves) - 1:
        text = (
            "Held-out loss is lowest at step {step} ({loss} ± {error}); the later saves are not "
            "significantly worse."
        )
        return Message("best.lowest", text, **values)
    text = (
        "Held-out loss is lowest at step {step} ({loss} ± {error}; last step {end_loss}). After "
        "step {last} it is significantly worse: the photos are learnt by heart."
    )
    return Message("best.overfit", text, **values)


# ---- for programs ----


def as_dict(steps: Sequence[MeasuredStep]) -> dict[str, Any]:
    """The recommendation from what was measured, as plain data: what result.json and report.json
    hold.
    """
    points = curve(steps)
    said = recommend(points)
    if not points:
        text = "Can't tell: no photo is held out, so nothing was measured."
        said = _unknown(Message("best.nothing", text))
    saves = [
        {"step": p.step, "held_out": p.held_out, "error": p.error, "training": p.training}
        for p in points
    ]
    usable = list(said.usable) if said.usable else None
    return {
        "step": said.step,
        "range": usable,
        "sure": said.sure,
        "reason": said.reason,
        "curve": saves,
    }
