"""What speaks for a saved step, in the three lines of a LoRA's card."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

from .curve import CurvePoint
from .recommendation import recommend

_OURS = re.compile(r"Held-out loss at step (\d+): .*\nLikeness: .*\nRecommended step: .*")


def evidence_lines(
    points: Sequence[CurvePoint],
    step: int,
    likeness: str = "",
    proof: Mapping[str, Any] | None = None,
) -> str:
    """Held-out loss with its standard error, likeness, recommended step. ``points``: what was
    measured of all saves; ``likeness``: the sentence that says it, empty where nobody measured it;
    ``proof``: the losses on training photos, `jobs.events.Proof`.
    """
    return "\n".join(
        [
            f"Held-out loss at step {step}: {_loss(points, step, proof)}.",
            f"Likeness: {likeness.rstrip('.') or 'not measured'}.",
            f"Recommended step: {_recommended(points)}.",
        ]
    )


def step_of(notes: str) -> int | None:
    """The step that these notes are about; None where somebody else wrote them."""
    ours = _OURS.fullmatch(notes.strip())
    return int(ours[1]) if ours else None


def _loss(points: Sequence[CurvePoint], step: int, proof: Mapping[str, Any] | None) -> str:
    known = {point.step: point for point in points}
    if step in known:
        without = f", {_figure(known[0])} without it" if 0 in known else ""
        return f"{_figure(known[step])} with it{without}"
    if not proof:
        return "not measured"
    with_it, without = proof["with_lora"], proof["without"]
    return f"not measured; on training photos {with_it:.4f} with it, {without:.4f} without it"


def _figure(point: CurvePoint) -> str:
    error = f" ± {point.error:.4f}" if math.isfinite(point.error) else ""
    return f"{point.held_out:.4f}{error}"


def _recommended(points: Sequence[CurvePoint]) -> str:
    if not points:
        return "not known, since no photo was measured"
    said = recommend(points)
    if said.step is None or said.usable is None:
        return f"none. {said.reason.rstrip('.')}"
    return f"{said.step}, usable {said.usable[0]} to {said.usable[1]}"
