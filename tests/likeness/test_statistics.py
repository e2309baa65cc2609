"""The arithmetic of likeness, against populations whose truth is known."""

from __future__ import annotations

from statistics import NormalDist

import numpy as np
import pytest

from sd_scripts_bridge.likeness import statistics
from sd_scripts_bridge.likeness.statistics import Floats


def drawn(count: int, spread: float, rng: np.random.Generator, size: int = 64) -> Floats:
    """Vectors of one person: a direction with noise, of length 1."""
    vectors = np.eye(1, size)[0] + spread * rng.normal(size=(count, size)) / np.sqrt(size)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


@pytest.mark.parametrize("photos, spread", [(8, 0.8), (20, 1.0)])
def test_the_interval_covers_the_truth_in_93_to_97_of_100_sets(photos: int, spread: float) -> None:
    rng = np.random.default_rng(photos)
    many = drawn(4000, spread, rng)
    truth = float(((many @ many.T).sum() - len(many)) / (len(many) * (len(many) - 1)))
    sets = 1200
    inside = 0
    for number in range(sets):
        found = statistics.among(drawn(photos, spread, rng), seed=number)
        assert found.low is not None and found.high is not None
        inside += found.low <= truth <= found.high
    assert 0.93 <= inside / sets <= 0.97


def test_a_photo_is_never_compared_with_itself() -> None:
    axes = np.eye(9, 12)
    found = statistics.among(axes)
    assert (found.mean, found.low, found.high) == (0, 0, 0)
    assert statistics.among(np.repeat(axes[:1], 9, axis=0)).mean == pytest.approx(1)


def test_of_few_photos_no_interval_is_told() -> None:
    found = statistics.among(drawn(7, 1.0, np.random.default_rng(0)))
    assert found.low is None and found.high is None and 0 < found.mean < 1


def test_samples_of_the_same_person_are_as_like_as_the_photos() -> None:
    rng = np.random.default_rng(3)
    photos, same = drawn(300, 1.0, rng), drawn(300, 1.0, rng)
    other = np.roll(drawn(300, 1.0, rng), 5, axis=1)
    mean = statistics.among(photos).mean
    assert statistics.to_photos(same, photos) == pytest.approx(mean, abs=0.02)
    assert statistics.to_photos(other, photos) == pytest.approx(0, abs=0.05)


def test_variety_is_between_seeds_of_one_prompt() -> None:
    axes = np.eye(4)
    assert statistics.variety(axes[[0, 0, 1, 1]], [0, 0, 1, 1]) == 0
    assert statistics.variety(axes, [0, 0, 1, 1]) == 1
    assert statistics.variety(axes, [0, 1, 2, 3]) is None


def test_following_compares_each_with_its_own_prompt() -> None:
    axes = np.eye(3)
    assert statistics.following(axes, axes * 5) == pytest.approx(1)
    assert statistics.following(axes, np.roll(axes, 1, axis=0)) == 0


@pytest.mark.parametrize("freedom, table", [(7, 2.365), (9, 2.262), (19, 2.093), (60, 2.000)])
def test_students_t_is_the_tables(freedom: int, table: float) -> None:
    assert statistics._t(freedom) == pytest.approx(table, abs=0.002)
    assert statistics._t(10**6) == pytest.approx(NormalDist().inv_cdf(0.975), abs=1e-4)
