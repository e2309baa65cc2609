"""Blind votes between two pictures of a grid, and what they add up to."""

from __future__ import annotations

import json
import math
import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from .grid import Cell, Grid

Z = 1.959964
"""Of a 95 % interval."""
Place = tuple[int, float]
"""Step and strength."""


@dataclass(frozen=True)
class Vote:
    """Which of two places was better for a prompt; None: neither."""

    first: Place
    second: Place
    better: Place | None


@dataclass(frozen=True)
class Standing:
    """How often a place was preferred, with its 95 % Wilson interval; a tie counts half."""

    step: int
    weight: float
    votes: int
    wins: float
    share: float
    low: float
    high: float


def wilson(wins: float, votes: int) -> tuple[float, float]:
    """The 95 % interval of a share (E. B. Wilson, JASA 22, 1927); 0 to 1 without a vote."""
    if votes == 0:
        return 0.0, 1.0
    share, spread = wins / votes, Z * Z / votes
    middle = (share + spread / 2) / (1 + spread)
    half = Z / (1 + spread) * math.sqrt(share * (1 - share) / votes + spread / (4 * votes))
    return max(0.0, middle - half), min(1.0, middle + half)


def standings(votes: Iterable[Vote]) -> list[Standing]:
    """Every place that was voted on, the surest best first (by the interval's lower end)."""
    count: dict[Place, int] = {}
    wins: dict[Place, float] = {}
    for vote in votes:
        for place in (vote.first, vote.second):
            count[place] = count.get(place, 0) + 1
            won = 0.5 if vote.better is None else float(vote.better == place)
            wins[place] = wins.get(place, 0.0) + won
    found = [
        Standing(
            *place,
            count[place],
            wins[place],
            wins[place] / count[place],
            *wilson(wins[place], count[place]),
        )
        for place in count
    ]
    return sorted(found, key=lambda one: (-one.low, -one.share, one.step, one.weight))


def pair(
    grid: Grid, drawn: Sequence[Cell], votes: Sequence[Vote], seed: int
) -> tuple[Cell, Cell] | None:
    """Two drawn pictures of one prompt to compare, those least voted on first, in a random order;
    None where there are no two.
    """
    dice = random.Random(seed)  # noqa: S311
    seen: dict[Place, int] = {}
    for vote in votes:
        for place in (vote.first, vote.second):
            seen[place] = seen.get(place, 0) + 1
    rows = [row for row in range(len(grid.prompts)) if len(_of(drawn, row)) > 1]
    if not rows:
        return None
    cells = _of(drawn, dice.choice(rows))
    dice.shuffle(cells)
    chosen = sorted(cells, key=lambda cell: seen.get((cell.step or 0, cell.weight), 0))[:2]
    dice.shuffle(chosen)
    return chosen[0], chosen[1]


def _of(drawn: Sequence[Cell], row: int) -> list[Cell]:
    return [cell for cell in drawn if cell.row == row and cell.step is not None]


# ---- kept ----


def read(path: Path) -> list[Vote]:
    """The votes of a grid; a line that can't be read is passed over."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError:
        return []
    return [vote for line in lines if (vote := _vote(line))]


def add(path: Path, vote: Vote) -> None:
    """Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps([vote.first, vote.second, vote.better]) + "\n")


def _vote(line: str) -> Vote | None:
    try:
        first, second, better = json.loads(line)
        return Vote(_place(first), _place(second), _place(better) if better else None)
    except (ValueError, TypeError, IndexError):
        return None


def _place(data: Sequence[float]) -> Place:
    return int(data[0]), float(data[1])
