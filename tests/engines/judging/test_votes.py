"""Blind votes and what they add up to."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from sd_scripts_bridge.engines.judging.grid import Cell
from sd_scripts_bridge.engines.judging.votes import Vote, add, pair, read, standings, wilson
from tests.engines.judging.test_grid import GRID


def test_the_interval_is_wilsons() -> None:
    assert wilson(0, 0) == (0.0, 1.0)
    low, high = wilson(9, 10)
    assert [low, high] == pytest.approx([0.5958, 0.9821], abs=1e-4)
    assert wilson(0, 10)[0] == 0 and wilson(10, 10)[1] == pytest.approx(1)


def test_it_covers_the_truth_about_95_times_in_100() -> None:
    dice = random.Random(1)
    covered = 0
    for _ in range(4000):
        share = dice.uniform(0.05, 0.95)
        wins = sum(dice.random() < share for _ in range(40))
        low, high = wilson(wins, 40)
        covered += low <= share <= high
    assert 0.935 < covered / 4000 < 0.965


def test_votes_are_kept_and_counted_a_tie_as_half(tmp_path: Path) -> None:
    file = tmp_path / "grid" / "votes.jsonl"
    for vote in (
        Vote((10, 0.8), (20, 0.8), (20, 0.8)),
        Vote((20, 0.8), (30, 0.8), (20, 0.8)),
        Vote((10, 0.8), (30, 0.8), None),
    ):
        add(file, vote)
    with file.open("a", encoding="utf-8") as more:
        more.write("[not a vote\n")

    found = standings(read(file))

    assert [(one.step, one.votes, one.wins) for one in found] == [
        (20, 2, 2),
        (10, 2, 0.5),
        (30, 2, 0.5),
    ]
    assert found[0].low > found[1].low


def test_a_pair_shows_one_prompt_and_what_was_voted_on_least() -> None:
    voted = [Vote((10, 0.6), (20, 0.6), None)] * 3
    cells = [
        Cell(10, 0.6, 0),
        Cell(20, 0.6, 0),
        Cell(30, 0.6, 0),
        Cell(30, 1.0, 0),
        Cell(None, 0, 0),
    ]
    for seed in range(20):
        found = pair(GRID, cells, voted, seed)
        assert found is not None
        assert {cell.step for cell in found} == {30}
    assert pair(GRID, cells[:1], [], 0) is None
