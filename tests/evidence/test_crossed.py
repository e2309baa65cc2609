"""Several trainings' curves as one: every photo counts once, and a bump of one training is no
minimum.
"""

from __future__ import annotations

import random
from pathlib import Path

from sd_scripts_bridge.evidence import measured
from sd_scripts_bridge.evidence.crossed import crossed, smoothed
from sd_scripts_bridge.evidence.curve import curve
from sd_scripts_bridge.evidence.measured import MeasuredStep
from sd_scripts_bridge.evidence.recommendation import recommend

SAVES, BEST = 8, 4


def fold(number: int, dice: random.Random) -> list[MeasuredStep]:
    """Two photos of a training whose true curve is a valley with bumps of its own, at steps of its
    own.
    """
    bumps = [dice.gauss(0, 0.004) for _ in range(SAVES + 1)]
    hard = [[dice.uniform(0.05, 0.2) for _ in range(32)] for _ in range(2)]
    return [
        MeasuredStep(
            7 * save,
            {
                f"{number}/{photo}": tuple(
                    level + 0.001 * (save - BEST) ** 2 + bumps[save] + dice.gauss(0, 0.001)
                    for level in levels
                )
                for photo, levels in enumerate(hard)
            },
            training={},
        )
        for save in range(SAVES + 1)
    ]


def test_five_trainings_say_together_what_one_cant() -> None:
    steps, alone, together = [10 * save for save in range(SAVES + 1)], 0, 0
    for seed in range(20):
        folds = [fold(number, random.Random(f"{seed}/{number}")) for number in range(5)]
        found = crossed(folds, steps)
        assert [step.step for step in found] == steps
        assert all(len(step.held_out) == 10 and not step.training for step in found)
        said = recommend(curve(found)).step
        together += said is not None and abs(said - 10 * BEST) <= 10
        first = recommend(curve(folds[0])).step
        alone += first is not None and abs(first - 7 * BEST) <= 7
    assert together == 20 and alone < together


def test_what_was_found_in_turn_is_kept_as_that(tmp_path: Path) -> None:
    found = crossed([fold(1, random.Random(1)), fold(2, random.Random(2))], range(SAVES + 1))
    for step in (found[0], fold(3, random.Random(3))[1]):
        measured.write(tmp_path, step)
    assert [step.in_turn for step in measured.read(tmp_path)] == [True, False]


def test_smoothing_leaves_a_straight_line_and_takes_a_zigzag_off() -> None:
    line = [(float(save), 2.0 * save) for save in range(6)]
    assert smoothed(line) == line
    zigzag = [(5 + 0.1 * (-1) ** save,) for save in range(6)]
    assert max(abs(value - 5) for (value,) in smoothed(zigzag)[1:-1]) < 0.06
    assert smoothed([(1.0,)]) == [(1.0,)]
