"""Which saved step to use, from the held-out loss at each of them, and how sure that is."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ..messages import Message
from .curve import CurvePoint, curve
from .measured import MeasuredStep
from .possible_curves import PossibleCurves

SURE = 0.9
"""A step is recommended for sure where the lowest true loss is at it, or one save from it, as
probably as this.
"""
DIFFERENT = 0.8
"""How probably saves that are alike would lie closer together than those that are told apart."""
MATTERS = 0.005
"""Of the loss: two saves whose losses differ by less are alike, however sure the difference is."""
TOLERATED, USABLE = 0.02, 0.95
"""A save is usable where its true loss is at most 2 % above the best save's, as probably as this.
"""
WORSE = 0.95
"""How probable it must be that a save is worse than an earlier one before a training ends for it.
"""


@dataclass(frozen=True)
class Recommendation:
    """``step`` is None where nothing can be told: the saves are alike, or none is better than the
    base. Where it isn't ``sure``, it is but the best guess. ``usable``: the first and the last save
    that are as good; None where that isn't sure.
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
    best, curves = lowest(saves), PossibleCurves.of(saves)
    if curves.differ() < DIFFERENT or _are_alike(saves):
        return _unknown(Message("best.alike", "Can't tell: these saves are alike."))
    step = saves[best].step
    if before := _not_better(saves[best], points):
        return _unknown(before)
    if saves[best].in_turn or curves.near(best) < SURE:
        return Recommendation(step, None, False, _guess(saves[best], saves))
    first, last = _around(best, [_is_usable(curves, save, best) for save in range(len(saves))])
    reason = _reason(saves[best], saves, last)
    return Recommendation(step, (saves[first].step, saves[last].step), True, reason)


def enough(points: Sequence[CurvePoint]) -> Message | None:
    """Why a training should end with the newest of these saves: it is worse than an earlier one."""
    saves = [point for point in points if point.step > 0]
    if len(saves) < 2:
        return None
    newest, best = len(saves) - 1, lowest(saves)
    if PossibleCurves.of(saves).worse(newest, best, MATTERS) < WORSE:
        return None
    return Message(
        "best.enough",
        "Ended at step {step}, since it no longer gets better: the held-out loss was lowest at "
        "step {best} ({lowest}) and is {now} now. Step {step} is the last one; to use the better "
        "one, publish step {best}.",
        step=saves[newest].step,
        best=saves[best].step,
        lowest=f"{saves[best].held_out:.4f}",
        now=f"{saves[newest].held_out:.4f}",
    )


def lowest(saves: Sequence[CurvePoint]) -> int:
    """The save with the lowest held-out loss."""
    return min(range(len(saves)), key=lambda number: saves[number].held_out)


def _are_alike(saves: Sequence[CurvePoint]) -> bool:
    losses = [save.held_out for save in saves]
    return max(losses) <= (1 + MATTERS) * min(losses)


def _is_usable(curves: PossibleCurves, save: int, best: int) -> bool:
    return 1 - curves.worse(save, best, TOLERATED) >= USABLE


def _around(best: int, usable: Sequence[bool]) -> tuple[int, int]:
    """The saves before and behind ``best`` up to the first that isn't usable."""
    first = next((n + 1 for n in range(best - 1, -1, -1) if not usable[n]), 0)
    last = next((n - 1 for n in range(best + 1, len(usable)) if not usable[n]), len(usable) - 1)
    return first, last


def _not_better(best: CurvePoint, points: Sequence[CurvePoint]) -> Message | None:
    """Where even the lowest save is above the base, the true lowest lies before the first save: no
    save is as good, so none is recommended.
    """
    start = next((point for point in points if point.step == 0), None)
    if start is None or start.held_out > best.held_out:
        return None
    text = (
        "Can't recommend a step: no save has a lower held-out loss than the base without the LoRA "
        "({base}). Step {step} comes closest ({loss} ± {error}). Save more often, or train more "
        "slowly (a lower learning rate)."
    )
    loss, error = f"{best.held_out:.4f}", f"{best.error:.4f}"
    base = f"{start.held_out:.4f}"
    return Message("best.none_better", text, step=best.step, loss=loss, error=error, base=base)


def _guess(best: CurvePoint, saves: Sequence[CurvePoint]) -> Message:
    """Always where each photo was held out in turn (`evidence.crossed`): what other trainings say
    of the next one is never sure, see docs/benchmarks.md.
    """
    loss, error = f"{best.held_out:.4f}", f"{best.error:.4f}"
    values = {"step": best.step, "loss": loss, "error": error, "photos": best.photos}
    if best is saves[-1]:
        text = (
            "Can't tell for sure: the held-out loss is lowest at the last save, step {step} "
            "({loss} ± {error}), so a longer training may be better. Train more steps."
        )
        return Message("best.guess_last", text, **values)
    if best.in_turn:
        text = (
            "With each photo held out in turn, the loss is lowest at step {step} ({loss} ± "
            "{error}). That is a guess: every training has ups and downs of its own, which others "
            "can't foresee. Look at the saves beside it, too."
        )
        return Message("best.guess_in_turn", text, **values)
    text = (
        "Can't tell for sure: the held-out loss is lowest at step {step} ({loss} ± {error}), but "
        "{photos} held-out {photos:photo is|photos are} too few. The more are held out "
        "(--held-out), the surer it is."
    )
    return Message("best.guess", text, **values)


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
