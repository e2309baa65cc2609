"""Which saved step to use, by what was measured of each,
as the page and the command line get it.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from ...evidence import measured
from ...evidence.curve import CurvePoint, curve
from ...evidence.recommendation import recommend
from ...jobs.folder import JobFolder
from ...shapes.marks import Example
from ...system.files import mark


@dataclass(frozen=True)
class SaveView:
    """What was measured at a save: mean denoising losses at fixed noise and timesteps."""

    step: Annotated[int, Example(600)]
    held_out: Annotated[float, Example(0.0942)]
    error: Annotated[float | None, "standard error against the other saves", Example(0.0011)]
    training: Annotated[float | None, "on photos that it trains on", Example(0.0711)]


@dataclass(frozen=True)
class BestView:
    """The saved step to use, with the evidence."""

    step: Annotated[int | None, "null: can't tell; reason says why", Example(600)]
    range_: Annotated[
        list[int] | None,
        "the first and the last save that are as good; null: not sure",
        Example([450, 900]),
    ]
    sure: Annotated[bool, "else step is a guess"]
    reason: str
    curve: Sequence[SaveView]


def best_of(folder: JobFolder) -> BestView | None:
    """None where nothing was measured yet."""
    marks = tuple(sorted(path.name + mark(path) for path in folder.measured.glob("*.json")))
    return _best(folder.measured, marks) if marks else None


@functools.lru_cache(maxsize=16)
def _best(path: Path, _marks: tuple[str, ...]) -> BestView | None:
    """Read again only where a file has come or changed."""
    points = curve(measured.read(path))
    if not points:
        return None
    found = recommend(points)
    usable = list(found.usable) if found.usable else None
    return BestView(found.step, usable, found.sure, found.reason, [_save(one) for one in points])


def _save(point: CurvePoint) -> SaveView:
    error = point.error if math.isfinite(point.error) else None
    return SaveView(point.step, point.held_out, error, point.training)
