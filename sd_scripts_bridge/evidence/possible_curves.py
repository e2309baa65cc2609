"""What the true curve may be, given what was measured of it: many curves, drawn at random."""

from __future__ import annotations

import math
import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from .curve import CurvePoint
from .spread import PRIOR_PHOTOS, Matrix, covariance

COUNT = 500
LEAST = 1e-24
"""Of a variance: what lies below it is rounding."""


@dataclass(frozen=True)
class PossibleCurves:
    """``curves`` [curve][save], each as likely as the others; none where the draws are too few.
    ``errors`` [save][save]: the standard errors of the differences.
    """

    measured: Sequence[float]
    errors: Matrix
    curves: Sequence[Sequence[float]]

    @classmethod
    def of(cls, saves: Sequence[CurvePoint]) -> PossibleCurves:
        """The same ones for the same ``saves``."""
        measured = [save.held_out for save in saves]
        spread = covariance([save.draws for save in saves], saves[0].photos)
        if not math.isfinite(spread[0][0]):
            return cls(measured, spread, ())
        root, dice = _root(spread), random.Random(0)  # noqa: S311  # no secret
        freedom = PRIOR_PHOTOS + saves[0].photos - 1
        curves = [_curve(measured, root, freedom, dice) for _ in range(COUNT)]
        return cls(measured, _errors(spread), curves)

    def differ(self) -> float:
        """How probably saves that are alike would lie closer together than these: 1 - p of the
        widest gap to the lowest save, in standard errors, against curves that are but noise.
        """
        noise = (
            [a - b for a, b in zip(curve, self.measured, strict=True)] for curve in self.curves
        )
        widest = self._widest(self.measured)
        return self._share(self._widest(curve) < widest for curve in noise)

    def _widest(self, curve: Sequence[float]) -> float:
        low = _lowest(curve)
        least, errors = curve[low], self.errors[low]
        return max((loss - least) / error for loss, error in zip(curve, errors, strict=True))

    def near(self, save: int) -> float:
        """How probably the lowest true loss is at ``save`` or beside it."""
        return self._share(abs(_lowest(curve) - save) <= 1 for curve in self.curves)

    def worse(self, save: int, than: int, share: float) -> float:
        """How probably the true loss of ``save`` is higher by more than ``share``."""
        return self._share(curve[save] > (1 + share) * curve[than] for curve in self.curves)

    def _share(self, found: Iterable[bool]) -> float:
        return sum(found) / len(self.curves) if self.curves else 0.0


def _curve(
    measured: Sequence[float], root: Matrix, freedom: int, dice: random.Random
) -> list[float]:
    """Multivariate Student's t: the spread itself is known from ``freedom`` photos only."""
    wide = math.sqrt(freedom / dice.gammavariate(freedom / 2, 2))
    normal = [wide * dice.gauss(0, 1) for _ in measured]
    return [
        loss + math.fsum(a * b for a, b in zip(row, normal, strict=False))
        for loss, row in zip(measured, root, strict=True)
    ]


def _errors(spread: Matrix) -> Matrix:
    """Of the difference of two saves; never 0, so that it can be divided by."""
    own = [row[number] for number, row in enumerate(spread)]
    return [
        [math.sqrt(max(LEAST, a + b - 2 * both)) for b, both in zip(own, row, strict=True)]
        for a, row in zip(own, spread, strict=True)
    ]


def _lowest(curve: Sequence[float]) -> int:
    return min(range(len(curve)), key=curve.__getitem__)


def _root(matrix: Matrix) -> Matrix:
    """The lower triangle whose product with its transpose is ``matrix`` (Cholesky), where that may
    be singular.
    """
    least = 1e-12 * max(row[number] for number, row in enumerate(matrix))
    root: Matrix = []
    for i, row in enumerate(matrix):
        root.append([])
        for j in range(i + 1):
            rest = row[j] - math.fsum(a * b for a, b in zip(root[i], root[j], strict=False))
            if i == j:
                root[i].append(math.sqrt(rest) if rest > least else 0.0)
            else:
                root[i].append(rest / root[j][j] if root[j][j] else 0.0)
    return root
