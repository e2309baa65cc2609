"""A run that spills into system memory is told; a healthy one never, whatever slows it."""

from __future__ import annotations

import random
from collections.abc import Iterator
from itertools import chain

import pytest

from sd_scripts_bridge.jobs.events import Progress
from sd_scripts_bridge.options.memory.remedy import remedy
from sd_scripts_bridge.options.params import TrainingParams
from sd_scripts_bridge.outcome.spill import SpillWatch
from sd_scripts_bridge.system.gpu_memory import Memory

TOTAL = 8 << 30
FULL, ROOMY = Memory(TOTAL // 100, TOTAL, "GPU"), Memory(TOTAL // 5, TOTAL, "GPU")
Log = Iterator[tuple[float, int]]


def log(dice: random.Random, spills_from: float | None) -> Log:
    """Progress of 400 steps as a trainer tells it: compiled at first, unsteady, with saves, sample
    pictures, readings that come late, and half of the runs beside other work on the GPU; from
    ``spills_from`` (a part of the run) on each step takes 6 to 30 times as long.
    """
    usual, slower = dice.uniform(0.1, 3.0), dice.uniform(6, 30)
    save, sample = dice.choice((25, 50, 100)), dice.choice((0, 50, 100))
    busy = range(*sorted(dice.sample(range(400), 2))) if dice.random() < 0.5 else range(0)
    now = 0.0
    for step in range(1, 401):
        seconds = usual * dice.lognormvariate(0, 0.15)
        seconds *= dice.uniform(1.5, 3.5) if step in busy else 1
        seconds += dice.uniform(5, 40) if step <= 2 else 0
        seconds += dice.uniform(0.5, 15) if step % save == 0 else 0
        seconds += dice.uniform(5, 120) if sample and step % sample == 0 else 0
        spilled = spills_from is not None and step > spills_from * 400
        now += seconds * (slower if spilled else 1)
        if dice.random() < 0.9:
            yield now, step


def told(watch: SpillWatch, entries: Log) -> list[str]:
    found = (watch.add(now, Progress(step, 400)) for now, step in entries)
    return [str(one) for one in found if one is not None]


@pytest.mark.parametrize("seed", range(10))
def test_a_run_that_begins_to_spill_is_told_once(seed: int) -> None:
    dice = random.Random(seed)
    said = told(SpillWatch(TrainingParams(), lambda: FULL), log(dice, dice.uniform(0.1, 0.9)))
    assert len(said) == 1 and "it spills into system memory. Take gradient_check" in said[0]


@pytest.mark.parametrize("seed", range(10))
def test_one_that_spills_from_the_start_is_told_beside_an_earlier_run(seed: int) -> None:
    entries = list(log(random.Random(seed), 0.0))
    healthy = list(log(random.Random(seed), None))
    usual = (healthy[-1][0] - healthy[0][0]) / (healthy[-1][1] - healthy[0][1])
    assert len(told(SpillWatch(TrainingParams(), lambda: FULL, usual), iter(entries))) == 1


REPORTED = (
    ("NVIDIA GeForce RTX 3060", 73.0),
    ("NVIDIA GeForce RTX 3070 Laptop GPU", 140.0),
    ("NVIDIA GeForce RTX 2060", 40.0),
    ("NVIDIA GeForce RTX 4060 Ti", 333.08),
    ("NVIDIA GeForce GTX 1070", 110.0),
)
"""Seconds a step of SDXL at 1024, as people have posted them of runs that spilled."""
SDXL = TrainingParams(resolution="1024,1024", gradient_checkpointing=True, train_batch_size=1)


@pytest.mark.parametrize(("gpu", "seconds"), REPORTED)
def test_the_first_run_of_all_is_told_when_it_spills_from_the_start(
    gpu: str, seconds: float
) -> None:
    watch = SpillWatch(SDXL, lambda: FULL._replace(name=gpu), family="sdxl")
    steps = [(seconds * step, step) for step in range(1, 12)]
    said = told(watch, iter(steps))
    assert len(said) == 1 and f"takes {seconds:.3g} s where" in said[0]
    assert told(SpillWatch(SDXL, lambda: ROOMY, family="sdxl"), iter(steps)) == []
    assert told(SpillWatch(SDXL, lambda: FULL, family=""), iter(steps)) == [], "on the processor"
    soon = SpillWatch(SDXL, lambda: FULL._replace(name=gpu), family="sdxl")
    assert told(soon, iter(steps[:5])), "within minutes"


@pytest.mark.parametrize(
    ("gpu", "seconds"),
    [
        ("NVIDIA GeForce RTX 3060", 2.8),
        ("NVIDIA GeForce RTX 2060", 9.0),
        ("NVIDIA GeForce RTX 3050 Laptop GPU", 15.0),
        ("NVIDIA GeForce GTX 1080", 30.0),
        ("Tesla P40", 25.0),
    ],
)
def test_a_slow_gpu_is_slow_and_not_spilling(gpu: str, seconds: float) -> None:
    watch = SpillWatch(SDXL, lambda: FULL._replace(name=gpu), family="sdxl")
    assert told(watch, iter([(seconds * step, step) for step in range(1, 60)])) == []


def test_a_small_step_may_be_slow_for_reasons_of_its_own() -> None:
    """SD 1.5 at 512 on a laptop whose photos are encoded again in each step."""
    full = FULL._replace(name="NVIDIA GeForce RTX 2060 with Max-Q Design")
    for seconds, is_told in ((1.9, False), (4.0, False), (15.0, True)):
        watch = SpillWatch(TrainingParams(), lambda: full, family="sd1")
        steps = iter([(seconds * step, step) for step in range(1, 40)])
        assert bool(told(watch, steps)) is is_told


def test_no_healthy_run_is_told_even_where_the_gpu_is_full() -> None:
    runs = (
        told(SpillWatch(TrainingParams(), lambda: FULL), log(random.Random(seed), None))
        for seed in range(100, 300)
    )
    assert list(chain.from_iterable(runs)) == []


def test_a_slow_run_with_room_left_is_slow_for_another_reason() -> None:
    assert told(SpillWatch(TrainingParams(), lambda: ROOMY), log(random.Random(1), 0.5)) == []
    assert told(SpillWatch(TrainingParams(), lambda: None), log(random.Random(1), 0.5)) == []


def test_an_attempt_that_starts_anew_is_no_step_backwards() -> None:
    watch = SpillWatch(TrainingParams(), lambda: FULL)
    assert told(watch, iter([(0.0, 300), (9.0, 301), (500.0, 1), (501.0, 2)])) == []


def test_the_remedy_is_what_is_still_left_to_take() -> None:
    values: dict[str, object] = {}
    for option, said in (
        ({"train_batch_size": 4}, "gradient_checkpointing=true"),
        ({"gradient_checkpointing": True}, "train_batch_size=2"),
        ({"train_batch_size": 1}, "network_train_unet_only=true"),
        ({"network_train_unet_only": True}, "smaller resolution than 512"),
    ):
        values |= option
        assert said in str(remedy(TrainingParams().with_values(values)))
