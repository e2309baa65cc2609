"""What a measurement says: a table, and its figure in one sentence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

Row = Sequence[object]


class Missing(Exception):
    """Something that the measurement needs isn't there; the message says what, and what to do."""


@dataclass(frozen=True)
class Outcome:
    """``figure`` is the last line; ``met`` is False where a target is missed."""

    columns: Row
    rows: Sequence[Row]
    figure: str
    met: bool = True

    def lines(self) -> list[str]:
        """The table in aligned columns (numbers to the right), and the figure below it."""
        cells = [[str(cell) for cell in row] for row in (self.columns, *self.rows)]
        widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
        right = [isinstance(cell, (int, float)) for cell in (self.rows or [self.columns])[0]]
        aligned = [
            "  ".join(
                cell.rjust(width) if number else cell.ljust(width)
                for cell, width, number in zip(row, widths, right, strict=True)
            ).rstrip()
            for row in cells
        ]
        return [aligned[0], "-" * len(aligned[0]), *aligned[1:], "", self.figure]
