"""Someone else among a person's photos, on vectors drawn at random around each person's mean.

A model of what a face's network gives, no photos: it tells what the rule does, not the network.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from sd_scripts_bridge.likeness.statistics import Floats
from sd_scripts_bridge.likeness.strangers import FEWEST, RULES, find
from sd_scripts_bridge.likeness.yardstick import ARCFACE, CLIP

from .outcome import Outcome

NUMBERS = 512
MOST_PHOTOS, MOST_STRANGERS = 30, 5
CLEAR, POOR, POOR_SHARE = (0.65, 0.9), (0.45, 0.6), 0.1
"""A photo's cosine to its person's mean; of profiles and blurred faces, and how many are such."""
RELATIVE = 0.3
"""The cosine of relatives' means; of other people it is 0."""
COMMON = 0.6
"""What any two faces have in common to CLIP: the cosine of different people."""
TARGET = 0.9


@dataclass(frozen=True)
class Drawn:
    """Vectors of a set, and which of them are someone else's."""

    vectors: Floats
    truth: tuple[bool, ...]


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--sets", type=int, default=1000, help="drawn for each row (1000)")
    parser.add_argument("--seed", type=int, default=7)


def measure(chosen: argparse.Namespace) -> Outcome:
    """Precision and recall, and how many sets of one person alone are wrongly said to be mixed."""
    rows, worst = [], 1.0
    for kind, relatives in ((ARCFACE, False), (ARCFACE, True), (CLIP, False), (CLIP, True)):
        precision, recall, *clean = scores(kind, chosen.sets, chosen.seed, relatives=relatives)
        who = "a relative" if relatives else "another person"
        rows.append((kind, who, f"{precision:.1%}", f"{recall:.1%}", f"{clean[0]} of {clean[1]}"))
        if kind == ARCFACE:
            worst = min(worst, precision, recall)
    return Outcome(
        ("vectors as", "the stranger is", "precision", "recall", "wrong in sets without one"),
        rows,
        f"ArcFace's lowest precision or recall is {worst:.1%}; the target is {TARGET:.0%}.",
        worst >= TARGET,
    )


def scores(kind: str, count: int, seed: int, *, relatives: bool) -> tuple[float, float, int, int]:
    """(precision, recall, wrong among sets of one person, how many those are)."""
    dice = np.random.default_rng(seed)
    right = said = true = wrong = single = 0
    for drawn in _sets(dice, count, relatives):
        vectors = _seen_by_clip(dice, drawn.vectors) if kind == CLIP else drawn.vectors
        found = find(vectors, RULES[kind]).strangers.keys()
        strangers = {at for at, is_other in enumerate(drawn.truth) if is_other}
        right, said, true = (
            right + len(found & strangers),
            said + len(found),
            true + len(strangers),
        )
        single, wrong = single + (not strangers), wrong + (not strangers and bool(found))
    return right / max(1, said), right / max(1, true), wrong, single


def _sets(dice: np.random.Generator, count: int, relatives: bool) -> Iterator[Drawn]:
    for number in range(count):
        photos = int(dice.integers(FEWEST, MOST_PHOTOS + 1))
        most = min(MOST_STRANGERS, (photos - 1) // 2)
        strangers = int(dice.integers(1, most + 1)) if number % 2 else 0
        yield _set(dice, photos, strangers, RELATIVE if relatives else 0.0)


def _set(dice: np.random.Generator, photos: int, strangers: int, alike: float) -> Drawn:
    """In half of the sets all strangers are the same one."""
    person = _direction(dice)
    one, is_one = _beside(dice, person, alike), dice.random() < 0.5
    others = [one if is_one else _beside(dice, person, alike) for _ in range(strangers)]
    means = [*others, *[person] * (photos - strangers)]
    vectors = np.stack([_beside(dice, mean, _clearness(dice)) for mean in means])
    return Drawn(vectors, tuple(number < strangers for number in range(photos)))


def _clearness(dice: np.random.Generator) -> float:
    return float(dice.uniform(*(POOR if dice.random() < POOR_SHARE else CLEAR)))


def _direction(dice: np.random.Generator) -> Floats:
    return _unit(dice.standard_normal(NUMBERS))


def _beside(dice: np.random.Generator, mean: Floats, cosine: float) -> Floats:
    """A vector at that cosine to ``mean``, in any direction."""
    aside = dice.standard_normal(NUMBERS)
    aside = _unit(aside - (aside @ mean) * mean)
    vector: Floats = cosine * mean + np.sqrt(1 - cosine**2) * aside
    return vector


def _seen_by_clip(dice: np.random.Generator, vectors: Floats) -> Floats:
    both: Floats = np.sqrt(COMMON) * _direction(dice) + np.sqrt(1 - COMMON) * vectors
    return both


def _unit(vector: Floats) -> Floats:
    unit: Floats = vector / np.linalg.norm(vector)
    return unit
