"""The recommended step on simulated curves, whose truth is known: found, usable, or can't tell."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from sd_scripts_bridge.evidence import recommendation
from sd_scripts_bridge.evidence.curve import CurvePoint, curve
from sd_scripts_bridge.evidence.measured import MeasuredStep, read, write

STEPS = tuple(range(100, 1001, 100))
DRAWS = 32
PHOTO_SHARE = 0.2
"""Of the variance of a draw's difference between two saves, so much belongs to the photo."""


def simulated(
    losses: Sequence[float], seed: int, photos: int = 1, noise: float = 0.05
) -> list[CurvePoint]:
    """Saves whose true losses are ``losses``. What a draw and what a photo has for itself grows as
    the LoRA moves on (a random walk), in the shares that trainings show.
    """
    dice = random.Random(seed)
    hardness = [dice.uniform(0.2, 3.0) for _ in range(photos * DRAWS)]
    own, of_photo = [0.0] * len(hardness), [0.0] * photos
    steps = list[MeasuredStep]()
    for step, loss in zip(STEPS, losses, strict=False):
        walk = noise * losses[0]
        of_photo = [gap + dice.gauss(0, walk * PHOTO_SHARE**0.5) for gap in of_photo]
        own = [gap + dice.gauss(0, walk * (1 - PHOTO_SHARE) ** 0.5) for gap in own]
        draws = [loss * hardness[n] + own[n] + of_photo[n // DRAWS] for n in range(len(hardness))]
        scale = loss / (sum(loss * hard for hard in hardness) / len(hardness))
        held = {
            str(photo): tuple(draw * scale for draw in draws[photo * DRAWS : (photo + 1) * DRAWS])
            for photo in range(photos)
        }
        steps.append(MeasuredStep(step, held, {"t": (loss * 0.8,)}))
    return curve(steps)


def u_shaped(best: int, left: float, right: float) -> list[float]:
    """Losses that fall to the save ``best`` and rise behind it, by these shares a save."""
    return [0.1 * (1 + (left * (best - n) if n < best else right * (n - best))) for n in range(10)]


@settings(max_examples=25)
@given(st.integers(2, 7), st.integers(0, 10_000))
def test_a_clear_optimum_is_found_within_one_save(best: int, seed: int) -> None:
    said = recommendation.recommend(
        simulated(u_shaped(best, 0.15, 0.15), seed, photos=2, noise=0.02)
    )
    assert said.step is not None and said.sure and said.usable is not None
    assert abs(STEPS.index(said.step) - best) <= 1
    assert said.usable[0] <= said.step <= said.usable[1]


def test_where_no_save_is_better_than_the_base_none_is_recommended() -> None:
    rising = simulated([0.1 * (1 + 0.3 * n) for n in range(8)], seed=1, photos=3, noise=0.01)
    told = recommendation.recommend(rising)
    assert told.step == STEPS[0] and told.sure, "it rises from the first save on"
    valley = simulated(u_shaped(3, 0.2, 0.2), seed=1, photos=3, noise=0.01)
    for points, best in ((rising, STEPS[0]), (valley, STEPS[3])):
        for base in (0.08, 0.2):
            start = replace(points[0], step=0, held_out=base)
            said = recommendation.recommend([start, *points])
            assert (said.step, said.sure) == ((None, False) if base < 0.1 else (best, True))
            assert ("than the base without the LoRA (0.0800)" in said.reason) is (base < 0.1)
            assert f"tep {best}" in said.reason


def test_a_guess_says_what_would_make_it_surer() -> None:
    """More held-out photos; where each was held out in turn, a look; at the last save, steps."""
    advice = {True: set[bool](), False: set[bool]()}
    for seed in range(30):
        few = simulated([0.1 - 0.001 * n for n in range(7)], seed)
        for points in (few, [replace(point, in_turn=True) for point in few]):
            said = recommendation.recommend(points)
            if said.step is None or said.sure:
                continue
            is_last, in_turn = said.step == few[-1].step, points is not few
            assert ("Train more steps" in said.reason) is is_last
            assert ("Look at the saves beside it" in said.reason) is (in_turn and not is_last)
            assert ("--held-out" in said.reason) is (not in_turn and not is_last)
            advice[in_turn].add(is_last)
    assert advice == {True: {True, False}, False: {True, False}}, "all of them were seen"


def test_what_other_trainings_say_is_never_sure() -> None:
    points = simulated(u_shaped(3, 0.2, 0.2), seed=1, photos=3, noise=0.01)
    assert recommendation.recommend(points).sure
    said = recommendation.recommend([replace(point, in_turn=True) for point in points])
    assert (said.step, said.sure, said.usable) == (STEPS[3], False, None)


def test_saves_that_are_alike_are_told_apart_for_sure_by_mistake_only() -> None:
    """Each photo drifts for itself; at most one in ten such runs may be taken for a real one, and
    only few get so much as a guess.
    """
    said = [recommendation.recommend(simulated([0.1] * 10, seed)) for seed in range(80)]
    assert sum(one.sure for one in said) <= 8
    assert sum(one.step is not None for one in said) <= 20
    assert all("alike" in one.reason for one in said if one.step is None)


@settings(max_examples=25)
@given(st.integers(1, 5), st.integers(0, 10_000))
def test_what_is_much_worse_is_not_usable(best: int, seed: int) -> None:
    points = simulated(u_shaped(best, 0.2, 0.3), seed, photos=2, noise=0.02)
    said = recommendation.recommend(points)
    assert said.usable is not None and said.usable[1] < STEPS[-1]
    assert "learnt by heart" in said.reason


def test_a_guess_says_that_it_is_one_and_names_no_range() -> None:
    """One photo of a run that five photos tell for sure."""
    losses = u_shaped(3, 0.03, 0.03)
    few, many = (
        [recommendation.recommend(simulated(losses, seed, photos)) for seed in range(20)]
        for photos in (1, 5)
    )
    guesses = [one for one in few if one.step is not None and not one.sure]
    assert len(guesses) > sum(not one.sure for one in many)
    assert all(one.usable is None and "Can't tell for sure" in one.reason for one in guesses)


def test_a_loss_that_still_falls_recommends_the_last_save_and_says_so() -> None:
    said = recommendation.recommend(simulated([0.1 - 0.005 * n for n in range(10)], 1, noise=0.01))
    assert said.step == STEPS[-1] and "more steps may be better" in said.reason


def test_step_0_is_no_save() -> None:
    points = simulated([0.25, 0.2, 0.1, 0.3], 3, photos=2, noise=0.01)
    said = recommendation.recommend([replace(points[0], step=0), *points[1:]])
    assert said.step == STEPS[2]


def test_too_few_saves() -> None:
    assert recommendation.recommend([]).step is None
    one = recommendation.recommend(simulated([0.1], 1))
    assert one.step is None and not one.sure and "one save was measured" in one.reason


def test_more_draws_on_one_photo_hardly_help_and_more_photos_do() -> None:
    losses = [0.1, 0.1]
    one, three = (simulated(losses, 5, photos)[0].error for photos in (1, 3))
    assert three < 0.8 * one


def test_enough_ends_at_the_first_save_that_is_worse_and_names_the_best() -> None:
    points = simulated(u_shaped(2, 0.2, 0.2), 4, photos=2, noise=0.01)
    ends = [recommendation.enough(points[: count + 1]) for count in range(10)]
    first = next(number for number, reason in enumerate(ends) if reason is not None)
    assert first in (3, 4), "right behind the best"
    said = str(ends[first])
    assert "lowest at step 300" in said and "publish step 300" in said
    assert recommendation.enough(simulated([0.1] * 10, 4, noise=0.001)) is None


def test_what_is_measured_is_kept_and_damage_counts_as_not_measured(tmp_path: Path) -> None:
    step = MeasuredStep(150, {"a": (0.1, 0.2)}, {"b": (0.3, 0.4)})
    write(tmp_path, step)
    (tmp_path / "00000300.json").write_text('{"version": 1, "step": 300, "held_out": {"a": [0.1,')
    (tmp_path / "00000450.json").write_text(
        '{"version": 1, "step": 450, "held_out": {"a": [NaN]}, "training": {}}'
    )
    assert read(tmp_path) == [step]
