"""The plan of an epoch."""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path
from typing import Any

from sd_scripts_bridge.engines.embedded.data.batches import BatchOrder, vary_caption
from sd_scripts_bridge.engines.embedded.data.subsets import SubsetPicture
from sd_scripts_bridge.options.params import TrainingParams

SQUARE, UPRIGHT = (64, 64), (64, 128)


def plan(**params: Any) -> BatchOrder:
    pictures = [
        SubsetPicture(Path(f"{n}.png"), f"Ada, tag {n}, photo", 3, False, True) for n in range(5)
    ]
    return BatchOrder(
        TrainingParams(**params), pictures, [SQUARE, SQUARE, SQUARE, UPRIGHT, UPRIGHT]
    )


def test_an_epoch_shows_every_picture_as_often_as_its_folder_says() -> None:
    batches = plan(train_batch_size=2).epoch(0)

    assert Counter(item.picture for batch in batches for item in batch.items) == dict.fromkeys(
        range(5), 3
    )


def test_a_batch_holds_one_bucket_and_the_last_of_a_bucket_may_be_short() -> None:
    one = plan(train_batch_size=2)

    sizes: dict[Any, list[int]] = {SQUARE: [], UPRIGHT: []}
    for batch in one.epoch(0):
        assert all((item.picture >= 3) == (batch.bucket == UPRIGHT) for item in batch.items)
        sizes[batch.bucket].append(len(batch.items))
    assert sorted(sizes[SQUARE]) == [1, 2, 2, 2, 2]
    assert sizes[UPRIGHT] == [2, 2, 2]
    assert one.batches_per_epoch == 8


def test_the_same_seed_and_epoch_give_the_same_batches() -> None:
    assert plan(seed=1).epoch(2) == plan(seed=1).epoch(2)
    assert plan(seed=1).epoch(2) != plan(seed=1).epoch(3)
    assert plan(seed=1).epoch(2) != plan(seed=2).epoch(2)


def test_steps_of_an_epoch_gather_batches() -> None:
    assert plan(gradient_accumulation_steps=4).steps_per_epoch == 4  # 15 batches: 4 + 4 + 4 + 3


def test_mirrored_pictures_only_where_asked() -> None:
    assert not any(item.flipped for batch in plan().epoch(0) for item in batch.items)
    flips = [item.flipped for batch in plan(flip_aug=True).epoch(0) for item in batch.items]
    assert True in flips
    assert False in flips


def test_a_mixed_caption_keeps_its_first_parts() -> None:
    params = TrainingParams(shuffle_caption=True, keep_tokens=2)
    seen = {vary_caption("Ada woman,photo , a, b,c", params, random.Random(n)) for n in range(40)}

    assert all(caption.startswith("Ada woman, photo, ") for caption in seen)
    assert {caption.removeprefix("Ada woman, photo, ") for caption in seen} == {
        "a, b, c",
        "a, c, b",
        "b, a, c",
        "b, c, a",
        "c, a, b",
        "c, b, a",
    }


def test_dropped_captions_come_as_often_as_asked() -> None:
    dice = random.Random(0)
    dropped = sum(
        vary_caption("Ada", TrainingParams(caption_dropout_rate=0.3), dice) == ""
        for _ in range(2000)
    )

    assert 540 < dropped < 660


def test_an_unchanged_caption_stays_as_it_is_written() -> None:
    assert vary_caption("Ada ,  photo", TrainingParams(), random.Random(0)) == "Ada ,  photo"
