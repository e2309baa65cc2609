"""What each step trains on: a plan for one epoch, the same for the same seed and epoch."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass

from ....options.params import TrainingParams
from .subsets import SubsetPicture


@dataclass(frozen=True)
class Item:
    """One picture of a batch: which, whether mirrored, and its caption as this step sees it."""

    picture: int
    flipped: bool
    caption: str


@dataclass(frozen=True)
class Batch:
    """Pictures of one bucket."""

    bucket: tuple[int, int]
    items: tuple[Item, ...]


class BatchOrder:
    """The batches of every epoch.

    Nothing is remembered, so a resumed run sees what an unbroken one would see.
    """

    def __init__(
        self,
        params: TrainingParams,
        pictures: Sequence[SubsetPicture],
        buckets: Sequence[tuple[int, int]],
    ) -> None:
        self.params, self.pictures = params, pictures
        self.members: dict[tuple[int, int], list[int]] = {}
        for index, (picture, bucket) in enumerate(zip(pictures, buckets, strict=True)):
            self.members.setdefault(bucket, []).extend([index] * picture.repeats)

    @property
    def batches_per_epoch(self) -> int:
        return sum(
            math.ceil(len(members) / self.params.train_batch_size)
            for members in self.members.values()
        )

    @property
    def steps_per_epoch(self) -> int:
        """Optimizer steps; the last one of an epoch may gather fewer batches."""
        return math.ceil(self.batches_per_epoch / self.params.gradient_accumulation_steps)

    def epoch(self, number: int) -> list[Batch]:
        """Shuffled batches, each of one bucket; a bucket's last batch may be short."""
        dice = random.Random(f"{self.params.seed}/{number}")  # noqa: S311 (no secret, but repeatable)
        size = self.params.train_batch_size
        batches = []
        for bucket in sorted(self.members):
            members = list(self.members[bucket])
            dice.shuffle(members)
            for start in range(0, len(members), size):
                batches.append(
                    Batch(bucket, tuple(self._item(i, dice) for i in members[start : start + size]))
                )
        dice.shuffle(batches)
        return batches

    def _item(self, picture: int, dice: random.Random) -> Item:
        flipped = self.params.flip_aug and dice.random() < 0.5
        return Item(
            picture, flipped, vary_caption(self.pictures[picture].caption, self.params, dice)
        )


def vary_caption(caption: str, params: TrainingParams, dice: random.Random) -> str:
    """The caption for one showing: dropped, or mixed behind its first ``keep_tokens`` parts, or as
    it is.
    """
    if params.caption_dropout_rate > 0 and dice.random() < params.caption_dropout_rate:
        return ""
    if not params.shuffle_caption:
        return caption
    parts = [part.strip() for part in caption.split(",")]
    fixed, loose = parts[: params.keep_tokens], parts[params.keep_tokens :]
    dice.shuffle(loose)
    return ", ".join(fixed + loose)
