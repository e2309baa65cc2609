"""A failed run whose cure is known: the changed job that goes on from the last state, and what was
changed, in words.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from ...jobs.job import TrainingJob
from ...messages import Message
from ...options.families import FAMILIES
from ...options.params import TrainingParams

MOST_HEALINGS = 3
SMALLEST_SIDE = 256
SIDE_STEP = 64


@dataclass(frozen=True)
class Cure:
    """What to train instead, and the sentence for the report.

    ``fresh``: no saved state fits any more; ``older``: the newest one doesn't.
    """

    job: TrainingJob
    sentence: str
    fresh: bool = False
    older: bool = False


def cure(job: TrainingJob, kind: str, is_refused: Callable[[TrainingJob], object]) -> Cure | None:
    """The next thing to try for a failure of this ``kind`` (see `explain`), or None: nobody can
    know.

    What the engine refuses (``is_refused``) is passed over.
    """
    if len(job.healed) >= MOST_HEALINGS and kind != "state":
        return None  # a damaged state is removed each time, so that ends by itself
    found = next((cure for cure in _cures(job, kind) if not is_refused(cure.job)), None)
    return found and replace(found, job=found.job.evolve(healed=(*job.healed, found.sentence)))


def _cures(job: TrainingJob, kind: str) -> Iterator[Cure]:
    if kind == "gpu-memory":
        yield from _less_memory(job)
    elif kind == "nan":
        yield _steadier(job)
    elif kind == "cache":
        yield Cure(
            job,
            Message(
                "heal.cache_encoded_pictures_damaged",
                "The cache of encoded pictures was damaged: it is rebuilt.",
            ),
        )
    elif kind == "state":
        yield Cure(
            job,
            Message(
                "heal.newest_saved_state_cant",
                "The newest saved state can't be read: the one before is used.",
            ),
            older=True,
        )


def _less_memory(job: TrainingJob) -> Iterator[Cure]:
    """The rungs of the ladder: first what costs only time, last what changes the result."""
    params = job.params
    if not params.gradient_checkpointing:
        yield _changed(
            job,
            Message("heal.gradient_checkpointing_now", "gradient checkpointing is on now"),
            gradient_checkpointing=True,
        )
    if params.train_batch_size > 1:
        yield _one_by_one(job)
    if _may_cache_captions(job):
        yield _changed(
            job,
            Message("heal.captions_encoded_once_now", "captions are encoded once now"),
            cache_text_encoder_outputs=True,
        )
    if params.optimizer_type == "AdamW":
        yield _changed(
            job,
            Message("heal.optimizer_keeps_bit_numbers", "the optimizer keeps 8-bit numbers now"),
            fresh=True,
            optimizer_type="AdamW8bit",
        )
    yield from _smaller(job, params)


def _one_by_one(job: TrainingJob) -> Cure:
    together = job.params.train_batch_size * job.params.gradient_accumulation_steps
    text = "one picture at a time now, {together} gathered for each step"
    return _changed(
        job,
        Message("heal.picture_time_now_gathered", text, together=together),
        fresh=True,
        train_batch_size=1,
        gradient_accumulation_steps=together,
    )


def _may_cache_captions(job: TrainingJob) -> bool:
    params = job.params
    return (
        FAMILIES[job.family].caches_captions
        and params.network_train_unet_only
        and not params.cache_text_encoder_outputs
        and not params.shuffle_caption
        and not params.caption_dropout_rate
    )


def _smaller(job: TrainingJob, params: TrainingParams) -> Iterator[Cure]:
    width, height = (
        max(SMALLEST_SIDE, side * 3 // 4 // SIDE_STEP * SIDE_STEP) for side in params.area
    )
    if (width, height) != params.area and min(params.area) > SMALLEST_SIDE:
        yield _changed(
            job,
            Message(
                "heal.instead_pixels_now",
                "{width} x {height} instead of {resolution} pixels now",
                width=width,
                height=height,
                resolution=params.resolution,
            ),
            resolution=f"{width},{height}",
        )


def _steadier(job: TrainingJob) -> Cure:
    params = job.params
    if params.mixed_precision == "fp16":
        return Cure(
            job.evolve(params=params.with_values({"mixed_precision": "bf16"})),
            Message("heal.loss_became_nan_bf", "The loss became NaN: bf16 instead of fp16 now."),
            older=True,
        )
    rates = {
        name: rate / 2
        for name in ("learning_rate", "unet_lr", "text_encoder_lr")
        if (rate := getattr(params, name))
    }
    return Cure(
        job.evolve(params=params.with_values(rates)),
        Message("heal.loss_became_nan_half", "The loss became NaN: half the learning rate now."),
        older=True,
    )


def _changed(job: TrainingJob, words: str, fresh: bool = False, **values: object) -> Cure:
    return Cure(
        job.evolve(params=job.params.with_values(values)),
        Message("heal.gpu_ran_memory", "The GPU ran out of memory: {words}.", words=words),
        fresh,
    )
