"""Someone else among a person's photos: the rule, on vectors whose truth is known."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.same_person import scores
from sd_scripts_bridge.likeness.statistics import Floats
from sd_scripts_bridge.likeness.strangers import RULES, find
from sd_scripts_bridge.likeness.yardstick import ARCFACE, CLIP


@pytest.mark.parametrize("relatives", [False, True])
def test_strangers_are_found_and_nobody_else(relatives: bool) -> None:
    precision, recall, wrong, _ = scores(ARCFACE, 200, 5, relatives=relatives)
    assert precision >= 0.95 and recall >= 0.95 and wrong == 0


def test_clips_high_cosines_raise_few_false_alarms() -> None:
    precision, recall, wrong, single = scores(CLIP, 200, 5, relatives=False)
    assert precision >= 0.9 and recall >= 0.85 and wrong <= 0.06 * single


def vectors(person: int, stranger: int) -> Floats:
    """Nearly the first axis, so many times, and nearly the second."""
    dice = np.random.default_rng(0)
    means = np.eye(8)[[0] * person + [1] * stranger]
    return np.asarray(means + 0.1 * dice.standard_normal(means.shape))


def test_one_who_looks_like_nobody_is_told_beside_what_the_others_have() -> None:
    found = find(vectors(7, 1), RULES[ARCFACE])
    assert [*found.strangers] == [7]
    one = found.strangers[7]
    assert one.own < 0.3 < 0.8 < one.low < one.high <= 1
    assert one.reason == (
        f"looks like someone else: {one.own:.2f} beside {one.low:.2f} to {one.high:.2f} "
        "among the others"
    )


def test_several_photos_of_one_stranger_dont_hide_each_other() -> None:
    assert [*find(vectors(6, 4), RULES[ARCFACE]).strangers] == [6, 7, 8, 9]


def test_people_who_have_nothing_in_common_are_no_ones_photos() -> None:
    found = find(np.eye(8), RULES[ARCFACE])
    assert found.mean < RULES[ARCFACE].apart
